"""Counts and sums: each subject once, at one of its times."""

from collections.abc import Callable, Iterable

from schemas.measures import Count, Provided, Sum
from schemas.words import nearest, span_ms
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
    if spec.at is None:
        if spec.within is not None:
            raise PlanFault("`within` needs `at`: the step that the span begins with", "within")
        return lambda row: times[0][0] if (times := counted(row)) else None
    anchor = compiler.times(spec.at, "at")
    within_ms = span_ms(spec.within) if spec.within else None

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
    within_ms = span_ms(provided.within) if provided.within else 2**62
    sign = 1 if provided.after else -1

    def holds(row: Row) -> bool:
        edges = edge(row)
        if not edges:
            return provided.at_least == 0
        edge_ms = edges[0][0]
        number = sum(0 < sign * (time_ms - edge_ms) <= within_ms for time_ms, _ in times(row))
        return provided.at_least <= number <= most

    return holds


def sum_of(compiler: Compiler, spec: Sum) -> Measure:
    """The amount, and in the part `name.n` a 1 for each subject that has one, if only 0."""
    placed = compiler.times(spec.at, "at")
    holds = compiler.condition(spec.when)
    read = _summed(compiler, spec.sum)
    less = _values(compiler, spec.less, "less") if spec.less else None
    number = f"{compiler.name}.n"

    def contribute(seen: Seen) -> Iterable[Contribution]:
        times = placed(seen.row)
        amount = read(seen.row) if times and holds(seen.row) else None
        if amount is None:
            return ()
        if less is not None:
            amount -= sum(less(seen.row))
        time_ms = times[0][0]
        members = seen.members(time_ms)
        counted = (number, time_ms, members, 1)
        return ((compiler.name, time_ms, members, amount), counted) if amount else (counted,)

    return make_measure(compiler, "sum", spec, contribute, is_amount=True)


def _summed(compiler: Compiler, text: str) -> Callable[[Row], int | None]:
    """A register's field, or the sum of a map's values; None while there is none."""
    if text in compiler.plan.subject.registers or "." in text:
        return compiler.register_field(text, int, "sum")
    values = _values(compiler, text, "sum")
    return lambda row: sum(known) if (known := values(row)) else None


def _values(compiler: Compiler, name: str, at: str) -> Callable[[Row], list[int]]:
    """The values of a map; PlanFault, at `at`, for no map of the subject, or one that keeps only keys."""
    maps = compiler.plan.subject.maps
    if name not in maps:
        raise PlanFault(f"unknown map {name!r}{nearest(name, maps)}", at)
    if maps[name].field is None:
        raise PlanFault(f"{name} keeps only keys: give it the `field` that is to be summed", at)
    compiler.reads.add(name)
    return lambda row: [value for *_, (value,) in getattr(row, name).values() if value is not None]
