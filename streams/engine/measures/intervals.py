"""Time during which something is so, overlaps counted once: a component's downtime.

A union is a level of 1 or 0 whose edges also carry when they are:

    panes of `name`         +1 where it begins, -1 where it ends
    panes of `name.t`       +t, -t: the time of the same edge, in milliseconds since the epoch
    total of `name`         1 while it lasts

From these sums `lasting_ms` has the time that lies within any window, also of what has not ended yet.
"""

from collections.abc import Iterable

from schemas.measures import Union
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
)
from streams.engine.measures.histories import moves


def union(compiler: Compiler, spec: Union) -> Measure:
    """+1 when the first state of all keys is no longer 0, -1 when the last is 0 again."""
    compiler.transition(spec.union, "union")
    timed = f"{compiler.name}.t"

    def contribute(seen: Seen) -> Iterable[Contribution]:
        states = seen.states(spec.union)
        if not states:
            return ()
        lasting = [(state.time_ms, int(state.value > 0), state.members) for state in states]
        edges = moves(compiler.name, lasting)
        times = [(timed, at, members, amount * at) for _, at, members, amount in edges if at is not None]
        return (*edges, *times, compiler.total(seen, lasting[-1][1]))

    return make_measure(compiler, "union", spec, contribute)


def lasting_ms(level_at_start: int, edges: int, times_ms: int, start_ms: int, end_ms: int) -> int:
    """Milliseconds that a union lasted within [start_ms, end_ms], summed over the subjects; never below 0.

    `level_at_start`: of how many it was so at `start_ms`; `edges` and `times_ms`: the sums of `name` and
    `name.t` over the window. Each edge at t adds, or takes off, what is left of the window after it:

        sum of sign * (end - t)  =  edges * end - times

    Edges after `end_ms` (events may lie some minutes ahead) should be left out of sums and level alike; where
    they are not, what lasts until then counts as if the window reached there.
    """
    return max(0, level_at_start * (end_ms - start_ms) + edges * end_ms - times_ms)
