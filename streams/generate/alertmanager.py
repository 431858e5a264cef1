"""Alertmanager's configuration: whom an alert is sent to, how often again, and what is held back."""

from collections.abc import Iterator
from typing import Any, Final

from streams.engine.plan import Plan
from streams.generate.blocks import yaml_text
from streams.generate.promql import equals
from streams.naming import PIPELINE

PATH: Final = "grafana/alertmanager/alertmanager.yml"
NOTICE: Final = "# DO NOT EDIT: made from the catalog by `kpi generate alertmanager`.\n"

_PLACE: Final = ("alertname", "kpi", "window", "dimension", "member", "partition", "cause")
"""Labels in which the two severities of an alert agree, as far as they have them."""

Part = dict[str, Any]


def texts(plan: Plan) -> dict[str, str]:
    """Path -> text."""
    return {PATH: NOTICE + yaml_text(_document(plan))}


def receivers(plan: Plan) -> list[str]:
    """Each owner, and each owner who is paged."""
    return [name for owner in _owners(plan) for name in (owner, _paged(owner))]


def _document(plan: Plan) -> Part:
    return {
        "route": {
            "receiver": plan.catalog.pipeline.owner,
            "group_by": ["alertname", "kpi"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "24h",
            "routes": [_route(owner) for owner in _owners(plan)],
        },
        "inhibit_rules": list(_inhibitions()),
        "receivers": [_receiver(name, plan.catalog.links.webhook) for name in receivers(plan)],
    }


def _owners(plan: Plan) -> list[str]:
    kpis = plan.catalog.kpis.values()
    return list(dict.fromkeys([plan.catalog.pipeline.owner, *(kpi.owner for kpi in kpis)]))


def _paged(owner: str) -> str:
    return f"{owner} page"


def _route(owner: str) -> Part:
    """A warning reaches the owner's usual place once a day, what is critical pages soon and again."""
    page = {
        "matchers": [equals("severity", "critical")],
        "receiver": _paged(owner),
        "group_wait": "10s",
        "repeat_interval": "4h",
    }
    return {"matchers": [equals("owner", owner)], "receiver": owner, "routes": [page]}


def _inhibitions() -> Iterator[Part]:
    """KPIs say nothing while their numbers are old, and a warning nothing beside what is critical."""
    yield {
        "source_matchers": [equals("stale", "true")],
        "target_matchers": ['kpi=~".+"', f'group!="{PIPELINE}"'],
    }
    yield {
        "source_matchers": [equals("severity", "critical")],
        "target_matchers": [equals("severity", "warning")],
        "equal": list(_PLACE),
    }


def _receiver(name: str, webhook: str | None) -> Part:
    """Without a webhook it is told nothing: what fires is seen in Alertmanager, and on the board."""
    if webhook is None:
        return {"name": name}
    return {"name": name, "webhook_configs": [{"url": webhook, "send_resolved": True}]}
