"""Recording rules: what dashboards and Grafana's alerts need beyond what a gauge shows now."""

from dataclasses import dataclass

from streams.engine.plan import Plan
from streams.generate.pipeline_alerts import pipeline_alerts
from streams.naming import PIPELINE


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that Prometheus keeps of an expression."""

    group: str
    record: str
    expr: str


def recordings(plan: Plan) -> list[Recording]:
    """In the order in which they are evaluated."""
    return [Recording(PIPELINE, "crm:pipeline_stale:bool", _stale(plan))]


def _stale(plan: Plan) -> str:
    """1 while an alert fires that says that the numbers are old or not all there; else 0."""
    names = dict.fromkeys(rule.name for rule in pipeline_alerts(plan) if rule.stale)
    firing = f'ALERTS{{alertname=~"{"|".join(names)}", alertstate="firing", stale="true"}}'
    return f"clamp_max(count({firing}), 1) or vector(0)"
