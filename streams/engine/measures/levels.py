"""Running totals: how many there are, how much there is."""

from collections.abc import Callable, Iterable

from schemas.measures import Level
from streams.engine.faults import PlanFault
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    State,
    make_measure,
    states_of,
)
from streams.engine.measures.histories import History, formula_of_states, level_of, merged, moves
from streams.engine.measures.stages import probabilities, stage_history

Read = Callable[[Seen], History]


def level(compiler: Compiler, spec: Level) -> Measure:
    """What the spec makes of the sum of the states, at each time in the slices of that time."""
    read = _amounts(compiler, spec)
    if spec.value is not None:
        read = _valued(read, spec.value)
    if spec.weighted:
        read = _weighted(compiler, read)
    if spec.during is not None:
        read = _while(compiler, read, spec.during)
    if spec.until:
        read = _until(compiler, read, spec.until)

    def contribute(seen: Seen) -> Iterable[Contribution]:
        states = read(seen)
        if not states:
            return ()
        return (*moves(compiler.name, level_of(states)), compiler.total(seen, states[-1].value))

    return make_measure(compiler, "level", spec, contribute, functions=("start", "end"))


def _amounts(compiler: Compiler, spec: Level) -> Read:
    name, key = spec.level, spec.key
    compiler.transition(name, "level")
    if key is None:
        return lambda seen: seen.states(name)
    if all(transition.key is None for transition in compiler.plan.subject.transitions[name]):
        raise PlanFault(f"the transition {name!r} has no `key` to tell states apart", "key")
    return lambda seen: states_of(seen, name, key)


def _valued(read: Read, text: str) -> Read:
    formula = formula_of_states(text, ["now"], "value")
    if formula(0):
        raise PlanFault(f"{text!r} is not 0 at 0: who is in no state cannot count", "value")
    return lambda seen: [
        State(state.time_ms, formula(state.value), state.members, None) for state in read(seen)
    ]


def _weighted(compiler: Compiler, read: Read) -> Read:
    """Times the probability of the stage, rounded down; 0 before any stage."""
    ratios = [(0, 1), *(chance.as_integer_ratio() for chance in probabilities(compiler, "weighted"))]

    def weigh(amount: int, place: int) -> int:
        numerator, denominator = ratios[place]
        return amount * numerator // denominator

    return _together(read, stage_history, weigh)


def _while(compiler: Compiler, read: Read, transition: str) -> Read:
    """0 while the state of another transition is 0."""
    compiler.transition(transition, "while")
    return _together(read, lambda seen: seen.states(transition), lambda now, gate: now if gate else 0)


def _together(read: Read, read_other: Read, combine: Callable[[int, int], int]) -> Read:
    def both(seen: Seen) -> History:
        states = read(seen)
        return states and merged(states, read_other(seen), combine)

    return both


def _until(compiler: Compiler, read: Read, moments: list[str]) -> Read:
    """0 from the first of some moments on."""
    ends = [compiler.times(name, "until", at) for at, name in enumerate(moments)]

    def ended(seen: Seen) -> History:
        states = read(seen)
        found = [times[0][0] for end in ends if (times := end(seen.row))]
        if not states or not found:
            return states
        end_ms = min(found)
        stood = [state for state in states if state.time_ms < end_ms]
        return stood and [*stood, State(end_ms, 0, seen.members(end_ms), None)]

    return ended
