"""Cases for promtool: what is measured minute by minute, and which alerts then fire."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.words import Span, span_ms
from streams.generate.promql import number, selector

STALE: Final = "stale"
"""Value of a series that has just gone."""
NOTHING: Final = "_"
"""Value of a series that is not there."""
Phase = tuple[float | str, int]
"""(value, for how many minutes)."""
Part = dict[str, Any]


def minutes(span: Span) -> int:
    """Of a span, rounded up."""
    return -(-span_ms(span) // 60_000)


_STEP: Final[Mapping[str, float]] = {"ratio": 0.001, "seconds": 60, "years": 0.1, "months": 0.1}
"""Unit -> by how much a value is beyond a threshold; of others 1."""


def worse(unit: str, good: str, threshold: float) -> float:
    """A value that is a little worse than a threshold."""
    step = _STEP.get(unit, 1)
    return round(threshold - step if good == "up" else threshold + step, 9)


@dataclass(frozen=True, slots=True)
class Fires:
    """One alert, as Prometheus tells of it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def part(self) -> Part:
        return {"exp_labels": dict(self.labels), "exp_annotations": dict(self.annotations)}


@dataclass(frozen=True, slots=True)
class Case:
    """What is expected of one alert when this is measured."""

    alert: str
    measured: Mapping[str, str]
    """Series -> its values, a minute apart."""
    fires: Mapping[int, Sequence[Fires]]
    """Minute -> what fires then; of other minutes nothing is said."""


def series(metric: str, labels: Mapping[str, str], phases: Iterable[Phase]) -> dict[str, str]:
    """A series with its values."""
    return {selector(metric, labels): " ".join(_run(value, length) for value, length in phases if length > 0)}


def _run(value: float | str, length: int) -> str:
    """The same value so many times: of `1x3` promtool makes four, of `_x3` three."""
    if value == NOTHING:
        return f"{NOTHING}x{length}"
    if value == STALE:
        return " ".join([STALE, *([_run(NOTHING, length - 1)] if length > 1 else [])])
    return f"{value if isinstance(value, str) else number(value)}x{length - 1}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Cases of several alerts that are seen in one run, under the law that they show."""

    name: str
    cases: Sequence[Case]
    step: Span = "1m"
    """How far apart the values are; what cases call minutes are such steps."""

    def part(self) -> Part:
        measured = {name: values for case in self.cases for name, values in case.measured.items()}
        return {
            "name": self.name,
            "interval": self.step,
            "input_series": [{"series": name, "values": values} for name, values in measured.items()],
            "alert_rule_test": [
                self._check(case.alert, *one) for case in self.cases for one in case.fires.items()
            ],
        }

    def _check(self, alert: str, at: int, fires: Sequence[Fires]) -> Part:
        minute = at * minutes(self.step)
        return {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": [one.part() for one in fires]}
