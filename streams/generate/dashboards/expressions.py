"""PromQL of what is shown of a KPI, for a window and a slice."""

from collections.abc import Iterable, Mapping

from streams.engine.kpis.series import SeriesPlan
from streams.generate.promql import labels_beside, selector


def gauge(series: SeriesPlan, where: Mapping[str, str]) -> str:
    return selector(series.gauge, {**series.labels, **where})


def beside(
    family: str, series: SeriesPlan, of_kpi: Iterable[SeriesPlan], where: Mapping[str, str], **more: str
) -> str:
    """The same series in one of the families that all KPIs share."""
    return selector(family, {**labels_beside(series, of_kpi), **more, **where})


def one(expr: str) -> str:
    """The one value of several boards that tell the same, without labels."""
    return f"max({expr})"


def or_nothing(expr: str) -> str:
    """NaN where there is no value now."""
    return f"{expr} or vector(NaN)"


def by(label: str, expr: str) -> str:
    return f"max by ({label}) ({expr})"
