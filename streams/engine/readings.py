"""Readings: every KPI's value for its windows and slices, from windowed sums of panes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import msgspec

from streams.engine.facts import NEVER
from streams.engine.formulas import Figures
from streams.engine.measures import Measure
from streams.engine.panes import DAY, HOUR, HOUR_MS, MINUTE, MINUTE_MS
from streams.engine.plan import Plan, SeriesPlan
from streams.engine.windows import AHEAD_MS, Window, window
from streams.naming import ALL, cell, split_cell


class Reading(msgspec.Struct, frozen=True):
    """A KPI's value for a window and a slice. `value` is in the gauge's unit, None where there is none."""

    kpi: str
    gauge: str
    window: str
    dimension: str
    member: str
    labels: Mapping[str, str]
    value: float | None
    numerator: int | None
    denominator: int | None
    samples: int | None
    lower: float | None = None
    upper: float | None = None
    verdict: str | None = None


class Sums(Protocol):
    """The panes of all partitions, summed. Cells that are 0 may be left out."""

    def window(self, tier: str, start_ms: int, end_ms: int) -> Mapping[str, int]:
        """Cell -> sum over the panes of a tier that start in [start_ms, end_ms]."""

    def totals(self) -> Mapping[str, int]:
        """Cell -> running total."""

    def cells(self) -> Iterable[str]:
        """Every cell that is not 0 in some pane or total."""

    def first_pane(self, tier: str, cell: str, start_ms: int, end_ms: int) -> int | None:
        """Start of the earliest pane of a tier in [start_ms, end_ms) in which a cell is not 0."""

    def oldest_ms(self, measure: str) -> int | None:
        """Since when the longest waiting subject of a measure has been waiting, exactly."""


def readings(plan: Plan, sums: Sums, now_ms: int, *, ahead: bool) -> list[Reading]:
    """All readings at `now_ms`. `ahead`: windows end at the wall clock and take panes five minutes ahead."""
    return list(_Reader(plan, sums, now_ms, AHEAD_MS if ahead else 0).all())


@dataclass(slots=True)
class _Index:
    """The cells, by what they hold."""

    members: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(measure, dimension) -> members."""
    buckets: dict[tuple[str, str, str], list[tuple[int, str]]] = field(default_factory=dict)
    """(measure, dimension, member) -> (bucket, cell)."""

    @classmethod
    def of(cls, cells: Iterable[str]) -> "_Index":
        index = cls()
        for name in cells:
            part, dimension, member = split_cell(name)
            measure, _, suffix = part.partition(".")
            index.members.setdefault((measure, dimension), set()).add(member)
            if suffix.startswith("b") and suffix[1:].isdigit():
                index.buckets.setdefault((measure, dimension, member), []).append((int(suffix[1:]), name))
        return index


class _Reader:
    def __init__(self, plan: Plan, sums: Sums, now_ms: int, ahead_ms: int) -> None:
        self._plan = plan
        self.sums = sums
        self.now_ms = now_ms
        self._ahead_ms = ahead_ms
        self.index = _Index.of(sums.cells())
        self.totals = sums.totals()
        self._cache: dict[tuple[str, int, int], Mapping[str, int]] = {}
        money = Fraction(1, 10**plan.catalog.currency.digits)
        self._scales = {"money": money, "seconds": Fraction(1, 1000)}

    def all(self) -> Iterator[Reading]:
        windows = {name: window(name, self._plan.calendar, self.now_ms) for name in self._window_names()}
        for series in self._plan.series:
            for name in series.windows:
                for dimension in (ALL, *series.dimensions):
                    for member in self._members(series, dimension):
                        reading = self._reading(series, windows[name], dimension, member)
                        if reading.value is not None or dimension == ALL:
                            yield reading

    def panes(self, measure: Measure, window_: Window) -> Mapping[str, int]:
        """Cell -> sum over a window, as the measure takes it. No panes for `now`."""
        if not window_.tier:
            return {}
        end_ms = self.now_ms + (self._ahead_ms if measure.ahead else 0)
        key = (window_.tier, window_.start_ms, end_ms - end_ms % MINUTE_MS)
        if key not in self._cache:
            self._cache[key] = self.sums.window(*key)
        return self._cache[key]

    def first_pane(self, name: str) -> int | None:
        """Start of the finest pane that is kept of the earliest moment at which a cell is not 0."""
        calendar = self._plan.calendar
        day = self.sums.first_pane(DAY, name, NEVER, self.now_ms + self._ahead_ms + 1)
        if day is None:
            return None
        hour = self.sums.first_pane(HOUR, name, day, calendar.day_start_ms(calendar.day(day) + 1))
        if hour is None:
            return day
        minute = self.sums.first_pane(MINUTE, name, hour, hour + HOUR_MS)
        return hour if minute is None else minute

    def _window_names(self) -> set[str]:
        return {name for series in self._plan.series for name in series.windows}

    def _members(self, series: SeriesPlan, dimension: str) -> list[str]:
        if dimension == ALL:
            return [ALL]
        found = (self.index.members.get((measure.name, dimension), ()) for measure in series.measures)
        return sorted({member for members in found for member in members})

    def _reading(self, series: SeriesPlan, window_: Window, dimension: str, member: str) -> Reading:
        slice_ = _Slice(self, window_, dimension, member)
        figures = series.formula.evaluate(slice_)
        if series.requires and not any(slice_.sum(measure) for measure in series.requires):
            figures = figures._replace(value=None)
        return Reading(
            kpi=series.kpi,
            gauge=series.gauge,
            window=window_.name,
            dimension=dimension,
            member=member,
            labels=series.labels,
            value=self._value(series, figures),
            numerator=figures.numerator,
            denominator=figures.denominator,
            samples=figures.samples,
        )

    def _value(self, series: SeriesPlan, figures: Figures) -> float | None:
        if figures.value is None:
            return None
        return float(figures.value * self._scales.get(series.unit, Fraction(1)))


@dataclass(frozen=True, slots=True)
class _Slice:
    """One window and slice, as formulas read it (`streams.engine.formulas.Slice`)."""

    reader: _Reader
    window: Window
    dimension: str
    member: str

    def sum(self, measure: Measure) -> int:
        return self._read(self.reader.panes(measure, self.window).get, measure.name)

    def total(self, measure: Measure) -> int:
        return self._read(self.reader.totals.get, measure.name)

    def suffix(self, measure: Measure, suffix: str) -> int:
        return self._read(self.reader.panes(measure, self.window).get, f"{measure.name}.{suffix}")

    def buckets(self, measure: Measure) -> Mapping[int, int]:
        panes = self.reader.panes(measure, self.window)
        cells = self.reader.index.buckets.get((measure.name, self.dimension, self.member), ())
        return {bucket: number for bucket, name in cells if (number := panes.get(name, 0))}

    def oldest_ms(self, measure: Measure) -> int | None:
        """Of the whole from the waiting list, exactly; of a slice to the width of the pane it began in."""
        sums = self.reader.sums
        if self.dimension == ALL:
            since = sums.oldest_ms(measure.name)
        else:
            since = self.reader.first_pane(cell(f"{measure.name}.age", self.dimension, self.member))
        return None if since is None else max(0, self.reader.now_ms - since)

    def _read(self, get: Callable[[str, int], int], part: str) -> int:
        return get(cell(part, self.dimension, self.member), 0)
