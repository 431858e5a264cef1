"""Durations, with buckets for percentiles."""

from collections.abc import Iterable

from schemas.measures import Duration
from streams.engine.buckets import BOUNDS, bucket
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
)
from streams.engine.moments import not_before


def duration(compiler: Compiler, spec: Duration) -> Measure:
    begin = compiler.times(spec.duration, "duration")
    end = compiler.times(spec.to, "to")
    skips = compiler.times(spec.skip_first_if, "skip_first_if") if spec.skip_first_if else None
    sums, buckets = f"{compiler.name}.sum", [f"{compiler.name}.b{at}" for at in range(len(BOUNDS))]

    def contribute(seen: Seen) -> Iterable[Contribution]:
        begins = begin(seen.row)
        if not begins:
            return ()
        begin_ms = begins[0][0]
        end_ms = not_before(end(seen.row), begin_ms, 1 if skips and skips(seen.row) else 0)
        if end_ms is None:
            return ()
        members = seen.members(end_ms)
        return (
            (sums, end_ms, members, end_ms - begin_ms),
            (buckets[bucket(end_ms - begin_ms)], end_ms, members, 1),
        )

    return make_measure(compiler, "duration", spec, contribute, functions=("mean", "quantile"))
