"""Cases for alerts of KPIs and of the pipeline together: what happens while no board answers."""

from typing import Final

from streams import naming
from streams.engine.plan import Plan
from streams.generate.case import STALE, Case, Scenario, minutes, series
from streams.generate.kpi_alerts import judged_series
from streams.generate.kpi_cases import gone_while_bad
from streams.generate.pipeline_alerts import troubles
from streams.generate.pipeline_cases import fires

_DOWN: Final = "CrmBoardsDown"


def outage_scenarios(plan: Plan) -> list[Scenario]:
    """All boards go while all that can be bad is; nothing where the catalog has no alerts."""
    judged = list(judged_series(plan))
    gone = max((minutes(one.alert.for_) for one in judged), default=0) + 1
    told = gone + minutes(plan.catalog.pipeline.processes)
    cases = [gone_while_bad(one, gone, (told, told + 1)) for one in judged]
    law = "No alert of a KPI ends before it is told that no board answers, nor in the minute after"
    return [Scenario(law, [*cases, _no_board(plan, gone, told)])] if judged else []


def _no_board(plan: Plan, gone: int, told: int) -> Case:
    trouble = next(one for one in troubles(plan.catalog.pipeline) if one.name == _DOWN)
    found = fires(plan, trouble, "critical", "No board answers", {})
    measured = series(naming.PARTITIONS_STALE, {}, [(0, gone), (STALE, 1)])
    return Case(_DOWN, measured, {told - 1: [], told: [found]})
