"""PromQL as text: selectors, numbers, and which way is worse."""

from collections.abc import Iterable, Mapping
from typing import Final

from streams.engine.kpis.series import SeriesPlan
from streams.naming import SLICE_LABELS

BY_SLICE: Final = ", ".join(SLICE_LABELS)
BEYOND: Final[Mapping[str, str]] = {"up": "<", "down": ">"}
"""Direction that is good -> the comparison that a bad value meets; one exactly at the threshold does not."""
NOT_BEYOND: Final[Mapping[str, str]] = {"up": ">=", "down": "<="}
"""Direction that is good -> the comparison that a value meets which is good enough."""
WORST: Final[Mapping[str, str]] = {"up": "min", "down": "max"}
"""Direction that is good -> what gives the worst of several values."""


def selector(metric: str, labels: Mapping[str, str], *matchers: str) -> str:
    """metric{name="value", matcher}"""
    inside = [*(equals(name, value) for name, value in labels.items()), *matchers]
    return f"{metric}{{{', '.join(inside)}}}" if inside else metric


def labels_beside(series: SeriesPlan, all_series: Iterable[SeriesPlan]) -> dict[str, str]:
    """A series' labels in one of the families that all KPIs share: there it has those of its KPI's other
    series as well, empty."""
    names = dict.fromkeys(name for one in all_series if one.kpi == series.kpi for name in one.labels)
    return {"kpi": series.kpi, **{name: series.labels.get(name, "") for name in names}}


def equals(name: str, value: str) -> str:
    quoted = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{name}="{quoted}"'


def one_of(name: str, values: Iterable[str]) -> str:
    """A matcher for some of the catalog's words, which have nothing in them that a regex reads otherwise."""
    words = list(values)
    return equals(name, words[0]) if len(words) == 1 else f'{name}=~"{"|".join(words)}"'


def number(value: float) -> str:
    """As short as it is exact, without an exponent that people stumble over."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
