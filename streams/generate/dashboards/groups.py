"""The dashboard of a group of KPIs: all of them at a glance, then each in detail, in a row for each goal."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.frame import Frame, Made, dashboard
from streams.generate.dashboards.kpis import KpiPanels, by_goal
from streams.generate.dashboards.layout import Section, evenly
from streams.generate.dashboards.targets import on_target
from streams.human import GROUPS

TITLES: Final[Mapping[str, str]] = {
    **GROUPS,
    "customers": "Customers and loyalty",
    "pipeline": "Pipeline health",
}


def choices_of(plan: Plan, names: Collection[str]) -> Choices:
    """What can be chosen for these KPIs."""
    windows = [series.windows for series in plan.series if series.kpi in names]
    return Choices(windows, (plan.catalog.kpis[name].dimensions for name in names))


def names_of(plan: Plan, group: str) -> list[str]:
    return [name for name, kpi in plan.catalog.kpis.items() if kpi.group == group]


def group_dashboard(plan: Plan, group: str) -> Made:
    names = names_of(plan, group)
    choices = choices_of(plan, names)
    about = f"The KPIs of {TITLES[group]}: all at a glance, then each by what it is for."
    frame = Frame(group, TITLES[group], about, choices, [group])
    return dashboard(plan, frame, _sections(plan, names, choices))


def _sections(plan: Plan, names: Sequence[str], choices: Choices) -> Iterator[Section]:
    numbers = [tile for name in names for tile in KpiPanels(plan, name, choices).numbers()]
    yield Section("At a glance", evenly(4, 6, numbers))
    yield from on_target(plan, names, choices)
    yield from details(plan, names, choices)


def details(plan: Plan, names: Sequence[str], choices: Choices) -> Iterator[Section]:
    """A row for each goal, with the KPIs that serve it."""
    for goal, of_goal in by_goal(plan, names):
        lines = [one for name in of_goal for one in KpiPanels(plan, name, choices).lines()]
        yield Section(goal.rstrip("."), lines)
