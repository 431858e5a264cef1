"""What a subject was at which time: states in order of time, combined, and told as moves of a level.

A history may begin with a state at no time (`NEVER`): what the subject was before all that is known. It
belongs to no pane.
"""

import ast
from collections.abc import Callable, Sequence
from itertools import product
from typing import Final

from streams.engine.dimensions import Members
from streams.engine.expressions import compile_expression, parse
from streams.engine.facts import NEVER
from streams.engine.faults import PlanFault
from streams.engine.measures.base import Contribution, State

History = Sequence[State]
Standing = tuple[int, int, Members]
"""(time_ms, number, members): so much from that time on, in these slices."""

_TRIED: Final = (0, 3, 5)
"""States on which a formula is tried."""


def moves(part: str, level: Sequence[Standing], before: int = 0) -> list[Contribution]:
    """What each number takes from the slices of the one before it and adds to its own.

    `before`: the number until the first time, unless what was before stands there (at `NEVER`).
    """
    moves: list[Contribution] = []
    members = level[0][2]
    for time_ms, after, members_then in level:
        if time_ms == NEVER:
            pass
        elif members_then == members:
            if after != before:
                moves.append((part, time_ms, members, after - before))
        else:
            moves += [(part, time_ms, members, -before), (part, time_ms, members_then, after)]
        before, members = after, members_then
    return moves


def level_of(history: History) -> list[Standing]:
    """The states' values."""
    return [(state.time_ms, state.value, state.members) for state in history]


def merged(first: History, second: History, combine: Callable[[int, int], int]) -> list[State]:
    """At each time of either, what `combine` makes of both values as they are then; 0 until a first state."""
    firsts = {state.time_ms: state for state in first}
    seconds = {state.time_ms: state for state in second}
    states: list[State] = []
    one = other = 0
    for time_ms in sorted(firsts.keys() | seconds.keys()):
        if time_ms in firsts:
            last = firsts[time_ms]
            one = last.value
        if time_ms in seconds:
            last = seconds[time_ms]
            other = last.value
        states.append(State(time_ms, combine(one, other), last.members, None))
    return states


def instants(history: History) -> list[State]:
    """The last state of each time: what changes at once is one change."""
    return list({state.time_ms: state for state in history}.values())


def formula_of_states(text: str, arguments: Sequence[str], *at: str) -> Callable[..., int]:
    """A formula of states by name; PlanFault at `at` for one that may give no whole number (or yes or no).

    It is tried on a few states, and has no texts or fractions, so that no event can find out.
    """
    known = {name: name for name in arguments}
    try:
        formula = compile_expression(text, ", ".join(arguments), known)
        found = [formula(*states) for states in product(_TRIED, repeat=len(arguments))]
        if not (_has_whole_numbers(text) and all(isinstance(number, int) for number in found)):
            raise TypeError
    except TypeError:
        raise PlanFault(f"{text!r} does not give a whole number (or yes or no)", *at) from None
    except ValueError as error:
        raise PlanFault(str(error), *at) from None
    return compile_expression(f"({text}) + 0", ", ".join(arguments), known)  # a yes is 1


def _has_whole_numbers(text: str) -> bool:
    """Whether nothing else stands in it, but lists that something is looked for `in`."""
    tree = parse(text)
    sought = [side for node in ast.walk(tree) if isinstance(node, ast.Compare) for side in node.comparators]
    return all(
        isinstance(node.value, int) if isinstance(node, ast.Constant) else node in sought
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.Tuple | ast.List)
    )
