"""The stages that a subject passes through, in the order in which the catalog declares them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from schemas.measures import Reached
from schemas.words import nearest
from streams.engine.faults import PlanFault
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    State,
    make_measure,
    placed_at,
)
from streams.engine.measures.histories import History
from streams.engine.mergers import STAGES


def reached(compiler: Compiler, spec: Reached) -> Measure:
    """+1 at `at` if some stage ever was this one or a later one, or what counts as much has happened."""
    probabilities(compiler, "reached")
    declared = list(compiler.plan.subject.stages)
    if spec.reached not in declared:
        raise PlanFault(f"unknown stage {spec.reached!r}{nearest(spec.reached, declared)}", "reached")
    place = declared.index(spec.reached) + 1
    placed = compiler.times(spec.at, "at")
    others = [compiler.times(name, "or", at) for at, name in enumerate(spec.also)]

    def contribute(seen: Seen) -> Iterable[Contribution]:
        row = seen.row
        times = placed(row)
        if not times:
            return ()
        if not any(stage[2] >= place for stage in row.stages) and not any(other(row) for other in others):
            return ()
        return (placed_at(seen, compiler.name, times[0][0], 1),)

    return make_measure(compiler, "reached", spec, contribute)


def probabilities(compiler: Compiler, *at: str) -> Sequence[Decimal]:
    """Of success, stage by stage; the measure reads the stages. PlanFault, at `at`, when there are none."""
    stages = compiler.plan.subject.stages
    if not stages:
        raise PlanFault("the subject has no `stages`: declare them in order, and `stages_from`", *at)
    compiler.reads.add(STAGES)
    return list(stages.values())


def stage_history(seen: Seen) -> History:
    """The place of the stage, counted from 1, at each time at which one is told."""
    return [State(time_ms, place, seen.members(time_ms), None) for time_ms, _, place in seen.row.stages]
