"""An alert rule, before anything is written of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.words import Span

Severity = Literal["warning", "critical"]


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When an alert fires with one severity. Alerts of one name have a rule per severity, or per window."""

    name: str
    severity: Severity
    expr: str
    """PromQL; what it gives back is the value that the annotations tell."""
    bare_expr: str
    """The same without its own past (`ALERTS`), which only Prometheus knows."""
    for_: Span
    keep_firing_for: Span
    owner: str
    """Empty where the series that fires says whose it is, and of which group."""
    group: str
    annotations: Mapping[str, str]
    """summary, description, board_url, runbook_url: templates of Prometheus."""
    kpi: str | None = None
    stale: bool = False
    """Whether the numbers are old, or not all there, while it fires: then KPI alerts are held back."""

    @property
    def family(self) -> str:
        """The rules that it is evaluated with."""
        return self.group or "guardrails"

    @property
    def labels(self) -> dict[str, str]:
        """Beside those of the series."""
        stale = "true" if self.stale else ""
        found = {"severity": self.severity, "kpi": self.kpi or "", "owner": self.owner, "group": self.group}
        return {name: value for name, value in {**found, "stale": stale}.items() if value}
