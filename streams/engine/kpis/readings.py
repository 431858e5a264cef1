"""Readings: every KPI's value for its windows and slices, from windowed sums of panes.

A reading is a function of the cells that its formula reads. A `Reader` remembers them from one time to the
next, and computes anew only those readings of which a cell has changed, or that read the clock.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from operator import attrgetter

from streams.engine.kpis.cells import Index
from streams.engine.kpis.changes import Changes
from streams.engine.kpis.folding import NOTHING_FOLDED, Folding, has_too_many
from streams.engine.kpis.frames import Moment
from streams.engine.kpis.lines import Line, Reading
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.sums import WHOLE, ChangingSums, Slice, Sums
from streams.engine.plan import Plan
from streams.engine.windows import AHEAD_MS, reach_ms

__all__ = ["WHOLE", "Reader", "Reading", "Slice", "Sums", "readings"]


def readings(
    plan: Plan, sums: ChangingSums, now_ms: int, *, ahead: bool, folds: bool = False
) -> list[Reading]:
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

    def read(self, sums: ChangingSums, now_ms: int, *, ahead: bool) -> list[Reading]:
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
        self._index: Index | None = None
        self._changes: Changes | None = None
        digits = plan.catalog.currency.digits
        of_kpis = groupby(plan.series, attrgetter("kpi"))
        self._kpis = [_OfKpi(list(of_kpi), digits, folds) for _, of_kpi in of_kpis]

    def read(self, sums: ChangingSums, now_ms: int, ahead_ms: int) -> list[Reading]:
        moment = Moment(self._plan.calendar, sums, now_ms, ahead_ms, self._indexed(sums))
        changes = Changes(sums, self._changes)
        found = [reading for kpi in self._kpis for reading in kpi.read(moment, changes)]
        self._changes = changes
        moment.forget()
        return found

    def _indexed(self, sums: ChangingSums) -> Index:
        """The cells that there are, and the slices that follow from them."""
        cells = sums.cells()
        if self._index is None:
            self._index = Index(cells, sums.key)
            self._slice_by(self._index)
        elif cells is not self._index.cells and self._index.update(cells):
            self._slice_by(self._index)
        return self._index

    def _slice_by(self, index: Index) -> None:
        for kpi in self._kpis:
            kpi.slice_by(index)


class _OfKpi:
    """The series of one KPI, in all their windows."""

    def __init__(self, series: Sequence[SeriesPlan], digits: int, folds: bool) -> None:
        self._series = series
        self._lines = [[Line(one, name, digits) for name in one.windows] for one in series]
        self._widest = max(self._lines[0], key=lambda line: reach_ms(line.window))
        self._folds = folds
        self._slices: list[list[Slice]] = [[WHOLE] for _ in series]
        self._members: set[Slice] = set()
        """All that may be folded."""
        self._folding = NOTHING_FOLDED

    def slice_by(self, index: Index) -> None:
        """There are other slices than before."""
        self._slices = [slices_of(one, index) for one in self._series]
        self._members = set(chain.from_iterable(self._slices)) - {WHOLE} if self._folds else set()

    def read(self, moment: Moment, changes: Changes) -> Iterator[Reading]:
        self._fold(moment, changes)
        others = self._folding.others.values()
        for lines, slices in zip(self._lines, self._slices, strict=True):
            for line in lines:
                yield from line.read(moment, changes, [*slices, *others])

    def _fold(self, moment: Moment, changes: Changes) -> None:
        """Decide which members are folded: by the samples of its first series in the widest window."""
        if not has_too_many(self._members):
            folding = NOTHING_FOLDED
        else:
            read = self._widest.read(moment, changes, self._slices[0])
            samples = {(one.dimension, one.member): one.samples or 0 for one in read}
            folding = Folding.by_samples({slice_: samples.get(slice_, 0) for slice_ in self._members})
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
