"""Subjects by the last time at which they did something."""

from collections.abc import Iterable

from schemas.measures import Distinct
from streams.engine.measures.base import Compiler, Contribution, Measure, Seen, make_measure


def distinct(compiler: Compiler, spec: Distinct) -> Measure:
    """+1 at the latest time, in the slices of now, so that each subject is in a window once or not at all."""
    read = compiler.times(spec.distinct, "distinct")
    holds = compiler.condition(spec.when)
    gate = spec.during
    if gate is not None:
        compiler.transition(gate, "while")

    def contribute(seen: Seen) -> Iterable[Contribution]:
        times = read(seen.row)
        if not times or not holds(seen.row):
            return ()
        if gate is not None and not seen.value(gate):
            return ()
        return ((compiler.name, times[-1][0], seen.members(None), 1),)

    return make_measure(compiler, "distinct", spec, contribute, only_now=True)
