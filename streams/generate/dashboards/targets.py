"""Whether KPIs reach their targets, over time: of what Prometheus records, for a gauge tells only of now."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

from streams.engine.kpis.series import SeriesPlan
from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.expressions import one
from streams.generate.dashboards.layout import Section, Tile, line
from streams.generate.dashboards.looks import AMBER, GREEN, RED, thresholds
from streams.generate.dashboards.panels import Head, Query, bars_panel, named, timeline_panel
from streams.generate.promql import selector
from streams.generate.recordings import with_target
from streams.naming import ON_TARGET_DAY_RECORD, ON_TARGET_RECORD

_STATES: Final = named({0: ("off target", AMBER), 1: ("on target", GREEN)})
_ABOUT: Final = (
    "Of the whole, by the final number of a KPI that has one, "
    "in the chosen window or the nearest that it has."
)


def on_target(plan: Plan, names: Sequence[str], choices: Choices) -> Iterator[Section]:
    """Of the KPIs that have a target; nothing where none has."""
    recorded = {one.kpi: one for one, _, _ in with_target(plan)}
    series = [recorded[name] for name in names if name in recorded]
    if series:
        tiles = (16, _over_time(plan, series, choices)), (8, _of_a_day(plan, series, choices))
        yield Section("On target", [line(3 + ceil(0.9 * len(series)), *tiles)])


def _over_time(plan: Plan, series: Sequence[SeriesPlan], choices: Choices) -> Tile:
    head = Head("On target, over time", _ABOUT)
    queries = _queries(plan, series, choices, ON_TARGET_RECORD)
    return Tile("targets/time", timeline_panel(head, queries, _STATES))


def _of_a_day(plan: Plan, series: Sequence[SeriesPlan], choices: Choices) -> Tile:
    head = Head("On target, share of the last 24 hours", _ABOUT)
    queries = _queries(plan, series, choices, ON_TARGET_DAY_RECORD)
    limits = thresholds([(None, RED), (0.5, AMBER), (1, GREEN)])
    return Tile("targets/day", bars_panel(head, queries, "percentunit", limits))


def _queries(plan: Plan, series: Sequence[SeriesPlan], choices: Choices, record: str) -> list[Query]:
    return [
        Query(one(selector(record, {"kpi": told.kpi, "window": choices.windows.of(told.windows)})), title)
        for told in series
        for title in [plan.catalog.kpis[told.kpi].title]
    ]
