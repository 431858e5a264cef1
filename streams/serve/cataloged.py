"""The catalog as JSON has it: what the board's pages, and other programs, need to know of each KPI."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.kpis import Alert, Kpi
from streams.engine.kpis.alert_names import alert_name
from streams.engine.kpis.series import SeriesPlan
from streams.engine.plan import Plan
from streams.engine.windows import reach_ms
from streams.human import GROUPS, series_name
from streams.serve.choosing import known_windows


def catalog_document(plan: Plan) -> dict[str, Any]:
    """All KPIs by their groups, windows from the shortest to the longest, and dimensions."""
    catalog = plan.catalog
    guards = _guards(catalog.kpis)
    return {
        "currency": catalog.currency.report,
        "time_zone": catalog.time_zone,
        "groups": [{"id": name, "title": title} for name, title in GROUPS.items()],
        "windows": known_windows(plan),
        "window_seconds": {name: reach_ms(name) / 1000 for name in known_windows(plan)},
        "dimensions": [
            {"name": name, "of": None if one.of is None else list(one.of)}
            for name, one in catalog.dimensions.items()
        ],
        "kpis": [kpi_document(plan, name, guards.get(name, ())) for name in catalog.kpis],
    }


def kpi_document(plan: Plan, name: str, guards: Sequence[str]) -> dict[str, Any]:
    """One KPI. `guards`: the KPIs whose guardrail it is. Its first series is the one that stands for it."""
    kpi = plan.catalog.kpis[name]
    return {
        "kpi": name,
        **kpi.model_dump(mode="json", include=_WORDS),
        "windows": list(kpi.windows),
        "dimensions": list(kpi.dimensions),
        "series": [_series(plan, kpi, one) for one in plan.series if one.kpi == name],
        "guardrails": [{"kpi": one.kpi, "why": one.why} for one in kpi.guardrails],
        "guards": list(guards),
        "alerts": [_alert(name, kpi, alert) for alert in kpi.alerts],
    }


_WORDS = {
    *("title", "group", "goal", "owner", "unit", "good", "target", "benchmark"),
    *("note", "counts", "leaves_out", "differs"),
}


def _guards(kpis: Mapping[str, Kpi]) -> dict[str, list[str]]:
    """KPI -> those whose guardrail it is."""
    found: dict[str, list[str]] = {}
    for name, kpi in kpis.items():
        for guardrail in kpi.guardrails:
            found.setdefault(guardrail.kpi, []).append(name)
    return found


def _series(plan: Plan, kpi: Kpi, series: SeriesPlan) -> dict[str, Any]:
    opened = [measure.name for measure in series.measures if measure.age is not None]
    return {
        "gauge": series.gauge,
        "labels": dict(series.labels),
        "name": series_name(kpi, series.gauge, series.labels),
        "unit": series.unit,
        "windows": list(series.windows),
        "formula": series.formula.text,
        "state_final": bool(series.mature_ms),
        "open_measure": opened[0] if opened else None,
    }


def _alert(kpi_name: str, kpi: Kpi, alert: Alert) -> dict[str, Any]:
    return {
        "name": alert_name(kpi_name, kpi, alert),
        "gauge": alert.gauge or kpi.gauge,
        **alert.model_dump(
            mode="json",
            by_alias=True,
            include={"labels", "windows", "warn", "critical", "clear", "min_samples", "judge", "for_"},
        ),
    }
