"""Lines: one series in one of its windows. What it reads of a slice holds until something in it changes."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Any, Final, NamedTuple

import msgspec

from streams.engine.kpis.changes import NOTHING, Changes
from streams.engine.kpis.confidence import margin
from streams.engine.kpis.folding import NOTHING_FOLDED, Fold, Folded, Folding, Others
from streams.engine.kpis.frames import Moment, Past, PastPart, Present, PresentPart, level_parts
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.sums import Slice
from streams.engine.kpis.terms import Figures, Number
from streams.engine.kpis.verdicts import Verdict
from streams.naming import ALL


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
    compared_samples: int | None = None
    """Of `compared`; `samples` are those of `value`, for which the pane that holds now may count, too."""
    margin: float | None = None
    """By more than this `compared` and `previous` differ by chance 5 times of 100 only, in the gauge's unit;
    None where one of them has no bounds."""
    lower: float | None = None
    upper: float | None = None
    verdict: Verdict = "none"
    fold: Fold | None = None


class _Before(NamedTuple):
    """What of a reading is compared, as the fields of that name."""

    previous: float | None = None
    compared: float | None = None
    change: float | None = None
    previous_samples: int | None = None
    compared_samples: int | None = None
    margin: float | None = None


_NO_BEFORE: Final = _Before()


class Line:
    """A series in one of its windows: its readings by slice, as far as they still hold."""

    def __init__(self, series: SeriesPlan, window: str, digits: int) -> None:
        """`digits`: of the reporting currency."""
        formula = series.formula
        self.series = series
        self.window = window
        self._scale = {"money": Fraction(1, 10**digits), "seconds": Fraction(1, 1000)}.get(series.unit)
        self._names = tuple(measure.name for measure in series.measures)
        self._levels = tuple(measure.name for measure in series.measures if level_parts([measure]))
        self._ahead = {measure.ahead for measure in series.measures}
        self._is_whole = series.whole
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

    def read(self, moment: Moment, changes: Changes, slices: Sequence[Slice | Others]) -> list[Reading]:
        """The readings of these slices that have a value, and of the whole in any case."""
        frame, both = self.frame(moment), self.compared(moment)
        self._forget_values(frame, changes)
        self._forget_befores(both, changes)
        known = self._whole
        for slice_ in slices:
            if slice_ not in known:
                known[slice_] = self._reading(frame, both, slice_)
        found = map(known.__getitem__, slices)
        return [one for one in found if one.value is not None or one.dimension == ALL]

    def reading(self, moment: Moment, slice_: Slice) -> Reading:
        """One reading, whether it has a value or not; from nothing that is remembered."""
        value = self.value(self.frame(moment).read(slice_))
        return _with_before(value, self._before(self.compared(moment), slice_))

    def frame(self, moment: Moment) -> Present | Past:
        """What the value is read from."""
        stretch = moment.stretch(self.window, self.series.mature_ms) if self._is_whole else None
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

    def _forget_values(self, frame: Present | Past, changes: Changes) -> None:
        if self._reads_clock or self._compares:
            self._values.clear()
            self._whole.clear()
        elif isinstance(frame, Past):
            self._forget(self._values, self._changed_past("value", frame, changes))
        else:
            for ahead in self._ahead:
                panes = changes.of((self.window, ahead), frame.of_panes(ahead))
                self._forget(self._values, changes.slices(panes, self._names))
            levels = changes.of("levels", frame.moment.levels)
            self._forget(self._values, changes.slices(levels, self._names))

    def _forget_befores(self, both: tuple[Past, Past] | None, changes: Changes) -> None:
        edges = () if both is None else tuple(edge for one in both for edge in (one.start_ms, one.end_ms))
        came_or_went, moved = bool(edges) != bool(self._compared), edges != self._compared
        self._compared = edges
        if self._compares or came_or_went or (moved and self._reads_clock):
            self._befores.clear()
            self._whole.clear()
        for at, one in enumerate(both or ()):
            self._forget(self._befores, self._changed_past(at, one, changes))

    def _forget(self, remembered: dict[Slice | Others, Any], changed: AbstractSet[Slice]) -> None:
        if not changed:
            return
        stale = [others for others in self._folding.others.values() if not others.isdisjoint(changed)]
        for one in [*(remembered.keys() & changed), *stale]:
            remembered.pop(one, None)
            self._whole.pop(one, None)

    def _changed_past(self, role: str | int, frame: Past, changes: Changes) -> AbstractSet[Slice]:
        place = (self.window, self.series.mature_ms, role)
        panes = changes.of((*place, "panes"), frame.panes)
        levels = changes.of((*place, "levels"), frame.levels) if self._levels else NOTHING
        return changes.slices(panes, self._names) | changes.slices(levels, self._levels)

    # -- What does not

    def _reading(
        self, frame: Present | Past, both: tuple[Past, Past] | None, slice_: Slice | Others
    ) -> Reading:
        if slice_ not in self._values:
            self._values[slice_] = self.value(part_of(frame, slice_))
        if slice_ not in self._befores:
            self._befores[slice_] = self._before(both, slice_)
        return _with_before(self._values[slice_], self._befores[slice_])

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
        current, previous = (part_of(one, slice_) for one in both)
        before: Figures = self.series.formula.evaluate(previous)
        if before.value is None:
            return _NO_BEFORE
        now: Figures = self.series.formula.evaluate(current)
        if now.value is None:
            return _Before(self._in_unit(before.value), previous_samples=before.samples)
        return _Before(
            previous=self._in_unit(before.value),
            compared=self._in_unit(now.value),
            change=self._change(now.value, before.value),
            previous_samples=before.samples,
            compared_samples=now.samples,
            margin=margin(self.series.interval(current, now), self.series.interval(previous, before)),
        )

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
    return msgspec.structs.replace(reading, **before._asdict())
