"""The alerts of a catalog: one list, which rules, their tests, runbooks, routes and Grafana's copies read."""

from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.guardrail_alert import guardrail_alert
from streams.generate.kpi_alerts import kpi_alerts
from streams.generate.pipeline_alerts import pipeline_alerts


def alert_rules(plan: Plan) -> list[AlertRule]:
    """All rules. Those of one alert stand together, the graver first."""
    return [*kpi_alerts(plan), *guardrail_alert(plan), *pipeline_alerts(plan)]
