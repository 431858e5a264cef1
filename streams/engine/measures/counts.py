"""Counts and sums: each subject once, at one of its times."""

from collections.abc import Callable, Iterable

from schemas.measures import Count, Provided, Sum
from schemas.words import span_ms
from streams.engine.facts import Row
from streams.engine.faults import PlanFault
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
    placed_at,
)
from streams.engine.moments import not_before


def count(compiler: Compiler, spec: Count) -> Measure:
    place = _place(compiler, spec)
    conditions = [_provided(compiler, provided, at) for at, provided in enumerate(spec.provided)]
    if spec.when is not None:
        conditions.insert(0, compiler.condition(spec.when))

    def contribute(seen: Seen) -> Iterable[Contribution]:
        placed_ms = place(seen.row)
        if placed_ms is None:
            return ()
        for condition in conditions:
            if not condition(seen.row):
                return ()
        return (placed_at(seen, compiler.name, placed_ms, 1),)

    return make_measure(compiler, "count", spec, contribute)


def _place(compiler: Compiler, spec: Count) -> Callable[[Row], int | None]:
    """Where n(x), n(x @ y) or n(x @ y within D) places its +1."""
    counted = compiler.times(spec.count, "count")
    anchor = compiler.times(spec.at, "at") if spec.at else counted
    within_ms = span_ms(spec.within) if spec.within else None
    if within_ms is not None and spec.at is None:
        raise PlanFault("`within` needs `at`: the step that the span begins with", "within")

    def place(row: Row) -> int | None:
        times, anchors = counted(row), anchor(row)
        if not times or not anchors:
            return None
        placed_ms = anchors[0][0]
        if within_ms is None:
            return placed_ms
        first = not_before(times, placed_ms)
        return placed_ms if first is not None and first - placed_ms <= within_ms else None

    return place


def _provided(compiler: Compiler, provided: Provided, at: int) -> Callable[[Row], bool]:
    if (provided.before is None) == (provided.after is None):
        raise PlanFault("needs `before` or `after`, one of them", "provided", at)
    times = compiler.times(provided.step, "provided", at, "step")
    edge = compiler.times(provided.before or provided.after or "", "provided", at)
    most = provided.at_most if provided.at_most is not None else 2**62
    before = provided.before is not None

    def holds(row: Row) -> bool:
        edges = edge(row)
        if not edges:
            return provided.at_least == 0
        edge_ms = edges[0][0]
        number = sum(time < edge_ms if before else time > edge_ms for time, _ in times(row))
        return provided.at_least <= number <= most

    return holds


def sum_of(compiler: Compiler, spec: Sum) -> Measure:
    placed = compiler.times(spec.at, "at")
    holds = compiler.condition(spec.when)
    read = _summed(compiler, spec.sum)

    def contribute(seen: Seen) -> Iterable[Contribution]:
        times = placed(seen.row)
        amount = read(seen.row) if times and holds(seen.row) else None
        return (placed_at(seen, compiler.name, times[0][0], amount),) if amount else ()

    return make_measure(compiler, "sum", spec, contribute, is_amount=True)


def _summed(compiler: Compiler, text: str) -> Callable[[Row], int | None]:
    """A register's field, or the sum of a map's values."""
    if text in compiler.plan.subject.maps:
        compiler.reads.add(text)
        return lambda row: sum(value or 0 for *_, (value,) in getattr(row, text).values())
    return compiler.register_field(text, int, "sum")
