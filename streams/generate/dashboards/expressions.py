"""PromQL of what is shown of a KPI, for a window and a slice."""

from collections.abc import Iterable, Mapping

from streams.engine.kpis.series import SeriesPlan
from streams.generate.promql import selector


def gauge(series: SeriesPlan, where: Mapping[str, str]) -> str:
    return selector(series.gauge, {**series.labels, **where})


def beside(
    family: str, series: SeriesPlan, of_kpi: Iterable[SeriesPlan], where: Mapping[str, str], **more: str
) -> str:
    """The same series in one of the families that all KPIs share; there it has the labels of its KPI's others
    as well, empty."""
    names = dict.fromkeys(name for one in of_kpi for name in one.labels)
    own = {name: series.labels.get(name, "") for name in names}
    return selector(family, {"kpi": series.kpi, **own, **more, **where})


def one(expr: str) -> str:
    """The one value of several boards that tell the same, without labels."""
    return f"max({expr})"


def or_nothing(expr: str) -> str:
    """NaN where there is no value now."""
    return f"{expr} or vector(NaN)"


def by(label: str, expr: str) -> str:
    return f"max by ({label}) ({expr})"
