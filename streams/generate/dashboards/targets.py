"""Whether KPIs reach their targets, over time: of what Prometheus records, for a gauge tells only of now."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

from streams.engine.kpis.guardrails import first_series
from streams.engine.kpis.series import SeriesPlan
from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.expressions import one
from streams.generate.dashboards.layout import Section, Tile, line
from streams.generate.dashboards.looks import AMBER, GREEN, RED, thresholds
from streams.generate.dashboards.panels import Head, Query, bars_panel, named, timeline_panel
from streams.generate.promql import selector
from streams.generate.recordings import ON_TARGET, ON_TARGET_OF_A_DAY

_STATES: Final = named({0: ("off target", AMBER), 1: ("on target", GREEN)})
_ABOUT: Final = (
    "Of the whole, by the series that stands for each KPI, in the chosen window or the nearest that it has."
)


def on_target(plan: Plan, names: Sequence[str], choices: Choices) -> Iterator[Section]:
    """Of the KPIs that have a target; nothing where none has."""
    firsts = first_series(plan)
    series = [firsts[name] for name in names if _is_recorded(plan, name)]
    if series:
        tiles = (16, _over_time(plan, series, choices)), (8, _of_a_day(plan, series, choices))
        yield Section("On target", [line(3 + ceil(0.9 * len(series)), *tiles)])


def _is_recorded(plan: Plan, name: str) -> bool:
    kpi = plan.catalog.kpis[name]
    return kpi.target is not None and kpi.good != "none"


def _over_time(plan: Plan, series: Sequence[SeriesPlan], choices: Choices) -> Tile:
    head = Head("On target, over time", _ABOUT)
    queries = _queries(plan, series, choices, ON_TARGET)
    return Tile("targets/time", timeline_panel(head, queries, _STATES))


def _of_a_day(plan: Plan, series: Sequence[SeriesPlan], choices: Choices) -> Tile:
    head = Head("On target, share of the last 24 hours", _ABOUT)
    queries = _queries(plan, series, choices, ON_TARGET_OF_A_DAY)
    limits = thresholds([(None, RED), (0.5, AMBER), (1, GREEN)])
    return Tile("targets/day", bars_panel(head, queries, "percentunit", limits))


def _queries(plan: Plan, series: Sequence[SeriesPlan], choices: Choices, record: str) -> list[Query]:
    return [
        Query(one(selector(record, {"kpi": first.kpi, "window": choices.windows.of(first.windows)})), title)
        for first in series
        for title in [plan.catalog.kpis[first.kpi].title]
    ]
