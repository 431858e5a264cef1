"""When a silence is long: by the clock, and beside what is usual. It lasts until something is heard."""

from dataclasses import dataclass
from typing import Final

from schemas.pipeline import Age
from schemas.pipeline import Silence as OfSource
from schemas.words import Span, span_ms
from streams import naming
from streams.generate.alert_rule import Severity
from streams.generate.promql import indented, number, selector

HALF_A_DAY_S: Final = 43_200
"""What is usual as long as nobody knows."""
KNOWN_AFTER: Final[Span] = "8d"
"""A week, with its weekend, and the last day, which does not count."""
FORGOTTEN: Final[Span] = "30d"
"""A source that was silent for so long is used no more, or speaks so seldom."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Whose silence is judged, and by what."""

    alert: str
    age: str
    """PromQL of how long ago it was heard last, in seconds."""
    usual: str
    times: float
    by: str = ""
    """The label that says who is silent."""
    forgotten: Span | None = None

    def expr(self, since: Span) -> str:
        """It is older than that, and that is unusual."""
        return f"{self._old(since)}\nand on ({self.by})\n{self._unusual()}"

    def lasting(self, severity: Severity, since: Span) -> str:
        """The same; what fires does so until something is heard, though silence becomes usual."""
        either = indented(f"{self._unusual()}\nor\n{self._fires(severity)}")
        return f"{self._old(since)}\nand on ({self.by}) (\n{either}\n)"

    def _old(self, since: Span) -> str:
        return f"{self.age} > {_seconds(since)}"

    def _unusual(self) -> str:
        return f"{self.age} > {number(self.times)} * {self.usual}"

    def _fires(self, severity: Severity) -> str:
        own = {"alertname": self.alert, "alertstate": "firing", "severity": severity}
        fires = selector("ALERTS", own)
        if self.forgotten is None:
            return fires
        return f"{self.age} < {_seconds(self.forgotten)}\nand on ({self.by})\n{fires}"


def of_all(limits: Age) -> Silence:
    """Of the newest event; usual is the longest silence of a day, but for the worst tenth of days.

    So weekends count, which are more than that of two weeks, and a day on which the pipeline stood still does
    not. The last day is left out: a silence that lasts is not usual.
    """
    age = f"time() - max({naming.LAST_EVENT})"
    longest = f"quantile_over_time(0.9,\n  max_over_time(({age})[1d:30m])[14d:1d] offset 1d\n)"
    known = f"{longest}\nand on ()\n{naming.LAST_EVENT} offset {KNOWN_AFTER}\nor\nvector({HALF_A_DAY_S})"
    return Silence("CrmNoFreshEvent", age, f"(\n{indented(known)}\n)", limits.times_usual)


def of_source(limits: OfSource) -> Silence:
    """Of each source that is named; usual is how old its newest event was on average."""
    age = f'{naming.EVENT_AGE}{{source!="{naming.OTHER}"}}'
    usual = f"min by (source) (\n  avg_over_time({age}[30d:1h])\n)"
    return Silence(
        "CrmSourceSilent", f"max by (source) ({age})", usual, limits.times_usual, "source", FORGOTTEN
    )


def _seconds(span: Span) -> str:
    return number(span_ms(span) / 1000)
