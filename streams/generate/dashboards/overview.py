"""The overview: whether the numbers can be trusted, what is wrong, and then the number of every KPI."""

from collections.abc import Iterator

from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.frame import Frame, Made, dashboard
from streams.generate.dashboards.groups import TITLES, choices_of, names_of
from streams.generate.dashboards.guardrails import breaches
from streams.generate.dashboards.kpis import KpiPanels
from streams.generate.dashboards.layout import Section, Tile, evenly, line
from streams.generate.dashboards.watch import Watch
from streams.naming import PIPELINE


def overview(plan: Plan) -> Made:
    choices = choices_of(plan, plan.catalog.kpis)
    about = "How the business is, where it is not well, and whether the numbers can be trusted."
    return dashboard(plan, Frame("overview", "Overview", about, choices), _sections(plan, choices))


def _sections(plan: Plan, choices: Choices) -> Iterator[Section]:
    numbers = {group: _numbers(plan, group, choices) for group in TITLES}
    watch = Watch.of(plan)
    yield Section("Can the numbers be trusted?", evenly(4, 8, [*watch.trust(), *numbers.pop(PIPELINE)]))
    yield Section("What is wrong?", [line(7, (14, watch.alerts()), (10, breaches(plan, choices.slice)))])
    for group, tiles in numbers.items():
        if tiles:
            yield Section(TITLES[group], evenly(4, 6, tiles))


def _numbers(plan: Plan, group: str, choices: Choices) -> list[Tile]:
    return [tile for name in names_of(plan, group) for tile in KpiPanels(plan, name, choices).numbers()]
