"""Points: a KPI pane by pane, as charts show it.

    panes      the value of each pane alone; of a level: at the pane's end
    windows    the reading of the window that ended with the pane, for what makes sense over a window only
    none       there is neither: of who was seen last, or of ages, nothing is known of earlier times

The last pane may be the one that holds now: its point is read as everything is that ends now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final, Literal

from streams.engine.kpis.cells import Index
from streams.engine.kpis.excerpts import Excerpt, Wanted
from streams.engine.kpis.folding import Others
from streams.engine.kpis.frames import Moment, Past, Present, level_parts
from streams.engine.kpis.lines import Line, Reading, part_of
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.sums import Slice
from streams.engine.kpis.terms import Operand
from streams.engine.panes import TIERS, Calendar
from streams.engine.plan import Plan
from streams.engine.windows import AHEAD_MS, Stretch, Window, compared, ended, pane_starts, step_of, window
from streams.naming import cell

Kind = Literal["panes", "windows", "none"]

_OVER_A_WINDOW: Final = frozenset({"start", "avg"})
"""Against how it stood at first a level is compared over windows: in one pane next to nothing has moved."""


@dataclass(frozen=True, slots=True)
class Span:
    """What of a series is shown, by the name of a window, or so many panes back."""

    name: str
    steps: int | None = None
    """Whole panes before the one that holds now; as many as the window has if it is not said."""


Wish = tuple[SeriesPlan, Span, Sequence[Slice | Others]]
"""What is to be drawn."""


@dataclass(frozen=True, slots=True)
class Points:
    """One slice of a series. Panes that have left their tier have no point."""

    series: SeriesPlan
    span: str
    kind: Kind
    slice: Slice
    starts_ms: Sequence[int]
    """Where the panes begin."""
    readings: Sequence[Reading]
    """One for each; its value is None where there is none."""
    running: bool
    """Whether the last pane still goes on."""


def kind_of(series: SeriesPlan, span: str) -> Kind:
    """How a series is shown over a span."""
    operands = series.formula.operands
    if series.formula.compares or any(map(_is_of_window, operands)):
        return "windows" if series.has_before(span) else "none"
    is_in_panes = all(step_of(span) in measure.tiers for measure in series.measures)
    return "panes" if is_in_panes and not any(map(_is_of_now, operands)) else "none"


def _is_of_window(operand: Operand) -> bool:
    return operand.function in _OVER_A_WINDOW or operand.measure.kind == "trailing"


def _is_of_now(operand: Operand) -> bool:
    return operand.measure.only_now or operand.function == "oldest"


class Drawing:
    """What is to be drawn at one moment: first what of the panes is needed for it, then its points."""

    def __init__(self, plan: Plan, now_ms: int, wishes: Iterable[Wish], *, ahead: bool) -> None:
        """`ahead` as in `readings`."""
        self._plan = plan
        self._now_ms = now_ms
        self._ahead_ms = AHEAD_MS if ahead else 0
        self._drawn = [_Drawn.of(plan, *wish, now_ms) for wish in wishes]
        self._measures = {
            measure.name: measure for one in self._drawn for measure in one.line.series.measures
        }

    @property
    def number(self) -> int:
        """Of all points that are read: what members are folded into is read member by member."""
        return sum(len(_parts(slice_)) * len(one.starts_ms) for one in self._drawn for slice_ in one.slices)

    @property
    def wanted(self) -> Wanted:
        """The panes, and of every tier what is not whole yet: for what is due later."""
        calendar = self._plan.calendar
        since_ms = {tier: calendar.starts(self._now_ms).of(tier) for tier in TIERS}
        for tier, start_ms in chain.from_iterable(one.since_ms(calendar) for one in self._drawn):
            since_ms[tier] = min(since_ms[tier], start_ms)
        slices = {part for one in self._drawn for slice_ in one.slices for part in _parts(slice_)}
        parts = level_parts(self._measures.values()).union(self._measures)
        totals = [cell(part, *slice_) for part in parts for slice_ in slices]
        return Wanted(frozenset(self._measures), slices, since_ms, totals)

    def points(self, found: Excerpt) -> list[Points]:
        """Of each series its slices, one after the other."""
        index = Index(found.cells(), found.key)
        moment = Moment(self._plan.calendar, found, self._now_ms, self._ahead_ms, index)
        return [one for drawn in self._drawn for one in drawn.points(moment)]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One series, with the panes that it has points of."""

    line: Line
    compares: bool
    """Whether it reads the window before."""
    kind: Kind
    slices: Sequence[Slice | Others]
    starts_ms: Sequence[int]
    stretches: Sequence[Stretch]
    """Of the panes that have ended: what the point is read from."""
    running: Window | None
    """What the point of the pane that holds now is read from."""

    @classmethod
    def of(
        cls, plan: Plan, series: SeriesPlan, span: Span, slices: Sequence[Slice | Others], now_ms: int
    ) -> "_Drawn":
        kind, compares = kind_of(series, span.name), series.formula.compares
        line = Line(series, span.name, plan.catalog.currency.digits)
        if kind == "none":
            return cls(line, compares, kind, slices, (), (), None)
        starts_ms = pane_starts(span.name, plan.calendar, now_ms - series.mature_ms, span.steps)
        read = {
            start: _stretch(kind, span.name, plan.calendar, start, end) for start, end in pairwise(starts_ms)
        }
        held = {start: stretch for start, stretch in read.items() if stretch.held(now_ms)}
        if series.whole:
            return cls(line, compares, kind, slices, list(held), list(held.values()), None)
        if kind == "panes":
            running = Window(span.name, step_of(span.name), starts_ms[-1])
        else:
            running = window(span.name, plan.calendar, now_ms)
        return cls(line, compares, kind, slices, [*held, starts_ms[-1]], list(held.values()), running)

    def since_ms(self, calendar: Calendar) -> Iterable[tuple[str, int]]:
        """(tier, start) of the first pane that is read."""
        for stretch in self.stretches[:1]:
            first = compared(stretch, calendar)[1] if self.compares else stretch
            yield first.tier, first.start_ms
        if self.running is not None and self.running.tier:
            yield self.running.tier, self.running.start_ms

    def points(self, moment: Moment) -> Iterable[Points]:
        frames: list[Past | Present] = [self._past(moment, stretch) for stretch in self.stretches]
        if self.running is not None:
            frames.append(Present(moment, self.running))
        for one in self.slices:
            slice_ = one.slice if isinstance(one, Others) else one
            readings = [self.line.value(part_of(frame, one)) for frame in frames]
            yield Points(
                series=self.line.series,
                span=self.line.window,
                kind=self.kind,
                slice=slice_,
                starts_ms=self.starts_ms,
                readings=readings,
                running=self.running is not None,
            )

    def _past(self, moment: Moment, stretch: Stretch) -> Past:
        return moment.clipped(stretch) if self.compares else moment.past(stretch)


def _stretch(kind: Kind, span: str, calendar: Calendar, start_ms: int, end_ms: int) -> Stretch:
    """What the point of a pane that has ended is read from."""
    return (
        Stretch(span, step_of(span), start_ms, end_ms) if kind == "panes" else ended(span, calendar, end_ms)
    )


def _parts(slice_: Slice | Others) -> Sequence[Slice]:
    return slice_.folded if isinstance(slice_, Others) else [slice_]
