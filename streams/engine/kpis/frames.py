"""Frames: windows at one moment, with the sums of their panes, as formulas read them slice by slice.

    Present    a window that ends now: its whole panes and the one that holds now
    Past       whole panes only: what is compared, and what has matured

The level at the end of whole panes is the running total less all panes after them; the level at the start of
a frame is that at its end less what its own panes brought.
"""

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Final

from streams.engine.buckets import Counts
from streams.engine.facts import NEVER
from streams.engine.kpis.cells import Index
from streams.engine.kpis.sums import FOREVER_MS, WHOLE, ZEROS, Numbers, Slice, Sums
from streams.engine.measures.base import Measure
from streams.engine.measures.intervals import lasting_ms
from streams.engine.panes import DAY, HOUR, HOUR_MS, MINUTE, MINUTE_MS, TIERS, Calendar
from streams.engine.windows import Stretch, Window, compared, days_of, matured, whole, window
from streams.naming import cell

# -- One moment -------------------------------------------------------------------------------------------


class Moment:
    """The sums as they are read at `now_ms`, each of them once for all series."""

    def __init__(self, calendar: Calendar, sums: Sums, now_ms: int, ahead_ms: int, index: Index) -> None:
        """`ahead_ms`: how far after now windows that end now take panes."""
        self.calendar = calendar
        self.sums = sums
        self.now_ms = now_ms
        self.ahead_ms = ahead_ms
        self.index = index
        self.levels = sums.level_now()
        self.level_at = lru_cache(maxsize=None)(sums.level_at)
        self.stretch = lru_cache(maxsize=None)(partial(_stretch, calendar, now_ms))
        self.compared = lru_cache(maxsize=None)(partial(compared, calendar=calendar))
        self._presents: dict[str, Present] = {}
        self._pasts: dict[Stretch, Past] = {}

    def forget(self) -> None:
        """Let go of the frames. They and their parts refer to one another: else they stay for long."""
        for present in self._presents.values():
            present.parts.clear()
        for past in self._pasts.values():
            past.parts.clear()
        self._presents.clear()
        self._pasts.clear()

    def present(self, name: str) -> "Present":
        if name not in self._presents:
            self._presents[name] = Present(self, window(name, self.calendar, self.now_ms))
        return self._presents[name]

    def past(self, stretch: Stretch) -> "Past":
        if stretch not in self._pasts:
            self._pasts[stretch] = Past(self, stretch)
        return self._pasts[stretch]

    def from_on(self, tier: str, start_ms: int) -> Numbers:
        """Sums over the pane that starts then and all after it."""
        return self.sums.window(tier, start_ms, FOREVER_MS)

    def clipped(self, stretch: Stretch) -> "Past":
        """As much of whole panes as is compared with the window before."""
        return self.past(self.compared(stretch)[0])

    def before(self, stretch: Stretch) -> "Past | None":
        """The window before; None where that is no longer held, or where no pane has ended yet."""
        _, previous = self.compared(stretch)
        is_there = previous.start_ms < previous.end_ms and previous.held(self.now_ms)
        return self.past(previous) if is_there else None

    def first_pane(self, name: str) -> int | None:
        """Start of the finest pane that is kept of the earliest moment at which a cell is not 0."""
        day = self.sums.first_pane(DAY, name, NEVER, self.now_ms + self.ahead_ms + 1)
        if day is None:
            return None
        hour = self.sums.first_pane(HOUR, name, day, self._end_of_day(day))
        if hour is None:
            return day
        minute = self.sums.first_pane(MINUTE, name, hour, hour + HOUR_MS)
        return hour if minute is None else minute

    def _end_of_day(self, time_ms: int) -> int:
        return self.calendar.day_start_ms(self.calendar.day(time_ms) + 1)


def _stretch(calendar: Calendar, now_ms: int, name: str, mature_ms: int) -> Stretch | None:
    """The whole panes of a window that ends now, or had matured by now."""
    if mature_ms:
        return matured(name, calendar, now_ms, mature_ms)
    return whole(name, calendar, now_ms)


class Present:
    """A window that ends now. `now` has no panes; its levels are the running totals."""

    def __init__(self, moment: Moment, window_: Window) -> None:
        self.moment = moment
        self.window = window_
        self.tier = window_.tier
        self.start_ms, self.end_ms = window_.start_ms, moment.now_ms
        self.until_ms = self.end_ms + moment.ahead_ms + 1
        """All its panes start before that."""
        self.parts: dict[Slice, PresentPart] = {}
        self._sums: dict[bool, Numbers] = {}

    def sums(self, measure: Measure) -> Numbers:
        return self.of_panes(measure.ahead)

    def read(self, slice_: Slice) -> "PresentPart":
        if slice_ not in self.parts:
            self.parts[slice_] = PresentPart(self, slice_)
        return self.parts[slice_]

    def of_panes(self, ahead: bool) -> Numbers:
        """`ahead`: with the panes that are taken after now."""
        if ahead not in self._sums:
            self._sums[ahead] = self._of_panes(ahead)
        return self._sums[ahead]

    def _of_panes(self, ahead: bool) -> Numbers:
        if not self.tier:
            return ZEROS
        end_ms = self.end_ms + (self.moment.ahead_ms if ahead else 0)
        return self.moment.sums.window(self.tier, self.start_ms, end_ms - end_ms % MINUTE_MS)


class Past:
    """Whole panes."""

    def __init__(self, moment: Moment, stretch: Stretch) -> None:
        self.moment = moment
        self.stretch = stretch
        self.tier = stretch.tier
        self.start_ms, self.end_ms = stretch.start_ms, stretch.end_ms
        self.until_ms = self.end_ms
        self.panes = moment.sums.window(stretch.tier, self.start_ms, self.end_ms - 1)
        self.parts: dict[Slice, PastPart] = {}

    @property
    def levels(self) -> Numbers:
        """At the end."""
        return self.moment.level_at(self.tier, self.end_ms)

    def sums(self, measure: Measure) -> Numbers:
        return self.panes

    def read(self, slice_: Slice) -> "PastPart":
        if slice_ not in self.parts:
            self.parts[slice_] = PastPart(self, slice_)
        return self.parts[slice_]


# -- One slice of a frame ---------------------------------------------------------------------------------


class Part:
    """One slice of a frame (`streams.engine.kpis.terms.Slice`)."""

    __slots__ = ("counts", "frame", "keys", "slice")

    def __init__(self, frame: Present | Past, slice_: Slice) -> None:
        self.frame = frame
        self.slice = slice_
        self.keys = frame.moment.index.keys(slice_)
        self.counts: dict[str, Counts] = {}
        """Measure -> its durations, as far as they were asked for."""

    @property
    def covered_ms(self) -> int:
        return self.frame.end_ms - self.frame.start_ms

    def sum(self, measure: Measure) -> int:
        return self.frame.sums(measure)[self.keys[measure.name]]

    def suffix(self, measure: Measure, suffix: str) -> int:
        return self.frame.sums(measure)[self.keys[f"{measure.name}.{suffix}"]]

    def durations(self, measure: Measure) -> Counts:
        if measure.name not in self.counts:
            keys = self.frame.moment.index.buckets.get((measure.name, self.slice), {})
            numbers = map(self.frame.sums(measure).__getitem__, keys.values())
            self.counts[measure.name] = Counts(list(keys), numbers)
        return self.counts[measure.name]

    def end(self, measure: Measure) -> int:
        raise NotImplementedError

    def start(self, measure: Measure) -> int:
        return self.end(measure) - self.sum(measure)

    def lasting_ms(self, measure: Measure) -> int:
        edges, times_ms = self.sum(measure), self.suffix(measure, "t")
        return lasting_ms(self.start(measure), edges, times_ms, self.frame.start_ms, self.frame.end_ms)


class PresentPart(Part):
    __slots__ = ()
    frame: Present

    @property
    def before(self) -> None:
        """What compares is read over whole panes."""
        return None

    def total(self, measure: Measure) -> int:
        return self.frame.moment.levels[self.keys[measure.name]]

    def end(self, measure: Measure) -> int:
        """The running total; of what has a future, less what is not there yet."""
        total = self.total(measure)
        if not measure.future:
            return total
        finest = next(tier for tier in TIERS if tier in measure.tiers)
        next_ms = self.frame.end_ms - self.frame.end_ms % MINUTE_MS + MINUTE_MS
        return total - self._from_on(measure, finest, next_ms)

    def start(self, measure: Measure) -> int:
        if measure.future:
            return self.total(measure) - self._from_on(measure, self.frame.tier, self.frame.start_ms)
        return self.total(measure) - self.sum(measure)

    def trailing(self, measure: Measure) -> int:
        return self.sum(measure) + self.total(measure)

    def latest(self, measure: Measure) -> int:
        return self.sum(measure)

    def oldest_ms(self, measure: Measure) -> int | None:
        """Of the whole from the waiting list, exactly; of a slice to the width of the pane it began in."""
        moment = self.frame.moment
        if self.slice == WHOLE:
            since = moment.sums.oldest_ms(measure.name)
        else:
            since = moment.first_pane(cell(f"{measure.name}.age", *self.slice))
        if since is None or (measure.future and since > moment.now_ms):
            return None
        return max(0, moment.now_ms - since)

    def _from_on(self, measure: Measure, tier: str, start_ms: int) -> int:
        return self.frame.moment.from_on(tier, start_ms)[self.keys[measure.name]]


class PastPart(Part):
    __slots__ = ()
    frame: Past

    @property
    def before(self) -> "PastPart | None":
        found = self.frame.moment.before(self.frame.stretch)
        return None if found is None else found.read(self.slice)

    def end(self, measure: Measure) -> int:
        return self.frame.levels[self.keys[measure.name]]

    def trailing(self, measure: Measure) -> int | None:
        days = days_of(self.frame.stretch.name)
        if days not in measure.over:
            return None
        return self.frame.levels[self.keys[f"{measure.name}.over{days}"]]

    def latest(self, measure: Measure) -> int | None:
        return None

    def oldest_ms(self, measure: Measure) -> int | None:
        return None


LEVELS: Final = frozenset({"start", "end"})


def level_parts(measures: Iterable[Measure]) -> frozenset[str]:
    """The parts that may be read as levels at the end of a frame."""
    found: set[str] = set()
    for measure in measures:
        if measure.kind == "union" or not LEVELS.isdisjoint(measure.functions):
            found.add(measure.name)
        found.update(f"{measure.name}.over{days}" for days in measure.over)
    return frozenset(found)
