"""Durations, with buckets for percentiles."""

from collections.abc import Callable, Iterable

from schemas.measures import Duration, Timed
from streams.engine.buckets import BOUNDS, bucket
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
)
from streams.engine.moments import not_before

_FUNCTIONS = ("mean", "quantile")


def duration(compiler: Compiler, spec: Duration) -> Measure:
    begin = compiler.times(spec.duration, "duration")
    end = compiler.times(spec.to, "to")
    skips = compiler.times(spec.skip_first_if, "skip_first_if") if spec.skip_first_if else None
    business_ms = compiler.business_ms("clock") if spec.clock == "business" else None
    lasted = _lasted(compiler.name)

    def contribute(seen: Seen) -> Iterable[Contribution]:
        begins = begin(seen.row)
        if not begins:
            return ()
        begin_ms = begins[0][0]
        end_ms = not_before(end(seen.row), begin_ms, 1 if skips and skips(seen.row) else 0)
        if end_ms is None:
            return ()
        duration_ms = end_ms - begin_ms if business_ms is None else business_ms(begin_ms, end_ms)
        return lasted(seen, end_ms, duration_ms)

    return make_measure(compiler, "duration", spec, contribute, functions=_FUNCTIONS)


def timed(compiler: Compiler, spec: Timed) -> Measure:
    """A duration that an event tells, in milliseconds, and in the part `name.n` a 1 for each."""
    read = compiler.register_field(spec.timed, int, "timed")
    placed = compiler.times(spec.at, "at")
    lasted, number = _lasted(compiler.name), f"{compiler.name}.n"

    def contribute(seen: Seen) -> Iterable[Contribution]:
        times = placed(seen.row)
        duration_ms = read(seen.row) if times else None
        if duration_ms is None or duration_ms < 0:
            return ()
        sums, bucketed = lasted(seen, times[0][0], duration_ms)
        return sums, bucketed, (number, *bucketed[1:])

    return make_measure(compiler, "timed", spec, contribute, functions=_FUNCTIONS)


def _lasted(name: str) -> Callable[[Seen, int, int], tuple[Contribution, Contribution]]:
    """What a duration of so many milliseconds contributes at a time: to the sum, and to its bucket."""
    sums, buckets = f"{name}.sum", [f"{name}.b{at}" for at in range(len(BOUNDS))]

    def lasted(seen: Seen, time_ms: int, duration_ms: int) -> tuple[Contribution, Contribution]:
        members = seen.members(time_ms)
        return (
            (sums, time_ms, members, duration_ms),
            (buckets[bucket(duration_ms)], time_ms, members, 1),
        )

    return lasted
