"""Verdicts: whether a reading is good enough, by the alert that its KPI has for its series and window.

A value exactly at a threshold is not beyond it, as in the alert rules that are made of the same catalog.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import gt, lt
from typing import Final, Literal

from schemas.kpis import Alert, Kpi, Series
from streams.engine.kpis.confidence import Interval
from streams.naming import ALL

Verdict = Literal["ok", "warn", "critical", "few_samples", "none"]
"""`none`: there is no value, or nothing that it is judged by."""

WORSE: Final = {"up": lt, "down": gt}
"""Direction that is good -> whether a value is worse than another."""
WORSE_SIDE: Final[Mapping[str, str]] = {"up": "below", "down": "above"}
"""Direction that is good -> where a value is worse than another, in words."""
BETTER_BOUND: Final[Mapping[str, str]] = {"up": "upper", "down": "lower"}
"""Direction that is good -> the bound nearer to it: when even that is bad, it is not by chance."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What the readings of one series are judged by."""

    good: str
    alerts: Mapping[str, Alert]
    """Window -> the alert that holds in it."""

    @classmethod
    def of(cls, kpi: Kpi, series: Series) -> "Judge":
        """Of a series with its gauge and labels filled in."""
        alerts = [alert for alert in kpi.alerts if series in judged_by(kpi, alert)]
        return cls(kpi.good, {window: alert for alert in alerts for window in alert.windows})

    @property
    def gated(self) -> Mapping[str, Alert]:
        """The alerts that want enough samples."""
        return {window: alert for window, alert in self.alerts.items() if alert.min_samples}

    def verdict(
        self, window: str, value: float | None, samples: int | None, interval: Interval | None
    ) -> Verdict:
        """Of a value with its interval, both in the gauge's unit, that rests on so many samples."""
        alert = self.alerts.get(window)
        if alert is None or value is None:
            return "none"
        if alert.min_samples and (samples is None or samples < alert.min_samples):
            return "few_samples"
        if alert.judge == "point":
            return self._level(alert, value)
        return "none" if interval is None else self._level(alert, self._best(interval))

    def _best(self, interval: Interval) -> float:
        """The bound nearer to good: when even that is bad, it is not by chance."""
        return interval.upper if self.good == "up" else interval.lower

    def _level(self, alert: Alert, value: float) -> Verdict:
        worse = WORSE[self.good]
        if alert.critical is not None and worse(value, alert.critical):
            return "critical"
        return "warn" if worse(value, alert.warn) else "ok"


def slices_judged(alert: Alert) -> list[str]:
    """The dimensions whose members may raise an alert: the whole always."""
    return [ALL, *alert.dimensions]


def target_of(kpi: Kpi, alert: Alert) -> float | None:
    """The KPI's target, where the alert judges the gauge that it is the target of."""
    first = kpi.all_series()[0].gauge
    return kpi.target if all(series.gauge == first for series in judged_by(kpi, alert)) else None


def judged_by(kpi: Kpi, alert: Alert) -> list[Series]:
    """The series of a KPI that an alert names by gauge and labels: one, if the catalog is right."""
    return list(_named(kpi, alert))


def _named(kpi: Kpi, alert: Alert) -> Iterator[Series]:
    for series in kpi.all_series():
        if alert.gauge in (None, series.gauge) and alert.labels.items() <= series.labels.items():
            yield series
