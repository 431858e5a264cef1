"""The panels of one KPI: its number, its lines over time, its members, and the funnel of its stages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from grafana_foundation_sdk.models.common import LineStyle

from schemas.kpis import Kpi
from streams import naming
from streams.engine.kpis.alert_names import alert_name
from streams.engine.kpis.series import SeriesPlan
from streams.engine.plan import Plan
from streams.generate.dashboards import words
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.expressions import beside, by, gauge, one, or_nothing
from streams.generate.dashboards.layout import Line, Tile, line
from streams.generate.dashboards.looks import GREY, decimals_of, thresholds_of, unit_of
from streams.generate.dashboards.panels import (
    Column,
    Head,
    Query,
    bars_panel,
    chart_panel,
    stat_panel,
    table_panel,
)
from streams.human import series_name

_TARGET, _LOWER, _UPPER = "target", "lower bound", "upper bound"
_DASHED: Final = LineStyle(fill="dash", dash=[8, 8])
_BAND: Final[Mapping[str, Any]] = {
    "color": {"mode": "fixed", "fixedColor": GREY},
    "custom.lineWidth": 0,
    "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
}
_STYLES: Final[Mapping[str, Mapping[str, Any]]] = {
    _TARGET: {
        "color": {"mode": "fixed", "fixedColor": GREY},
        "custom.lineStyle": _DASHED,
        "custom.lineWidth": 1,
        "custom.fillOpacity": 0,
    },
    _LOWER: {**_BAND, "custom.fillOpacity": 0},
    _UPPER: {**_BAND, "custom.fillOpacity": 15, "custom.fillBelowTo": _LOWER},
}
"""What stands beside the lines, as a person tells it from them at once."""
_QUANTILE: Final = "quantile"
_STAGE: Final = "stage"


@dataclass(frozen=True, slots=True)
class KpiPanels:
    """Of one KPI on one dashboard, whose choices it shares with the others."""

    plan: Plan
    name: str
    choices: Choices

    @property
    def kpi(self) -> Kpi:
        return self.plan.catalog.kpis[self.name]

    @property
    def series(self) -> list[SeriesPlan]:
        """The first stands for the KPI."""
        return [series for series in self.plan.series if series.kpi == self.name]

    # -- Its number ---------------------------------------------------------------------------------------

    def numbers(self) -> Iterator[Tile]:
        """The series that stands for it, and those that its alerts judge."""
        for at, series in enumerate(self.series):
            if at == 0 or series.judge.alerts:
                yield self._number(series)

    def _number(self, series: SeriesPlan) -> Tile:
        panel = stat_panel(
            self._head([series]),
            Query(or_nothing(one(gauge(series, self._slice(series))))),
            self._unit(series),
            thresholds_of(self.kpi, series, stands=series is self.series[0]),
            decimals_of(series.unit),
        )
        return Tile(f"{self.name}/number/{self._own_name(series)}", panel)

    # -- Its detail ---------------------------------------------------------------------------------------

    def lines(self) -> Iterator[Line]:
        """Lines over time beside the members; then what else there is of it."""
        first, *others = [self._chart(charted) for charted in self._charted()]
        yield line(8, (15, first), (9, self._members()))
        beside_others = [*others, *self._funnel()]
        for at in range(0, len(beside_others), 2):
            yield line(8, *((12, tile) for tile in beside_others[at : at + 2]))

    def _charted(self) -> list[list[SeriesPlan]]:
        """The series that go together in a chart: of one unit and, where there are quantiles, of one kind."""
        has_quantiles = any(_QUANTILE in series.labels for series in self.series)

        def chart(series: SeriesPlan) -> tuple[str, str]:
            rest = {name: value for name, value in series.labels.items() if name != _QUANTILE}
            return series.unit, repr(sorted(rest.items())) if has_quantiles else ""

        charts: dict[tuple[str, str], list[SeriesPlan]] = {}
        for series in self.series:
            charts.setdefault(chart(series), []).append(series)
        return list(charts.values())

    def _chart(self, charted: Sequence[SeriesPlan]) -> Tile:
        queries = [Query(one(gauge(series, self._slice(series))), self._called(series)) for series in charted]
        judged = next((series for series in charted if series.judge.alerts), None)
        panel = chart_panel(
            self._head(charted),
            [*queries, *self._limits(charted)],
            self._unit(charted[0]),
            thresholds_of(self.kpi, judged, stands=False) if judged else None,
            _STYLES,
            no_value=words.nothing(self.kpi),
        )
        return Tile(f"{self.name}/chart/{self._own_name(charted[0])}", panel)

    def _limits(self, charted: Sequence[SeriesPlan]) -> Iterator[Query]:
        """Target and bounds of the series that stands for the KPI."""
        first = self.series[0]
        if first not in charted:
            return
        if self.kpi.target is not None:
            yield Query(one(beside(naming.TARGET, first, self.series, {})), _TARGET)
        if self._has_bounds:
            for name, bound in ((_LOWER, "lower"), (_UPPER, "upper")):
                yield Query(one(self._beside(naming.BOUND, self._slice(first), bound=bound)), name)

    @property
    def _has_bounds(self) -> bool:
        return self.kpi.all_series()[0].bounds is not None

    def _beside(self, family: str, where: Mapping[str, str], **more: str) -> str:
        return beside(family, self.series[0], self.series, where, **more)

    # -- Its members --------------------------------------------------------------------------------------

    def _members(self) -> Tile | None:
        """Each member of the chosen dimension, or of the KPI's first where it lacks that."""
        if not self.kpi.dimensions:
            return None
        dimension, charted = self.choices.dimensions.of(self.kpi.dimensions), self._charted()[0]
        columns = [*self._values(charted, dimension), *self._change(dimension)]
        if len(charted) == 1:
            columns += self._bounds(dimension)
        row = {"dimension": dimension, "member": "${__data.fields.member}"}
        head = self._head(charted, f"by {dimension}", row)
        panel = table_panel(head, {"member": "Member"}, columns, words.nothing(self.kpi))
        return Tile(f"{self.name}/members", panel)

    def _values(self, charted: Sequence[SeriesPlan], dimension: str) -> Iterator[Column]:
        for series in charted:
            where = self._members_of(series, dimension)
            limits = thresholds_of(self.kpi, series, stands=series is self.series[0])
            name = self._called(series)
            yield Column(
                name, by("member", gauge(series, where)), self._unit(series), decimals_of(series.unit), limits
            )

    def _change(self, dimension: str) -> Iterator[Column]:
        """Of the series that stands for it, against the window before."""
        first = self.series[0]
        if any(first.has_before(window) for window in first.windows):
            expr = by("member", self._beside(naming.CHANGE, self._members_of(first, dimension)))
            yield Column("Change", expr, unit_of("points" if first.unit == "points" else "ratio", ""), 1)

    def _bounds(self, dimension: str) -> Iterator[Column]:
        first = self.series[0]
        for bound in ("lower", "upper") if self._has_bounds else ():
            expr = by("member", self._beside(naming.BOUND, self._members_of(first, dimension), bound=bound))
            yield Column(bound.capitalize(), expr, self._unit(first), decimals_of(first.unit))

    def _members_of(self, series: SeriesPlan, dimension: str) -> Mapping[str, str]:
        return {"window": self.choices.windows.of(series.windows), "dimension": dimension}

    # -- Its stages ---------------------------------------------------------------------------------------

    def _funnel(self) -> list[Tile]:
        """How many reached each stage, where the series are the steps from stage to stage."""
        steps = [series for series in self.series if _STAGE in series.labels]
        if len(steps) < 2:
            return []
        reached = [Query(one(self._figure(naming.DENOMINATOR, step)), step.labels[_STAGE]) for step in steps]
        through = Query(one(self._figure(naming.NUMERATOR, steps[-1])), "through all")
        panel = bars_panel(self._head(steps, "how many reached each"), [*reached, through], "short")
        return [Tile(f"{self.name}/funnel", panel)]

    def _figure(self, family: str, series: SeriesPlan) -> str:
        return beside(family, series, self.series, self._slice(series))

    # -- Words --------------------------------------------------------------------------------------------

    def _head(
        self, shown: Sequence[SeriesPlan], extra: str = "", slice_: Mapping[str, str] | None = None
    ) -> Head:
        """Links lead to what is shown; those of a table's row to the row's `slice_`."""
        window = self.choices.windows.of(shown[0].windows)
        title = " · ".join(filter(None, [self.kpi.title, self._kind(shown), window, extra]))
        board = self.plan.catalog.links.board
        here = words.page(board, self.name, {"window": window, **self.choices.slice})
        there = words.page(board, self.name, {"window": window, **(slice_ or self.choices.slice)})
        about = words.description(self.kpi, shown)
        runbooks = [
            words.runbook(board, name)
            for name in dict.fromkeys(alert_name(self.name, self.kpi, alert) for alert in self.kpi.alerts)
        ]
        return Head(title, about, [here, words.reference(board, self.name), *runbooks], [there])

    def _kind(self, shown: Sequence[SeriesPlan]) -> str:
        """What the series that are shown have in common, and the KPI's others have not: `business`."""
        names = [self._own_name(series).split(", ") for series in shown]
        others = [self._own_name(series).split(", ") for series in self.series]
        common = [part for part in names[0] if all(part in parts for parts in names)]
        return ", ".join(part for part in common if not all(part in parts for parts in others))

    def _called(self, series: SeriesPlan) -> str:
        return self._own_name(series) or self.kpi.title

    def _own_name(self, series: SeriesPlan) -> str:
        return series_name(self.kpi, series.gauge, series.labels)

    def _slice(self, series: SeriesPlan) -> Mapping[str, str]:
        return {"window": self.choices.windows.of(series.windows), **self.choices.slice}

    def _unit(self, series: SeriesPlan) -> str:
        return unit_of(series.unit, self.plan.catalog.currency.report)


def by_goal(plan: Plan, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Goal -> the KPIs that serve it, in the catalog's order of goals."""
    goals = list(dict.fromkeys(plan.catalog.kpis[name].goal for name in names))
    ordered = sorted(names, key=lambda name: goals.index(plan.catalog.kpis[name].goal))
    for goal, of_goal in groupby(ordered, key=lambda name: plan.catalog.kpis[name].goal):
        yield goal, list(of_goal)
