"""Numbers and names as people read them: on the page, in the terminal, and in sentences."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from schemas.kpis import Kpi
from streams.naming import OWN_LABELS

NONE: Final = "–"
GROUPS: Final = {
    "sales": "Sales",
    "support": "Support",
    "customers": "Customers",
    "campaigns": "Campaigns",
    "health": "CRM health",
    "pipeline": "Pipeline",
}
"""Group of KPIs -> its title, in the order in which they are shown."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_LARGE: Final = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"))


def format_value(value: float | None, unit: str, currency: str | None = None) -> str:
    """A reading's value: 12.3 %, 2 h 14 min, USD 1,234.50. A dash where there is none."""
    if value is None:
        return NONE
    if unit == "ratio":
        return f"{100 * value:,.1f} %"
    if unit == "seconds":
        return format_seconds(value)
    if unit == "money":
        return f"{currency or ''} {_large(value, 2)}".strip()
    if unit == "points":
        return f"{value:+.1f}"
    if unit in ("years", "months"):
        return f"{value:,.1f} {unit}"
    return _large(value, 0 if value == int(value) else 2)


def in_words(value: float, unit: str, currency: str | None = None) -> str:
    """As within a sentence, without decimals that are 0: 40 %, +30 points, USD 1,200."""
    text = re.sub(r"\.0+(?= |$)", "", format_value(value, unit, currency))
    return f"{text} points" if unit == "points" else text


def format_seconds(seconds: float) -> str:
    """The two largest units that count: 3 d 4 h, 2 h 14 min, 4 min 12 s, 9.5 s, 350 ms."""
    sign, whole = "-" if seconds < 0 else "", round(abs(seconds))
    if abs(seconds) < 1:
        return f"{sign}{abs(seconds) * 1000:.0f} ms" if seconds else "0 s"
    if abs(seconds) < 10:
        return f"{sign}{abs(seconds):.1f} s"
    return sign + _two_units(whole)


def _two_units(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY:,} d {seconds % _DAY // _HOUR} h"


def _large(value: float, decimals: int) -> str:
    """1,234; from a million on with three or more digits that count: 1.23 M."""
    for size, name in _LARGE:
        if abs(value) >= size:
            return f"{value / size:,.2f} {name}"
    return f"{value:,.{decimals}f}"


def series_name(kpi: Kpi, gauge: str, labels: Mapping[str, str]) -> str:
    """What tells a series from the KPI's others: `p90, calendar`, `mean`, `oldest`. Empty for a lone one."""
    names = [_label(name, labels[name]) for name in own_labels(labels) if name != "currency"]
    return ", ".join(filter(None, [gauge_extra(kpi, gauge), *names]))


def gauge_extra(kpi: Kpi, gauge: str) -> str:
    """What a gauge tells of beyond the KPI's own: `oldest`. Empty for the KPI's own."""
    return gauge.removeprefix(kpi.gauge).removesuffix("_seconds").strip("_").replace("_", " ")


def own_labels(labels: Mapping[str, object]) -> list[str]:
    """The names of a KPI's own labels, in the one order that is used everywhere."""
    return [name for name in OWN_LABELS if name in labels] + sorted(labels.keys() - set(OWN_LABELS))


def _label(name: str, value: str) -> str:
    if name == "quantile" and value.replace(".", "", 1).isdigit():
        return f"p{float(value) * 100:g}"
    return f"{name} {value}" if value in ("all", "unknown") else value


def rfc3339(time_ms: int) -> str:
    """2025-11-22T08:26:40.000Z"""
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
