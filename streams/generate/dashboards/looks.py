"""Units, colours and thresholds: how a KPI looks wherever it is shown."""

from collections.abc import Iterable, Mapping
from math import inf, nextafter
from typing import Final

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, Threshold, ThresholdsMode

from schemas.kpis import Kpi
from streams.engine.kpis.series import SeriesPlan

GREEN: Final = "green"
AMBER: Final = "orange"
RED: Final = "red"
PLAIN: Final = "blue"
"""Of what is neither good nor bad."""
GREY: Final = "#8e8e8e"

_UNITS: Final[Mapping[str, str]] = {
    "count": "short",
    "ratio": "percentunit",
    "seconds": "s",
    "points": "suffix: points",
    "years": "suffix: years",
    "months": "suffix: months",
}
_DECIMALS: Final[Mapping[str, int]] = {"ratio": 1, "seconds": 1, "points": 1, "years": 1, "months": 1}
_KNOWN: Final = frozenset(value for value in vars(units).values() if isinstance(value, str))


def unit_of(unit: str, currency: str) -> str:
    """Grafana's name of a unit. Of a currency that it does not know, the code stands before the number."""
    if unit != "money":
        return _UNITS[unit]
    known = f"currency{currency}"
    return known if known in _KNOWN else f"currency:{currency} "


def decimals_of(unit: str) -> int | None:
    """None where Grafana decides by the size of the number."""
    return _DECIMALS.get(unit)


# -- Thresholds -------------------------------------------------------------------------------------------


def thresholds_of(kpi: Kpi, series: SeriesPlan, stands: bool) -> ThresholdsConfig:
    """Of a series, by its alert; without one by the target, if it `stands` for the KPI; else none."""
    return thresholds(steps_of(kpi, series, stands))


def thresholds(steps: Iterable[tuple[float | None, str]]) -> ThresholdsConfig:
    """A value from a step on has its colour; the first one has no beginning."""
    listed = [Threshold(value=value, color=color) for value, color in steps]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(listed)


def steps_of(kpi: Kpi, series: SeriesPlan, stands: bool) -> list[tuple[float | None, str]]:
    """Where each colour begins, from the lowest value on."""
    limits = limits_of(kpi, series, stands)
    if not limits or kpi.good == "none":
        return [(None, PLAIN)]
    colors = [GREEN, *(color for color in (AMBER, RED) if color in limits)]
    edges = sorted(limits.values())
    if kpi.good == "up":
        colors.reverse()
    else:  # a step holds from its value on, but what is exactly at the limit is still good
        edges = [nextafter(edge, inf) for edge in edges]
    return [(None, colors[0]), *zip(edges, colors[1:], strict=True)]


def limits_of(kpi: Kpi, series: SeriesPlan, stands: bool) -> dict[str, float]:
    """Colour -> beyond what it is so bad."""
    alert = next(iter(series.judge.alerts.values()), None)
    if alert is None:
        return {AMBER: kpi.target} if stands and kpi.target is not None else {}
    graver = {} if alert.critical is None else {RED: alert.critical}
    return graver if alert.warn == alert.critical else {AMBER: alert.warn, **graver}


def plain() -> FieldColor:
    """Each series a colour of its own."""
    return FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC)


def by_thresholds() -> FieldColor:
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def fixed(color: str) -> FieldColor:
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(color)


def above(warn: float, critical: float | None = None) -> ThresholdsConfig:
    """Green up to and with `warn`; beyond it amber and then red, or red at once."""
    if critical is None:
        return thresholds([(None, GREEN), (nextafter(warn, inf), RED)])
    return thresholds([(None, GREEN), (nextafter(warn, inf), AMBER), (nextafter(critical, inf), RED)])
