"""The dashboard of a group of KPIs: all of them at a glance, then each in detail, in a row for each goal."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.models.dashboard import Dashboard

from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.frame import Frame, dashboard
from streams.generate.dashboards.kpis import KpiPanels, by_goal
from streams.generate.dashboards.layout import Section, evenly

TITLES: Final[Mapping[str, str]] = {
    "sales": "Sales",
    "support": "Support",
    "customers": "Customers and loyalty",
    "campaigns": "Campaigns",
    "health": "CRM health",
    "pipeline": "Pipeline health",
}


def choices_of(plan: Plan, names: Collection[str]) -> Choices:
    """What can be chosen for these KPIs."""
    windows = [series.windows for series in plan.series if series.kpi in names]
    return Choices(windows, (plan.catalog.kpis[name].dimensions for name in names))


def names_of(plan: Plan, group: str) -> list[str]:
    return [name for name, kpi in plan.catalog.kpis.items() if kpi.group == group]


def group_dashboard(plan: Plan, group: str) -> Dashboard:
    names = names_of(plan, group)
    choices = choices_of(plan, names)
    sections = list(_sections(plan, names, choices))
    title = TITLES[group]
    frame = Frame(group, title, f"KPIs of {title}, by what they are for.", [group], choices.variables())
    return dashboard(plan, frame, sections)


def _sections(plan: Plan, names: Sequence[str], choices: Choices) -> Iterator[Section]:
    yield Section("At a glance", evenly(4, 6, [KpiPanels(plan, name, choices).number() for name in names]))
    yield from details(plan, names, choices)


def details(plan: Plan, names: Sequence[str], choices: Choices) -> Iterator[Section]:
    """A row for each goal, with the KPIs that serve it."""
    for goal, of_goal in by_goal(plan, names):
        lines = [one for name in of_goal for one in KpiPanels(plan, name, choices).lines()]
        yield Section(goal.rstrip("."), lines)
