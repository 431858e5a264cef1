"""All files of Grafana."""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.models.dashboard import Dashboard

from streams.engine.plan import Plan
from streams.generate.dashboards.frame import text
from streams.generate.dashboards.groups import TITLES, group_dashboard, names_of
from streams.generate.dashboards.guardrails import guardrail_dashboard
from streams.generate.dashboards.overview import overview
from streams.generate.dashboards.pipeline import pipeline_dashboard
from streams.naming import PIPELINE

DIRECTORY: Final = "grafana/dashboards"


def texts(plan: Plan) -> Mapping[str, str]:
    """Relative path -> text."""
    return {f"{DIRECTORY}/{name}.json": text(made) for name, made in dashboards(plan).items()}


def dashboards(plan: Plan) -> dict[str, Dashboard]:
    """Name -> dashboard; those of groups and guardrails only if the catalog has such."""
    groups = [group for group in TITLES if group != PIPELINE and names_of(plan, group)]
    guarded = any(kpi.guardrails for kpi in plan.catalog.kpis.values())
    return {
        "overview": overview(plan),
        **{group: group_dashboard(plan, group) for group in groups},
        PIPELINE: pipeline_dashboard(plan),
        **({"guardrails": guardrail_dashboard(plan)} if guarded else {}),
    }
