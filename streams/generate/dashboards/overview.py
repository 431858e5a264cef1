"""The overview: whether the numbers can be trusted, what is wrong, and then the number of every KPI."""

from collections.abc import Iterator

from grafana_foundation_sdk.models.dashboard import Dashboard

from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.frame import Frame, dashboard
from streams.generate.dashboards.groups import TITLES, choices_of, names_of
from streams.generate.dashboards.guardrails import breaches
from streams.generate.dashboards.kpis import KpiPanels
from streams.generate.dashboards.layout import Section, evenly, line
from streams.generate.dashboards.watch import Watch


def overview(plan: Plan) -> Dashboard:
    choices = choices_of(plan, plan.catalog.kpis)
    sections = list(_sections(plan, choices))
    about = "How the business is, where it is not well, and whether the numbers can be trusted."
    return dashboard(plan, Frame("overview", "Overview", about, [], choices.variables()), sections)


def _sections(plan: Plan, choices: Choices) -> Iterator[Section]:
    watch = Watch.of(plan)
    yield Section("Can the numbers be trusted?", evenly(4, 6, watch.trust()))
    yield Section("What is wrong?", [line(7, (14, watch.alerts()), (10, breaches(plan, choices.slice)))])
    for group, title in TITLES.items():
        tiles = [KpiPanels(plan, name, choices).number() for name in names_of(plan, group)]
        if tiles:
            yield Section(title, evenly(4, 6, tiles))
