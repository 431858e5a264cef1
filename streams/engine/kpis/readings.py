"""Readings: every KPI's value for its windows and slices, from windowed sums of panes.

A reading is a function of the cells that its formula reads. A `Reader` remembers them from one time to the
next, and computes anew only those readings of which a cell has changed, or that read the clock.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, Final

import msgspec

from streams.engine.kpis.folding import NOTHING_FOLDED, Fold, Folded, Folding, Others, has_too_many
from streams.engine.kpis.frames import (
    WHOLE,
    Index,
    Moment,
    Past,
    PastPart,
    Present,
    PresentPart,
    Slice,
    Sums,
    level_parts,
    parsed,
)
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.terms import Figures, Number
from streams.engine.kpis.verdicts import Verdict
from streams.engine.plan import Plan
from streams.engine.windows import AHEAD_MS, reach_ms

__all__ = ["WHOLE", "Reader", "Reading", "Slice", "Sums", "readings"]


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
    """Over the whole panes before those that it is compared with, in the gauge's unit."""
    compared: float | None = None
    """Over the whole panes that are compared with those, in the gauge's unit."""
    change: float | None = None
    """Of `compared` against `previous`: relative, or the difference of a score in points."""
    previous_samples: int | None = None
    lower: float | None = None
    upper: float | None = None
    verdict: Verdict = "none"
    fold: Fold | None = None


def readings(plan: Plan, sums: Sums, now_ms: int, *, ahead: bool, folds: bool = False) -> list[Reading]:
    """All readings at `now_ms`. `ahead`: windows end at the wall clock and take panes five minutes ahead.

    `folds`: small members of large dimensions are marked, and there are readings of all of them together.
    """
    return Reader(plan, folds=folds).read(sums, now_ms, ahead=ahead)


class Reader:
    """Reads the KPIs of a plan again and again."""

    def __init__(self, plan: Plan, *, folds: bool = False) -> None:
        self.plan = plan
        self.folds = folds
        self._memory = _Memory(plan, folds)

    def read(self, sums: Sums, now_ms: int, *, ahead: bool) -> list[Reading]:
        """All readings at `now_ms`, as `readings` gives them."""
        try:
            return self._memory.read(sums, now_ms, AHEAD_MS if ahead else 0)
        except BaseException:
            self._memory = _Memory(self.plan, self.folds)  # some lines may know of changes that others do not
            raise


class _Memory:
    """What is remembered from one time to the next."""

    def __init__(self, plan: Plan, folds: bool) -> None:
        self._plan = plan
        self._parts = level_parts(plan.measures.values())
        self._cells: set[str] = set()
        self._index = Index((), self._parts)
        self._seen: Mapping[Hashable, Mapping[str, int]] = {}
        digits = plan.catalog.currency.digits
        of_kpis = groupby(plan.series, attrgetter("kpi"))
        self._kpis = [_OfKpi(list(of_kpi), digits, folds) for _, of_kpi in of_kpis]

    def read(self, sums: Sums, now_ms: int, ahead_ms: int) -> list[Reading]:
        cells = set(sums.cells())
        if cells != self._cells:
            self._cells, self._index = cells, Index(cells, self._parts)
            for kpi in self._kpis:
                kpi.slice_by(self._index)
        moment = Moment(self._plan.calendar, sums, now_ms, ahead_ms, self._index)
        changes = _Changes(self._seen)
        found = [reading for kpi in self._kpis for reading in kpi.read(moment, changes)]
        self._seen = changes.seen
        return found


class _OfKpi:
    """The series of one KPI, in all their windows."""

    def __init__(self, series: Sequence[SeriesPlan], digits: int, folds: bool) -> None:
        self._series = series
        self._lines = [[Line(one, name, digits) for name in one.windows] for one in series]
        self._widest = max(self._lines[0], key=lambda line: reach_ms(line.window))
        self._folds = folds
        self._slices: list[list[Slice]] = [[WHOLE] for _ in series]
        self._folding = NOTHING_FOLDED

    def slice_by(self, index: Index) -> None:
        """There are other cells than before."""
        self._slices = [slices_of(one, index) for one in self._series]

    def read(self, moment: Moment, changes: "_Changes") -> Iterator[Reading]:
        self._fold(moment, changes)
        others = self._folding.others.values()
        for lines, slices in zip(self._lines, self._slices, strict=True):
            for line in lines:
                yield from line.read(moment, changes, [*slices, *others])

    def _fold(self, moment: Moment, changes: "_Changes") -> None:
        """Decide which members are folded: by the samples of its first series in the widest window."""
        if not self._folds:
            return
        slices = {slice_ for of_series in self._slices for slice_ in of_series} - {WHOLE}
        if not has_too_many(slices):
            folding = NOTHING_FOLDED
        else:
            read = self._widest.read(moment, changes, self._slices[0])
            samples = {(one.dimension, one.member): one.samples or 0 for one in read}
            folding = Folding.by_samples({slice_: samples.get(slice_, 0) for slice_ in slices})
        if folding != self._folding:
            self._folding = folding
            for line in chain.from_iterable(self._lines):
                line.fold(folding)


def slices_of(series: SeriesPlan, index: Index) -> list[Slice]:
    """The whole and, dimension by dimension, every member of which there is something to read."""
    slices = [WHOLE]
    measures = {operand.measure.name for operand in series.formula.operands}
    for dimension in series.dimensions:
        found = (index.members.get((measure, dimension), ()) for measure in measures)
        slices += [(dimension, member) for member in sorted(set().union(*found))]
    return slices


# -- What has changed -------------------------------------------------------------------------------------

_Changed = Mapping[str, set[Slice]]
"""Measure -> the slices in which a cell of it has changed."""
_NOTHING: Final[_Changed] = {}


class _Changes:
    """Compares sums with those that stood in the same place the last time."""

    def __init__(self, last: Mapping[Hashable, Mapping[str, int]]) -> None:
        self._last = last
        self._found: dict[Hashable, _Changed] = {}
        self._compared: dict[tuple[int, int], _Changed] = {}
        self.seen: dict[Hashable, Mapping[str, int]] = {}

    def of(self, place: Hashable, sums: Mapping[str, int]) -> _Changed:
        """What has changed in a place; nothing in a new one, of which nobody can remember anything."""
        if place not in self.seen:
            self.seen[place] = sums
            self._found[place] = self._differences(self._last.get(place, sums), sums)
        return self._found[place]

    def _differences(self, last: Mapping[str, int], sums: Mapping[str, int]) -> _Changed:
        """Several places may hold the same sums, which are compared once."""
        both = id(last), id(sums)
        if both not in self._compared:
            self._compared[both] = _NOTHING if last is sums else _by_measure(_different(last, sums))
        return self._compared[both]


def _different(last: Mapping[str, int], sums: Mapping[str, int]) -> Iterator[str]:
    """The cells that are not the same in both."""
    before = last.get
    yield from [name for name, number in sums.items() if before(name) != number]
    yield from last.keys() - sums.keys()


def _by_measure(cells: Iterable[str]) -> _Changed:
    changed: dict[str, set[Slice]] = {}
    for name in cells:
        measure, slice_, _ = parsed(name)
        changed.setdefault(measure, set()).add(slice_)
    return changed


# -- One series in one window -----------------------------------------------------------------------------

_Before = tuple[float | None, float | None, float | None, int | None]
"""(previous, compared, change, previous samples)."""
_NO_BEFORE: Final[_Before] = (None, None, None, None)


class Line:
    """A series in one of its windows: its readings by slice, as far as they still hold."""

    def __init__(self, series: SeriesPlan, window: str, digits: int) -> None:
        """`digits`: of the reporting currency."""
        formula = series.formula
        self.series = series
        self.window = window
        self._scale = {"money": Fraction(1, 10**digits), "seconds": Fraction(1, 1000)}.get(series.unit)
        self._names = [measure.name for measure in series.measures]
        self._ahead = {measure.ahead for measure in series.measures}
        self._has_before = series.has_before(window)
        self._reads_clock = formula.reads_clock
        self._compares = formula.compares
        self._values: dict[Slice | Others, Reading] = {}
        """Without what is compared."""
        self._befores: dict[Slice | Others, _Before] = {}
        self._whole: dict[Slice | Others, Reading] = {}
        """Both together."""
        self._compared: tuple[int, ...] = ()
        """The edges of what is compared; none if nothing is."""
        self._folding = NOTHING_FOLDED

    def fold(self, folding: Folding) -> None:
        """Other members are folded than before."""
        self._folding = folding
        self._values.clear()
        self._befores.clear()
        self._whole.clear()

    def read(self, moment: Moment, changes: _Changes, slices: Iterable[Slice | Others]) -> Iterator[Reading]:
        """The readings of these slices that have a value, and of the whole in any case."""
        frame, both = self.frame(moment), self.compared(moment)
        self._forget_values(frame, changes)
        self._forget_befores(both, changes)
        for slice_ in slices:
            reading = self._whole.get(slice_) or self._reading(frame, both, slice_)
            if reading.value is not None or slice_ == WHOLE:
                yield reading

    def reading(self, moment: Moment, slice_: Slice) -> Reading:
        """One reading, whether it has a value or not; from nothing that is remembered."""
        value = self.value(self.frame(moment).read(slice_))
        return _with_before(value, self._before(self.compared(moment), slice_))

    def frame(self, moment: Moment) -> Present | Past:
        """What the value is read from."""
        stretch = moment.stretch(self.window, self.series.mature_ms) if self.series.whole else None
        if stretch is None:
            return moment.present(self.window)
        return moment.clipped(stretch) if self._compares else moment.past(stretch)

    def compared(self, moment: Moment) -> tuple[Past, Past] | None:
        """(current', previous); None where nothing is compared."""
        if not self._has_before:
            return None
        stretch = moment.stretch(self.window, self.series.mature_ms)
        before = None if stretch is None else moment.before(stretch)
        if stretch is None or before is None:
            return None
        return moment.clipped(stretch), moment.clipped(before.stretch) if self._compares else before

    # -- What still holds

    def _forget_values(self, frame: Present | Past, changes: _Changes) -> None:
        if self._reads_clock or self._compares:
            self._values.clear()
            self._whole.clear()
        elif isinstance(frame, Past):
            self._forget(self._values, self._changed_past("value", frame, changes))
        else:
            places = [changes.of((self.window, ahead), frame.of_panes(ahead)) for ahead in self._ahead]
            self._forget(self._values, self._changed([*places, changes.of("totals", frame.moment.totals)]))

    def _forget_befores(self, both: tuple[Past, Past] | None, changes: _Changes) -> None:
        edges = () if both is None else tuple(edge for one in both for edge in (one.start_ms, one.end_ms))
        came_or_went, moved = bool(edges) != bool(self._compared), edges != self._compared
        self._compared = edges
        if self._compares or came_or_went or (moved and self._reads_clock):
            self._befores.clear()
            self._whole.clear()
        for at, one in enumerate(both or ()):
            self._forget(self._befores, self._changed_past(at, one, changes))

    def _forget(self, remembered: dict[Slice | Others, Any], changed: set[Slice]) -> None:
        stale = [others for others in self._folding.others.values() if not others.isdisjoint(changed)]
        gone: list[Slice | Others] = [*changed, *stale]
        for one in gone:
            remembered.pop(one, None)
            self._whole.pop(one, None)

    def _changed_past(self, role: str | int, frame: Past, changes: _Changes) -> set[Slice]:
        place = (self.window, self.series.mature_ms, role)
        panes, levels = (*place, "panes"), (*place, "levels")
        return self._changed([changes.of(panes, frame.panes), changes.of(levels, frame.levels)])

    def _changed(self, all_changes: Iterable[_Changed]) -> set[Slice]:
        found = [changed[name] for changed in all_changes for name in self._names if name in changed]
        return set().union(*found)

    # -- What does not

    def _reading(
        self, frame: Present | Past, both: tuple[Past, Past] | None, slice_: Slice | Others
    ) -> Reading:
        if slice_ not in self._values:
            self._values[slice_] = self.value(part_of(frame, slice_))
        if slice_ not in self._befores:
            self._befores[slice_] = self._before(both, slice_)
        reading = self._whole[slice_] = _with_before(self._values[slice_], self._befores[slice_])
        return reading

    def value(self, part: PresentPart | PastPart | Folded) -> Reading:
        """The reading without what is compared."""
        figures = self.series.formula.evaluate(part)
        value = None if figures.value is None else self._in_unit(figures.value)
        interval = self.series.interval(part, figures)
        dimension, member = part.slice
        return Reading(
            kpi=self.series.kpi,
            gauge=self.series.gauge,
            window=self.window,
            dimension=dimension,
            member=member,
            labels=self.series.labels,
            value=value,
            numerator=figures.numerator,
            denominator=figures.denominator,
            samples=figures.samples,
            lower=None if interval is None else interval.lower,
            upper=None if interval is None else interval.upper,
            verdict=self.series.judge.verdict(self.window, value, figures.samples, interval),
            fold=self._folding.of(part.slice, isinstance(part, Folded)),
        )

    def _before(self, both: tuple[Past, Past] | None, slice_: Slice | Others) -> _Before:
        if both is None:
            return _NO_BEFORE
        current, previous = both
        before: Figures = self.series.formula.evaluate(part_of(previous, slice_))
        if before.value is None:
            return _NO_BEFORE
        now = self.series.formula.value(part_of(current, slice_))
        if now is None:
            return self._in_unit(before.value), None, None, before.samples
        change = self._change(now, before.value)
        return self._in_unit(before.value), self._in_unit(now), change, before.samples

    def _change(self, now: Number, before: Number) -> float | None:
        """(now - before) / |before|, rounded once; of points the difference."""
        difference = now.numerator * before.denominator - before.numerator * now.denominator
        if self.series.unit == "points":
            return difference / (now.denominator * before.denominator)
        return difference / (now.denominator * abs(before.numerator)) if before else None

    def _in_unit(self, value: Number) -> float:
        """Rounded here and nowhere else: of two whole numbers, Python gives the float nearest to a / b."""
        scale = self._scale
        if scale is None:
            return value.numerator / value.denominator
        return value.numerator * scale.numerator / (value.denominator * scale.denominator)


def part_of(frame: Present | Past, slice_: Slice | Others) -> PresentPart | PastPart | Folded:
    """A slice of a frame, also one that others are folded into."""
    if isinstance(slice_, Others):
        return Folded(slice_.slice, [frame.read(one) for one in slice_.folded])
    return frame.read(slice_)


def _with_before(reading: Reading, before: _Before) -> Reading:
    if before is _NO_BEFORE:
        return reading
    previous, compared, change, samples = before
    return msgspec.structs.replace(
        reading, previous=previous, compared=compared, change=change, previous_samples=samples
    )
