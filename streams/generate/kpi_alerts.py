"""Alert rules of the KPIs: thresholds of the catalog, in PromQL over the gauges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.kpis import Alert, Kpi
from schemas.words import Span, span_ms
from streams import naming
from streams.engine.kpis.alert_names import alert_name
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.verdicts import BETTER_BOUND, WORSE_SIDE, slices_judged, target_of
from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule, Severity
from streams.generate.promql import BEYOND, BY_SLICE, WORST, indented, labels_beside, number, one_of, selector
from streams.human import in_words, series_name

_AT_BEST: Final[Mapping[str, str]] = {"up": "at most ", "down": "at least "}
_UNTIL_HELD_BACK: Final = "2m"
"""How long Prometheus and Alertmanager may take to hold an alert back by another."""


def kpi_alerts(plan: Plan) -> list[AlertRule]:
    """Of all KPIs, the graver rule of each alert first."""
    return [rule for judged in judged_series(plan) for rule in _rules(judged)]


@dataclass(frozen=True, slots=True)
class Judged:
    """An alert of the catalog, with the series that it judges."""

    name: str
    alert: Alert
    kpi: Kpi
    series: SeriesPlan
    plan: Plan

    @property
    def board(self) -> str:
        """Its address."""
        return self.plan.catalog.links.board

    @property
    def title(self) -> str:
        """Lead response time (p90, business)"""
        which = series_name(self.kpi, self.series.gauge, self.series.labels)
        return f"{self.kpi.title} ({which})" if which else self.kpi.title

    @property
    def thresholds(self) -> dict[Severity, float]:
        """The graver first; no warning where all that is bad is critical."""
        warn, critical = self.alert.warn, self.alert.critical
        if critical is None:
            return {"warning": warn}
        return {"critical": critical, "warning": warn} if critical != warn else {"critical": critical}

    @property
    def beside(self) -> dict[str, str]:
        """Its labels in the families that all KPIs share."""
        return labels_beside(self.series, self.plan.series)

    def ends_at(self, severity: Severity) -> float | None:
        """How good the value must be for one severity to end; None: as soon as it is not beyond its limit.

        What is critical ends as such where somebody would only be warned.
        """
        if self.alert.clear is None or severity == list(self.thresholds)[-1]:
            return self.alert.clear
        return self.alert.warn

    @property
    def keeps(self) -> Span:
        """How long it must be over before it ends.

        At least until it is known that all boards are down: then nobody is told that it has ended.
        """
        own, known = self.alert.keep_firing_for or self.alert.for_, self.plan.catalog.pipeline.processes
        least = span_ms(known) + span_ms(_UNTIL_HELD_BACK)
        return own if span_ms(own) >= least else f"{-(-least // 60_000)}m"

    def words(self, value: float) -> str:
        """A value of the series as people read it."""
        return in_words(value, self.series.unit, self.series.labels.get("currency"))


def judged_series(plan: Plan) -> Iterator[Judged]:
    """Of every alert of the catalog."""
    for name, kpi in plan.catalog.kpis.items():
        for alert in kpi.alerts:
            series = next(
                one for one in plan.series if one.kpi == name and alert in one.judge.alerts.values()
            )
            yield Judged(alert_name(name, kpi, alert), alert, kpi, series, plan)


def _rules(judged: Judged) -> Iterator[AlertRule]:
    for severity, threshold in judged.thresholds.items():
        yield AlertRule(
            name=judged.name,
            severity=severity,
            expr=_expr(judged, severity, threshold),
            bare_expr=_gated(judged, _beyond(judged, threshold)),
            for_=judged.alert.for_,
            keep_firing_for=judged.keeps,
            owner=judged.kpi.owner,
            group=judged.kpi.group,
            annotations=_annotations(judged),
            kpi=judged.series.kpi,
        )


# -- Expressions ------------------------------------------------------------------------------------------


def _expr(judged: Judged, severity: Severity, threshold: float) -> str:
    beyond, end = _beyond(judged, threshold), judged.ends_at(severity)
    if end is None or end == threshold:
        return _gated(judged, beyond)
    before = {"alertname": judged.name, "alertstate": "firing", "severity": severity}
    lasting = f"{_beyond(judged, end)}\nand on ({BY_SLICE})\n{selector('ALERTS', before)}"
    return _gated(judged, "\n".join(["(", indented(f"{beyond}\nor\n{lasting}"), ")"]))


def _beyond(judged: Judged, threshold: float) -> str:
    """The value of each slice that is beyond a threshold; of several boards the one that tells the worst."""
    value = selector(*_value(judged), *_where(judged.alert))
    worst = f"{WORST[judged.kpi.good]} by ({BY_SLICE}) (\n{indented(value)}\n)"
    return f"{worst} {BEYOND[judged.kpi.good]} {number(threshold)}"


def _value(judged: Judged) -> tuple[str, Mapping[str, str]]:
    series = judged.series
    if judged.alert.judge == "point":
        return series.gauge, series.labels
    return naming.BOUND, judged.beside | {"bound": BETTER_BOUND[judged.kpi.good]}


def _where(alert: Alert) -> list[str]:
    if not alert.dimensions:
        return [one_of("window", alert.windows), one_of("dimension", [naming.ALL])]
    dimensions = one_of("dimension", slices_judged(alert))
    return [one_of("window", alert.windows), dimensions, f'member!="{naming.OTHER}"']


def _gated(judged: Judged, expr: str) -> str:
    """Nothing where there are too few samples."""
    if not judged.alert.min_samples:
        return expr
    samples = selector(naming.SAMPLES, judged.beside | {"gauge": judged.series.gauge})
    return f"{expr}\nand on ({BY_SLICE})\n{samples} >= {judged.alert.min_samples}"


# -- Annotations ------------------------------------------------------------------------------------------

_VALUES: Final[Mapping[str, str]] = {
    "ratio": "{{ $value | humanizePercentage }}",
    "seconds": "{{ $value | humanizeDuration }}",
    "points": '{{ $value | printf "%+.1f" }} points',
    "years": '{{ $value | printf "%.1f" }} years',
    "months": '{{ $value | printf "%.1f" }} months',
}
"""Unit -> the value of an alert as people read it."""
_SLICE: Final = '{{ if ne $labels.dimension "all" }}, {{ $labels.dimension }} {{ $labels.member }}{{ end }}'
_BOARD: Final = (
    "{board}/kpi/{kpi}?window={{{{ $labels.window }}}}&dimension={{{{ $labels.dimension }}}}"
    "&member={{{{ $labels.member | urlquery }}}}"
)


def _annotations(judged: Judged) -> dict[str, str]:
    kpi, board = judged.series.kpi, judged.board
    return {
        "summary": f"{judged.title}{_SLICE}, {{{{ $labels.window }}}}: {_told(judged)}",
        "description": " ".join([_limits(judged), *_samples(judged)]),
        "board_url": _BOARD.format(board=board, kpi=kpi),
        "runbook_url": f"{board}/docs/runbooks/{judged.name}",
    }


def _told(judged: Judged) -> str:
    at_best = _AT_BEST[judged.kpi.good] if judged.alert.judge == "bound" else ""
    currency = judged.series.labels.get("currency", "")
    value = _VALUES.get(judged.series.unit, "{{ $value | humanize }}")
    return " ".join(filter(None, [f"{at_best}{currency}".strip(), value]))


def _limits(judged: Judged) -> str:
    side, target = WORSE_SIDE[judged.kpi.good], target_of(judged.kpi, judged.alert)
    limits = [f"{_LEVEL[one]} {side} {judged.words(value)}" for one, value in judged.thresholds.items()]
    of_target = "" if target is None else f"; target {judged.words(target)}"
    said = f"{', '.join(limits)}{of_target}."
    return said[0].upper() + said[1:]


_LEVEL: Final[Mapping[str, str]] = {"critical": "critical", "warning": "warns"}


def _samples(judged: Judged) -> list[str]:
    least = judged.alert.min_samples
    if not least:
        return []
    of_slice = ", ".join(f"{name}=%q" for name in naming.SLICE_LABELS)
    query = selector(naming.SAMPLES, judged.beside | {"gauge": judged.series.gauge}, of_slice)
    values = " ".join(f"$labels.{name}" for name in naming.SLICE_LABELS)
    found = f"{{{{ with printf `{query}` {values} | query }}}}{{{{ . | first | value }}}}{{{{ end }}}}"
    return [f"From {found} samples, of at least {least}."]
