"""How a level moves, subject by subject: who is new, who grows, who shrinks, who leaves, who returns."""

from collections.abc import Iterable

from schemas.measures import Movement
from streams.engine.facts import NEVER
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
    placed_at,
)
from streams.engine.measures.histories import instants


def movement(compiler: Compiler, spec: Movement) -> Measure:
    """The changes of one sort, each at its time as a positive amount; those at the same time are one."""
    compiler.transition(spec.movement, "movement")

    def contribute(seen: Seen) -> Iterable[Contribution]:
        found: list[Contribution] = []
        before, was_ever = 0, False
        for state in instants(seen.states(spec.movement)):
            after = state.value
            is_told = after != before and state.time_ms != NEVER
            if is_told and _which(before, after, was_ever) == spec.which:
                found.append(placed_at(seen, compiler.name, state.time_ms, abs(after - before)))
            before, was_ever = after, was_ever or after != 0
        return found

    return make_measure(compiler, "movement", spec, contribute, is_amount=True)


def _which(before: int, after: int, was_ever: bool) -> str:
    if not before:
        return "reactivated" if was_ever else "new"
    if not after:
        return "churned"
    return "expansion" if after > before else "contraction"
