"""What Grafana reads when it starts: the data source, where the dashboards lie, and copies of the alerts."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, Final

from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.alerts import alert_rules
from streams.generate.blocks import yaml_text
from streams.generate.dashboards.names import FOLDER, SOURCE, SOURCE_UID
from streams.naming import PIPELINE, STALE_RECORD

DIRECTORY: Final = "grafana/provisioning"
NOTICE: Final = "# DO NOT EDIT: made from the catalog by `kpi generate dashboards`.\n"
DASHBOARDS: Final = "/etc/grafana/dashboards"
"""Where the dashboards lie in Grafana's container."""
_SCRAPED: Final = "5s"
_EVALUATED: Final = "30s"
_ANY: Final = 10**18
"""Beyond every value: what a query gives back is what fires, whatever it is."""

Part = dict[str, Any]


def texts(plan: Plan) -> dict[str, str]:
    """Relative path -> text."""
    documents = {
        "datasources/prometheus": _data_sources(),
        "dashboards/crm": _dashboards(),
        "alerting/rules": _alerting(alert_rules(plan)),
    }
    return {f"{DIRECTORY}/{name}.yaml": NOTICE + yaml_text(made) for name, made in documents.items()}


def _data_sources() -> Part:
    prometheus = {
        "name": SOURCE,
        "uid": SOURCE_UID,
        "type": "prometheus",
        "access": "proxy",
        "url": "http://prometheus:9090",
        "isDefault": True,
        "editable": False,
        "jsonData": {"httpMethod": "POST", "prometheusType": "Prometheus", "timeInterval": _SCRAPED},
    }
    return {"apiVersion": 1, "datasources": [prometheus]}


def _dashboards() -> Part:
    provider = {
        "name": "crm-kpis",
        "type": "file",
        "folder": FOLDER,
        "folderUid": "crm-kpis",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": DASHBOARDS},
    }
    return {"apiVersion": 1, "providers": [provider]}


# -- Alerts -----------------------------------------------------------------------------------------------


def _alerting(rules: Sequence[AlertRule]) -> Part:
    named = list(zip(rules, _titles(rules), strict=True))
    groups = [
        {
            "orgId": 1,
            "name": f"crm-{group}",
            "folder": FOLDER,
            "interval": _EVALUATED,
            "rules": [_rule(rule, title) for rule, title in of_group],
        }
        for group, of_group in groupby(named, key=lambda pair: _group(pair[0]))
    ]
    return {"apiVersion": 1, "groups": groups}


def _titles(rules: Sequence[AlertRule]) -> Iterator[str]:
    """CrmChurn critical; with a number behind it where there are several."""
    seen: Counter[str] = Counter()
    for rule in rules:
        title = f"{rule.name} {rule.severity}"
        seen[title] += 1
        yield title if seen[title] == 1 else f"{title} {seen[title]}"


def _group(rule: AlertRule) -> str:
    return rule.family


def _is_template(text: str) -> bool:
    return "{{" in text


def _rule(rule: AlertRule, title: str) -> Part:
    return {
        "uid": f"crm-{sha256(title.encode()).hexdigest()[:16]}",
        "title": title,
        "condition": "B",
        "data": [_asked("A", SOURCE_UID, _query(_expr(rule))), _asked("B", "__expr__", _fires())],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": rule.for_,
        "keepFiringFor": rule.keep_firing_for,
        "labels": {name: value for name, value in rule.labels.items() if not _is_template(value)},
        "annotations": {name: _for_grafana(text) for name, text in rule.annotations.items()},
    }


def _expr(rule: AlertRule) -> str:
    """Grafana cannot inhibit an alert by another: while numbers are stale, those of KPIs have no value.

    As in Alertmanager, dead letters are told all the same: they may be why.
    """
    if rule.group == PIPELINE:
        return rule.bare_expr
    return f"(\n{rule.bare_expr}\n)\nunless on () (\n{STALE_RECORD} == 1\n)"


def _asked(letter: str, source: str, model: Part) -> Part:
    return {
        "refId": letter,
        "relativeTimeRange": {"from": 600, "to": 0},
        "datasourceUid": source,
        "model": {"refId": letter, **model},
    }


def _query(expr: str) -> Part:
    return {"expr": expr, "instant": True, "range": False, "intervalMs": 1000, "maxDataPoints": 43200}


def _fires() -> Part:
    evaluator = {"type": "within_range", "params": [-_ANY, _ANY]}
    return {
        "type": "threshold",
        "expression": "A",
        "datasource": {"type": "__expr__", "uid": "__expr__"},
        "conditions": [{"evaluator": evaluator}],
    }


_ASKED_AGAIN: Final = re.compile(
    r"From \{\{ with printf .*?\| query \}\}.*?\{\{ end \}\} samples, of at least (\d+)"
)
"""What an alert says after asking Prometheus once more; templates of Grafana cannot."""

_TITLE_ASKED: Final = re.compile(
    r"\{\{ with printf `[^`]*` (\$labels\.\w+) \| query \}\}"
    r'\{\{ \. \| first \| label "title" \}\}\{\{ end \}\}'
)
_WINDOWS_ASKED: Final = re.compile(r"(:|\?window=)\{\{ (range|with) printf .*?sortByLabel.*?\{\{ end \}\}")


def _for_grafana(text: str) -> str:
    """An annotation of Prometheus as Grafana fills it in: its `$value` tells of all queries at once."""
    text = _WINDOWS_ASKED.sub("", _TITLE_ASKED.sub(r"{{ \1 }}", text))
    return _ASKED_AGAIN.sub(r"From at least \1 samples", text).replace("$value", "$values.A.Value")
