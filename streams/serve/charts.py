"""Charts: which series are drawn, how far back, and what is told of their points."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from schemas.words import Window
from streams.engine.kpis.folding import Others
from streams.engine.kpis.guardrails import first_series
from streams.engine.kpis.points import Points, Span, Wish
from streams.engine.kpis.readings import Reading
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.sums import WHOLE, Slice
from streams.engine.plan import Plan
from streams.engine.windows import nearest_window, step_of
from streams.human import rfc3339
from streams.naming import ALL, NOW
from streams.serve.board import Drawn

SPANS: Final = get_args(Window)
USUAL: Final = "24h"
MOST_STEPS: Final = 800
"""So many panes back at most; fewer where they have left their tier."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is to be drawn; what is left out may be anything."""

    span: str = USUAL
    steps: int | None = None
    kpis: frozenset[str] | None = None
    gauges: frozenset[str] | None = None
    labels: tuple[tuple[str, str], ...] = ()
    dimension: str = ALL
    members: tuple[str, ...] | None = None
    """None: of a dimension all that are shown."""
    first: bool = False
    """Of each KPI only the series that stands for it."""
    nearest: bool = False
    """A series that lacks the window gives the span of its nearest one instead."""

    def series(self, plan: Plan) -> list[SeriesPlan]:
        """Those that are drawn."""
        chosen = first_series(plan).values() if self.first else plan.series
        return [one for one in chosen if self._has(one)]

    def _has(self, series: SeriesPlan) -> bool:
        return (
            (self.kpis is None or series.kpi in self.kpis)
            and (self.gauges is None or series.gauge in self.gauges)
            and dict(self.labels).items() <= series.labels.items()
            and self.dimension in (ALL, *series.dimensions)
        )

    def span_of(self, series: SeriesPlan) -> Span:
        """Levels have no window of their own: they are drawn over any."""
        windows = [name for name in series.windows if name != NOW]
        lacks = self.nearest and windows and self.span not in windows
        return Span(nearest_window(self.span, windows) if lacks else self.span, self.steps)

    def slices(self, readings: Iterable[Reading]) -> list[Slice | Others]:
        """Of a KPI with these readings: the members that are asked for, or all that are shown."""
        if self.dimension == ALL:
            return [WHOLE]
        if self.members is not None:
            return [(self.dimension, member) for member in self.members]
        return shown_slices(self.dimension, readings)

    def wishes(self, plan: Plan, readings: Mapping[str, Sequence[Reading]]) -> list[Wish]:
        """What is to be drawn. `readings`: by KPI."""
        return [
            (series, self.span_of(series), self.slices(readings.get(series.kpi, ())))
            for series in self.series(plan)
        ]


def shown_slices(dimension: str, readings: Iterable[Reading]) -> list[Slice | Others]:
    """The members of a dimension that the board shows, and what the others of them are folded into."""
    here = [one for one in readings if one.dimension == dimension]
    shown = sorted({one.member for one in here if one.fold is None})
    folded = frozenset(one.member for one in here if one.fold == "member")
    slices: list[Slice | Others] = [(dimension, member) for member in shown]
    return [*slices, Others(dimension, folded)] if folded else slices


def chart_document(chart: Chart, drawn: Drawn) -> dict[str, Any]:
    """Times in seconds since the epoch, values in the gauge's unit."""
    return {
        "as_of": rfc3339(drawn.as_of_ms),
        "span": chart.span,
        "step": step_of(chart.span),
        "series": [_points(one) for one in drawn.points],
    }


def _points(found: Points) -> dict[str, Any]:
    series, (dimension, member) = found.series, found.slice
    return {
        "kpi": series.kpi,
        "gauge": series.gauge,
        "labels": series.labels,
        "dimension": dimension,
        "member": member,
        "unit": series.unit,
        "kind": found.kind,
        "span": found.span,
        "step": step_of(found.span),
        "running": found.running,
        "times": [start_ms // 1000 for start_ms in found.starts_ms],
        "values": [one.value for one in found.readings],
        "lower": [one.lower for one in found.readings],
        "upper": [one.upper for one in found.readings],
        "samples": [one.samples for one in found.readings],
    }
