"""Running totals: how many there are, how much there is."""

from collections.abc import Callable, Iterable, Sequence

from schemas.measures import Level
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    State,
    make_measure,
    value_of,
)


def level(compiler: Compiler, spec: Level) -> Measure:
    compiler.transition(spec.level, "level")

    def contribute(seen: Seen) -> Iterable[Contribution]:
        states = seen.states(spec.level)
        if not states:
            return ()
        return (*moves(compiler.name, states, value_of), compiler.total(seen, states[-1].value))

    return make_measure(compiler, "level", spec, contribute, functions=("start", "end"))


def moves(
    part: str, states: Sequence[State], value: Callable[[State], int], before: int = 0
) -> list[Contribution]:
    """What each state takes from the slices of the one before it and adds to its own."""
    moves: list[Contribution] = []
    members = states[0].members
    for state in states:
        after = value(state)
        if state.members == members:
            if after != before:
                moves.append((part, state.time_ms, members, after - before))
        else:
            moves += [(part, state.time_ms, members, -before), (part, state.time_ms, state.members, after)]
        before, members = after, state.members
    return moves
