"""What all dashboards have: their variables, links to each other, alerts as annotations, and their text."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
from grafana_foundation_sdk.builders.dashboard import DashboardLink as Link
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationContainer,
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardDashboardTemplating,
    DashboardLinkType,
)

from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.layout import Section, placed
from streams.generate.dashboards.source import SOURCE, source_choice

TAG: Final = "crm-kpis"
_STEP: Final = "30s"
MARK: Final = "DO NOT EDIT: made from the catalog by `kpi generate dashboards`."


@dataclass(frozen=True, slots=True)
class Frame:
    """A dashboard without its panels. `name` is that of its file, and with `crm-` before it its uid."""

    name: str
    title: str
    description: str
    choices: Choices
    groups: Sequence[str] = ()
    """Whose alerts are marked in time; all when there are none."""
    span: str = "24h"
    """How much time is shown at first."""


@dataclass(frozen=True, slots=True)
class Made:
    """A dashboard in Grafana's form, and what its variables can be."""

    dashboard: Dashboard
    choices: Choices


def dashboard(plan: Plan, frame: Frame, sections: Iterable[Section]) -> Made:
    """The panels are made before the variables: they say which they need."""
    builder = Builder(frame.title).uid(f"crm-{frame.name}").description(f"{frame.description} {MARK}")
    builder = builder.tags([TAG, "generated"]).timezone(_time_zone(plan)).week_start("monday")
    builder = builder.time(f"now-{frame.span}", "now").refresh("30s").tooltip(DashboardCursorSync.CROSSHAIR)
    builder = builder.link(_others()).link(_outside("KPI board", plan.catalog.links.board))
    builder = builder.link(_outside("KPI reference", f"{plan.catalog.links.board}/docs/kpis"))
    made = builder.build()
    made.panels = placed(sections)
    made.templating = DashboardDashboardTemplating([source_choice(), *frame.choices.variables()])
    made.annotations = AnnotationContainer([_Alerts(frame.groups)])
    return Made(made, frame.choices)


def _time_zone(plan: Plan) -> str:
    return "utc" if plan.catalog.time_zone == "UTC" else plan.catalog.time_zone


def _others() -> Link:
    """To all dashboards of ours, with the same choices and time."""
    link = Link("Dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True).icon("external link")


def _outside(title: str, address: str) -> Link:
    return Link(title).type(DashboardLinkType.LINK).url(address).target_blank(True).icon("doc")


class _Alerts(AnnotationQuery):
    """Alerts while they fire, as Prometheus remembers them. The library does not know how one names them."""

    def __init__(self, groups: Sequence[str]) -> None:
        of = f', group=~"{"|".join(groups)}"' if groups else ""
        expr = f'ALERTS{{alertstate="firing"{of}}}'
        super().__init__("Alerts", SOURCE, True, False, "red", expr=expr)

    def to_json(self) -> dict[str, object]:
        """With the query also where newer versions of Grafana look for it."""
        return super().to_json() | {
            "target": {"refId": "Anno", "expr": self.expr, "interval": _STEP},
            "step": _STEP,
            "tagKeys": "severity,owner",
            "titleFormat": "{{alertname}}",
            "textFormat": "{{severity}} {{window}} {{dimension}} {{member}} {{partition}} {{source}}",
        }


def text(made: Dashboard) -> str:
    """JSON in one order: the description, which begins with what is to be known first; then all by name."""
    found: dict[str, Any] = json.loads(json.dumps(made, cls=JSONEncoder, sort_keys=True))
    return json.dumps({"description": found["description"], **found}, indent=1, ensure_ascii=False) + "\n"
