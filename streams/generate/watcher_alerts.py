"""Alerts about those who watch: rules that fail, and alerts that reach nobody."""

from collections.abc import Iterator
from typing import Final

from schemas.pipeline import Pipeline
from streams import naming
from streams.generate.trouble import Trouble

RULE_FAILURES: Final = "prometheus_rule_evaluation_failures_total"
UNSENT: Final = (
    "prometheus_notifications_errors_total",
    "prometheus_notifications_dropped_total",
    "alertmanager_notifications_failed_total",
)
"""Prometheus could not tell Alertmanager, or Alertmanager not who is to be told."""


def watcher_troubles(limits: Pipeline) -> Iterator[Trouble]:
    """Of Prometheus and Alertmanager, as they say themselves."""
    yield Trouble(
        "CrmRulesFail",
        {"warning": f"sum by (rule_group) (increase({RULE_FAILURES}[15m])) > 0"},
        limits.processes,
        "Rules of {{ $labels.rule_group }} fail",
        "Prometheus cannot evaluate them: what they should tell is not told, what they record is missing.",
        "Alerts",
    )
    yield Trouble(
        "CrmAlertmanagerDown",
        {"critical": f'up{{job="{naming.ALERTMANAGER_JOB}"}} == 0'},
        limits.processes,
        "Alertmanager at {{ $labels.instance }} does not answer",
        "With no other, nobody is told of anything, this included: it is seen in Prometheus and Grafana.",
        "Alerts",
    )
    yield Trouble(
        "CrmAlertsNotSent",
        {"warning": "\nor\n".join(f"sum by (job) (increase({one}[15m])) > 0" for one in UNSENT)},
        limits.processes,
        "{{ $labels.job }} could not tell of alerts",
        "Somebody who should know does not: a receiver, or Alertmanager itself, refuses or does not answer.",
        "Alerts",
    )
