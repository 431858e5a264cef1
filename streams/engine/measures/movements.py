"""How a level moves, subject by subject: who is new, who grows, who shrinks, who leaves, who returns."""

from collections.abc import Iterable
from functools import partial

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

Move = tuple[int, str, int]
"""(time_ms, which, by how much)."""


def movement(compiler: Compiler, spec: Movement) -> Measure:
    """The changes of one sort, each at its time as a positive amount; those at the same time are one.

    Beside each, in the part `name.n`, a 1.
    """
    name, which, counted = spec.movement, spec.which, f"{compiler.name}.n"
    compiler.transition(name, "movement")

    def contribute(seen: Seen) -> Iterable[Contribution]:
        moves = seen.once((name, "movements"), partial(_movements, seen, name))
        return [
            placed_at(seen, part, time_ms, number)
            for time_ms, moved, amount in moves
            if moved == which
            for part, number in ((compiler.name, amount), (counted, 1))
        ]

    return make_measure(compiler, "movement", spec, contribute, is_amount=True)


def _movements(seen: Seen, name: str) -> list[Move]:
    found: list[Move] = []
    before, was_ever = 0, False
    for state in instants(seen.states(name)):
        after = state.value
        if after != before and state.time_ms != NEVER:
            found.append((state.time_ms, _which(before, after, was_ever), abs(after - before)))
        before, was_ever = after, was_ever or after != 0
    return found


def _which(before: int, after: int, was_ever: bool) -> str:
    if not before:
        return "reactivated" if was_ever else "new"
    if not after:
        return "churned"
    return "expansion" if after > before else "contraction"
