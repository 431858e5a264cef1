"""Windows: which panes a name such as `30d` or `mtd` covers at a given now, and which the window before it.

    previous              current'         the pane that holds now
    [start', end')        [start, end)     [end, now]
    -----30 panes---------30 panes---------.......
                          the window: current' and the pane that holds now

Whole panes only are compared, so that steady traffic shows no change. A calendar window is compared with as
many panes of the period before; where that was shorter, both are clipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import log
from typing import Final

from streams.engine.panes import DAY, DAY_MS, HOUR, KEEP_MS, MINUTE, MINUTE_MS, Calendar

AHEAD_MS: Final = 5 * MINUTE_MS
"""How far after its record an event's time may lie; windows that end at the wall clock take panes so far."""


@dataclass(frozen=True, slots=True)
class Window:
    """`name` at one moment: the panes of `tier` from `start_ms` on. `now` has none; its tier is ""."""

    name: str
    tier: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole panes of a tier, those that start in [start_ms, end_ms), as window `name` has them."""

    name: str
    tier: str
    start_ms: int
    end_ms: int

    def held(self, now_ms: int) -> bool:
        """Whether none of its panes has left its tier."""
        return self.start_ms > now_ms - KEEP_MS[self.tier]


def _monday(day: date) -> date:
    return date.fromordinal(day.toordinal() - day.weekday())


def _first_of_quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


_PANES: Final = {
    "5m": (MINUTE, 5),
    "15m": (MINUTE, 15),
    "1h": (MINUTE, 60),
    "24h": (HOUR, 24),
    "7d": (HOUR, 7 * 24),
    "28d": (DAY, 28),
    "30d": (DAY, 30),
    "90d": (DAY, 90),
    "365d": (DAY, 365),
}
"""Window -> its tier, and the whole panes before the one that holds now."""
_PERIODS: Final[dict[str, tuple[str, Callable[[date], date]]]] = {
    "today": (HOUR, lambda day: day),
    "wtd": (DAY, _monday),
    "mtd": (DAY, lambda day: day.replace(day=1)),
    "qtd": (DAY, _first_of_quarter),
    "ytd": (DAY, lambda day: day.replace(month=1, day=1)),
}
"""Calendar window -> its tier, and the day on which the period of a day began."""


@lru_cache
def longest_ms(name: str) -> int:
    """How far back the window may reach at most: a calendar window on the last day of a leap year."""
    calendar, last_ms = (
        Calendar("UTC"),
        (date(2025, 1, 1).toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS - 1,
    )
    return last_ms - window(name, calendar, last_ms).start_ms


def reach_ms(name: str) -> int:
    """How far back the window may reach; 0 for `now`."""
    return longest_ms(name) if tier_of(name) else 0


def nearest_window(name: str, windows: Sequence[str]) -> str:
    """The one of several windows that is most like another in length: by the least factor between them."""

    def distance(other: str) -> float:
        return abs(log(max(1, reach_ms(other)) / max(1, reach_ms(name))))

    return min(windows, key=distance)


def tier_of(name: str) -> str | None:
    """The tier whose panes make the window; None for `now`, a level's window."""
    found = _PANES.get(name) or _PERIODS.get(name)
    return found[0] if found else None


def is_rolling(name: str) -> bool:
    """Whether the window is always as long, and ends now; one of the calendar is short at first."""
    return name in _PANES


def days_of(name: str) -> int | None:
    """Of how many whole days the window is made, and the pane that holds now; None for any other."""
    tier, panes = _PANES.get(name, ("", 0))
    return panes if tier == DAY else None


def window(name: str, calendar: Calendar, now_ms: int) -> Window:
    """The window that ends at `now_ms`: the pane that holds it and, for `30d`, the 30 whole panes before."""
    tier = tier_of(name)
    if tier is None:
        return Window(name, "", now_ms)
    if name in _PERIODS:
        return Window(name, tier, _period_start_ms(name, calendar, now_ms))
    current_ms = calendar.starts(now_ms).of(tier)
    return Window(name, tier, _back(calendar, tier, current_ms, _PANES[name][1]))


def whole(name: str, calendar: Calendar, now_ms: int) -> Stretch | None:
    """The whole panes of the window that ends at `now_ms`; None for `now`, which has no panes."""
    found = window(name, calendar, now_ms)
    if not found.tier:
        return None
    return Stretch(name, found.tier, found.start_ms, calendar.starts(now_ms).of(found.tier))


def ended(name: str, calendar: Calendar, end_ms: int) -> Stretch:
    """The window as it was when a pane ended: `30d` the 30 days before, `mtd` the month as far as it went.

    ValueError for `now`, which ends with no pane.
    """
    at_ms = end_ms - 1 if name in _PERIODS else end_ms
    found = window(name, calendar, at_ms)
    if not found.tier:
        raise ValueError("a level's window has no panes")
    return Stretch(name, found.tier, found.start_ms, end_ms)


def step_of(name: str) -> str:
    """The tier by whose panes a chart shows what was within the window; of levels, the last hour."""
    return DAY if name == "7d" else tier_of(name) or MINUTE


def pane_starts(name: str, calendar: Calendar, now_ms: int, panes: int | None = None) -> list[int]:
    """Where the panes of a chart begin, the one that holds `now_ms` last; `panes`: as many before that."""
    tier = step_of(name)
    current_ms = calendar.starts(now_ms).of(tier)
    panes = _SHOWN.get(name) if panes is None else panes
    if panes is None:
        start_ms = window(name, calendar, now_ms).start_ms
    else:
        start_ms = _back(calendar, tier, current_ms, panes)
    return [*_starts(calendar, tier, start_ms, current_ms), current_ms]


_SHOWN: Final = {"now": 60, "7d": 7}
"""Windows that a chart does not show by their own panes -> how many it shows."""


def matured(name: str, calendar: Calendar, now_ms: int, mature_ms: int) -> Stretch | None:
    """The window that ended at the start of the pane that holds `now_ms - mature_ms`."""
    tier = tier_of(name)
    if tier is None:
        return None
    return whole(name, calendar, calendar.starts(now_ms - mature_ms).of(tier))


def compared(stretch: Stretch, calendar: Calendar) -> tuple[Stretch, Stretch]:
    """(current', previous): equally many panes. The first is the stretch itself unless it is clipped."""
    name, tier, start_ms = stretch.name, stretch.tier, stretch.start_ms
    if name in _PANES:
        return stretch, Stretch(name, tier, _back(calendar, tier, start_ms, _PANES[name][1]), start_ms)
    before_ms = _period_start_ms(name, calendar, start_ms - 1)
    elapsed = _starts(calendar, tier, start_ms, stretch.end_ms)
    period = _starts(calendar, tier, before_ms, start_ms)
    shorter = min(len(elapsed), len(period))
    return (
        Stretch(name, tier, start_ms, [*elapsed, stretch.end_ms][shorter]),
        Stretch(name, tier, before_ms, [*period, start_ms][shorter]),
    )


def _period_start_ms(name: str, calendar: Calendar, time_ms: int) -> int:
    first_day = _PERIODS[name][1]
    return calendar.day_start_ms(first_day(date.fromordinal(calendar.day(time_ms))).toordinal())


def _back(calendar: Calendar, tier: str, start_ms: int, panes: int) -> int:
    """The start of the pane that lies so many before the one that starts at `start_ms`."""
    if tier == MINUTE:
        return start_ms - panes * MINUTE_MS
    if tier == HOUR:
        return calendar.back_hours(start_ms, panes)
    return calendar.day_start_ms(calendar.day(start_ms) - panes)


def _starts(calendar: Calendar, tier: str, start_ms: int, end_ms: int) -> list[int]:
    """The starts of the panes of a tier in [start_ms, end_ms)."""
    if tier == MINUTE:
        return list(range(start_ms, end_ms, MINUTE_MS))
    if tier == HOUR:
        return calendar.hours(start_ms, end_ms)
    return list(map(calendar.day_start_ms, range(calendar.day(start_ms), calendar.day(end_ms))))
