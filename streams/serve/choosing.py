"""Choosing: which of the readings that are shown somebody asks for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, get_args

from schemas.words import Window
from streams.engine.kpis.guardrails import first_series
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.engine.windows import nearest_window
from streams.naming import ALL


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; what is left out may be anything."""

    kpis: frozenset[str] | None = None
    windows: frozenset[str] | None = None
    dimensions: frozenset[str] | None = None
    members: frozenset[str] | None = None
    first: bool = False
    """Of each KPI only the series that stands for it."""
    nearest: bool = False
    """A series that lacks the one window that is asked for gives its nearest instead."""
    judged: bool = False
    """Beside them the series that alerts judge, in the windows of the alerts."""

    @classmethod
    def of(cls, asked: Mapping[str, Sequence[str]]) -> Self:
        """Of the parameters kpi, window, dimension, member, series, nearest and judged."""
        return cls(
            kpis=among(asked, "kpi"),
            windows=among(asked, "window"),
            dimensions=among(asked, "dimension"),
            members=among(asked, "member"),
            first="series" in asked,
            nearest="nearest" in asked,
            judged="judged" in asked,
        )

    def allows(self, reading: Reading) -> bool:
        """By slice alone. Every member is told exactly; what stands in the place of small ones is not."""
        return (
            reading.fold != "other"
            and (self.dimensions is None or reading.dimension in self.dimensions)
            and (self.members is None or reading.member in self.members)
        )


def among(asked: Mapping[str, Sequence[str]], name: str) -> frozenset[str] | None:
    """The values of a parameter; None, for any, where it is not asked."""
    return frozenset(asked[name]) if name in asked else None


def known_windows(plan: Plan) -> list[str]:
    """Those that some series has, from the shortest to the longest."""
    windows = {window for series in plan.series for window in series.windows}
    return [window for window in get_args(Window) if window in windows]


def known_dimensions(plan: Plan) -> list[str]:
    """`all`, and those that some series is sliced by."""
    dimensions = {dimension for series in plan.series for dimension in series.dimensions}
    return [ALL, *(name for name in plan.catalog.dimensions if name in dimensions)]


class Chooser:
    """Chooses by a filter, from readings sorted by KPI."""

    def __init__(self, plan: Plan, wanted: Filter) -> None:
        self.kpis = [name for name in plan.catalog.kpis if wanted.kpis is None or name in wanted.kpis]
        """Whose readings may be among them, in the order of the catalog."""
        self._wanted = wanted
        firsts = first_series(plan).values()
        chosen = firsts if wanted.first else plan.series
        self._windows = {series_key(one.gauge, one.labels): _windows(one.windows, wanted) for one in chosen}
        if wanted.judged:
            for one in plan.series:
                key = series_key(one.gauge, one.labels)
                self._windows[key] = [*self._windows.get(key, ()), *one.judge.alerts]

    def choose(self, readings: Mapping[str, Iterable[Reading]]) -> Iterator[Reading]:
        for kpi in self.kpis:
            for reading in readings.get(kpi, ()):
                if self._wanted.allows(reading) and reading.window in self._windows_of(reading):
                    yield reading

    def _windows_of(self, reading: Reading) -> Sequence[str]:
        return self._windows.get(series_key(reading.gauge, reading.labels), ())


def series_key(gauge: str, labels: Mapping[str, str]) -> tuple[object, ...]:
    """What tells a series from all others."""
    return (gauge, *sorted(labels.items()))


def _windows(windows: Sequence[str], wanted: Filter) -> Sequence[str]:
    """Those of a series that are asked for."""
    if wanted.windows is None:
        return windows
    found = [name for name in windows if name in wanted.windows]
    if not found and wanted.nearest:
        return [nearest_window(next(iter(wanted.windows)), windows)]
    return found
