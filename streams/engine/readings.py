"""Readings: every KPI's value for its windows and slices, from windowed sums of panes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import groupby, repeat
from operator import attrgetter
from typing import Final, Protocol

import msgspec

from streams.engine.buckets import Counts
from streams.engine.facts import NEVER
from streams.engine.folding import Fold, Folded, Folding, Others
from streams.engine.formulas import Number
from streams.engine.measures.base import Measure
from streams.engine.panes import DAY, HOUR, HOUR_MS, MINUTE, MINUTE_MS
from streams.engine.plan import Plan, SeriesPlan
from streams.engine.verdicts import Verdict
from streams.engine.windows import AHEAD_MS, Window, reach_ms, window
from streams.naming import ALL, cell, split_cell

Slice = tuple[str, str]
"""(dimension, member)."""
WHOLE: Final[Slice] = (ALL, ALL)


class Reading(msgspec.Struct, frozen=True, gc=False):
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
    previous: float | None = None
    """Over the whole panes before those that `change` compares it with, in the gauge's unit."""
    change: float | None = None
    """Against the window before: relative, or the difference of a score in points."""
    previous_samples: int | None = None
    lower: float | None = None
    upper: float | None = None
    verdict: Verdict = "none"
    fold: Fold | None = None


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


def readings(plan: Plan, sums: Sums, now_ms: int, *, ahead: bool, folds: bool = False) -> list[Reading]:
    """All readings at `now_ms`. `ahead`: windows end at the wall clock and take panes five minutes ahead.

    `folds`: small members of large dimensions are marked, and there are readings of all of them together.
    """
    return list(_Reader(plan, sums, now_ms, AHEAD_MS if ahead else 0, folds=folds).all())


@lru_cache(maxsize=2**17)
def _parsed(name: str) -> tuple[str, Slice, int | None]:
    """(measure, slice, bucket) of a cell; bucket None for what is none."""
    part, dimension, member = split_cell(name)
    measure, _, suffix = part.partition(".")
    is_bucket = suffix.startswith("b") and suffix[1:].isdigit()
    return measure, (dimension, member), int(suffix[1:]) if is_bucket else None


@dataclass(slots=True)
class _Index:
    """The cells, by what they hold."""

    members: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(measure, dimension) -> members."""
    buckets: dict[tuple[str, Slice], dict[int, str]] = field(default_factory=dict)
    """(measure, slice) -> bucket -> cell; the shortest durations first."""

    @classmethod
    def of(cls, cells: Iterable[str]) -> "_Index":
        index = cls()
        for name in cells:
            measure, slice_, bucket = _parsed(name)
            dimension, member = slice_
            index.members.setdefault((measure, dimension), set()).add(member)
            if bucket is not None:
                index.buckets.setdefault((measure, slice_), {})[bucket] = name
        index.buckets = {key: dict(sorted(cells.items())) for key, cells in index.buckets.items()}
        return index


class _Cells(dict[str, str]):
    """Part -> its cell in one slice."""

    def __init__(self, slice_: Slice) -> None:
        self._slice = slice_

    def __missing__(self, part: str) -> str:
        name = self[part] = cell(part, *self._slice)
        return name


class _Reader:
    def __init__(self, plan: Plan, sums: Sums, now_ms: int, ahead_ms: int, *, folds: bool) -> None:
        self._plan = plan
        self._folds = folds
        self.sums = sums
        self.now_ms = now_ms
        self.ahead_ms = ahead_ms
        self.index = _Index.of(sums.cells())
        self.totals = sums.totals()
        self.cells: dict[Slice, _Cells] = {}
        self._scales = {"money": Fraction(1, 10**plan.catalog.currency.digits), "seconds": Fraction(1, 1000)}

    def all(self) -> Iterator[Reading]:
        names = {name for series in self._plan.series for name in series.windows}
        spans = {name: _Span(self, window(name, self._plan.calendar, self.now_ms)) for name in names}
        for _, of_kpi in groupby(self._plan.series, attrgetter("kpi")):
            all_series = list(of_kpi)
            folding = self._folding(all_series, spans)
            for series in all_series:
                slices: list[Slice | Others] = [*self._slices(series), *folding.others.values()]
                for name in series.windows:
                    for slice_ in slices:
                        reading = self._reading(series, name, spans[name].read(slice_), folding)
                        if reading.value is not None or slice_ == WHOLE:
                            yield reading

    def _folding(self, of_kpi: Sequence[SeriesPlan], spans: Mapping[str, "_Span"]) -> Folding:
        """Which members of a KPI's dimensions are folded: by the samples of what stands for it."""
        if not self._folds:
            return Folding({})
        first = of_kpi[0]
        widest = spans[max(first.windows, key=reach_ms)]
        slices = {slice_ for series in of_kpi for slice_ in self._slices(series)} - {WHOLE}
        return Folding.of(slices, lambda slice_: first.formula.evaluate(widest.read(slice_)).samples or 0)

    def first_pane(self, name: str) -> int | None:
        """Start of the finest pane that is kept of the earliest moment at which a cell is not 0."""
        calendar = self._plan.calendar
        day = self.sums.first_pane(DAY, name, NEVER, self.now_ms + self.ahead_ms + 1)
        if day is None:
            return None
        hour = self.sums.first_pane(HOUR, name, day, calendar.day_start_ms(calendar.day(day) + 1))
        if hour is None:
            return day
        minute = self.sums.first_pane(MINUTE, name, hour, hour + HOUR_MS)
        return hour if minute is None else minute

    def _slices(self, series: SeriesPlan) -> list[Slice]:
        """The whole and, dimension by dimension, every member of which there is something to read."""
        slices = [WHOLE]
        for dimension in series.dimensions:
            found = (self.index.members.get((measure.name, dimension), ()) for measure in series.measures)
            slices += [(dimension, member) for member in sorted(set().union(*found))]
        return slices

    def _reading(self, series: SeriesPlan, window_: str, part: "_Part | Folded", folding: Folding) -> Reading:
        figures = series.formula.evaluate(part)
        if series.requires and not any(part.sum(measure) for measure in series.requires):
            figures = figures._replace(value=None)
        value = None if figures.value is None else self._in_unit(figures.value, series.unit)
        interval = series.interval(part, figures)
        dimension, member = part.slice
        return Reading(
            kpi=series.kpi,
            gauge=series.gauge,
            window=window_,
            dimension=dimension,
            member=member,
            labels=series.labels,
            value=value,
            numerator=figures.numerator,
            denominator=figures.denominator,
            samples=figures.samples,
            lower=None if interval is None else interval.lower,
            upper=None if interval is None else interval.upper,
            verdict=series.judge.verdict(window_, value, figures.samples, interval),
            fold="other" if isinstance(part, Folded) else folding.of_member(dimension, member),
        )

    def _in_unit(self, value: Number, unit: str) -> float:
        """Rounded here and nowhere else: of two whole numbers, Python gives the float nearest to a / b."""
        scale = self._scales.get(unit)
        if scale is None:
            return value.numerator / value.denominator
        return value.numerator * scale.numerator / (value.denominator * scale.denominator)


class _Span:
    """A window at this moment. All series share what is read of it."""

    def __init__(self, reader: _Reader, window_: Window) -> None:
        self.name = window_.name
        self.reader = reader
        self._panes = _Panes(reader, window_)
        self._parts: dict[Slice | Others, _Part | Folded] = {}

    def read(self, slice_: Slice | Others) -> "_Part | Folded":
        if slice_ not in self._parts:
            self._parts[slice_] = (
                Folded(slice_.slice, [self.read(one) for one in slice_.folded])
                if isinstance(slice_, Others)
                else _Part(self, slice_, self._cells(slice_), self._panes)
            )
        return self._parts[slice_]

    def _cells(self, slice_: Slice) -> _Cells:
        return self.reader.cells.setdefault(slice_, _Cells(slice_))


class _Panes(dict[bool, Mapping[str, int]]):
    """Cell -> sum over a window, with the panes ahead of now or without. No panes for `now`."""

    def __init__(self, reader: _Reader, window_: Window) -> None:
        self._reader, self._window = reader, window_

    def __missing__(self, ahead: bool) -> Mapping[str, int]:
        end_ms = self._reader.now_ms + (self._reader.ahead_ms if ahead else 0)
        tier, start_ms = self._window.tier, self._window.start_ms
        end_ms -= end_ms % MINUTE_MS
        found = self[ahead] = self._reader.sums.window(tier, start_ms, end_ms) if tier else {}
        return found


@dataclass(frozen=True, slots=True)
class _Part:
    """One slice of a window, as formulas read it (`streams.engine.formulas.Slice`)."""

    span: _Span
    slice: Slice
    cells: _Cells
    panes: _Panes
    read: dict[str, Counts] = field(default_factory=dict)
    """Measure -> its durations, as far as they were asked for."""

    def sum(self, measure: Measure) -> int:
        return self.panes[measure.ahead].get(self.cells[measure.name], 0)

    def total(self, measure: Measure) -> int:
        return self.span.reader.totals.get(self.cells[measure.name], 0)

    def suffix(self, measure: Measure, suffix: str) -> int:
        return self.panes[measure.ahead].get(self.cells[f"{measure.name}.{suffix}"], 0)

    def durations(self, measure: Measure) -> Counts:
        if measure.name not in self.read:
            cells = self.span.reader.index.buckets.get((measure.name, self.slice), {})
            numbers = map(self.panes[measure.ahead].get, cells.values(), repeat(0))
            self.read[measure.name] = Counts(list(cells), numbers)
        return self.read[measure.name]

    def oldest_ms(self, measure: Measure) -> int | None:
        """Of the whole from the waiting list, exactly; of a slice to the width of the pane it began in."""
        reader = self.span.reader
        if self.slice == WHOLE:
            since = reader.sums.oldest_ms(measure.name)
        else:
            since = reader.first_pane(self.cells[f"{measure.name}.age"])
        return None if since is None else max(0, reader.now_ms - since)
