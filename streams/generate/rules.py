"""Prometheus' rules: the alerts of the KPIs and of the pipeline, and what is recorded, a file each."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.alerts import alert_rules
from streams.generate.blocks import yaml_text
from streams.generate.recordings import Recording, recordings
from streams.naming import PIPELINE

DIRECTORY: Final = "grafana/prometheus/rules"
NOTICE: Final = "# DO NOT EDIT: made from the catalog by `kpi generate rules`.\n"
INTERVAL: Final = "30s"
"""How often rules are evaluated."""
_INTERVALS: Final = {"crm-targets": "2m"}
"""Of groups that have time."""

Part = dict[str, Any]


def texts(plan: Plan) -> dict[str, str]:
    """Path -> text."""
    rules = alert_rules(plan)
    files = {
        "kpis": _by_group([rule for rule in rules if rule.group != PIPELINE or rule.kpi]),
        "pipeline": _by_group([rule for rule in rules if rule.group == PIPELINE and not rule.kpi]),
        "recording": _recorded(recordings(plan)),
    }
    return {
        f"{DIRECTORY}/{name}.yaml": NOTICE + yaml_text({"groups": groups}) for name, groups in files.items()
    }


def _by_group(rules: Iterable[AlertRule]) -> list[Part]:
    """A group of rules for each group of KPIs: what is evaluated one after the other."""
    return [
        _group(f"crm-{name}", [_alert(rule) for rule in of_group])
        for name, of_group in groupby(rules, key=lambda rule: rule.family)
    ]


def _recorded(found: Sequence[Recording]) -> list[Part]:
    return [
        _group(f"crm-{name}", [_record(one) for one in of_group])
        for name, of_group in groupby(found, key=lambda one: one.group)
    ]


def _group(name: str, rules: list[Part]) -> Part:
    return {"name": name, "interval": _INTERVALS.get(name, INTERVAL), "rules": rules}


def _record(one: Recording) -> Part:
    labels = {"labels": dict(one.labels)} if one.labels else {}
    return {"record": one.record, "expr": one.expr, **labels}


def _alert(rule: AlertRule) -> Part:
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": rule.for_,
        "keep_firing_for": rule.keep_firing_for,
        "labels": rule.labels,
        "annotations": dict(rule.annotations),
    }
