"""Windows: which panes a name such as `30d` or `mtd` covers at a given now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from streams.engine.panes import DAY, DAY_MS, HOUR, MINUTE, MINUTE_MS, Calendar

AHEAD_MS: Final = 5 * MINUTE_MS
"""How far after its record an event's time may lie; windows that end at the wall clock take panes so far."""


@dataclass(frozen=True, slots=True)
class Window:
    """`name` at one moment: the panes of `tier` from `start_ms` on. `now` has none; its tier is ""."""

    name: str
    tier: str
    start_ms: int


def _minutes(count: int) -> Callable[[Calendar, int], int]:
    return lambda calendar, now_ms: now_ms - now_ms % MINUTE_MS - count * MINUTE_MS


def _hours(count: int) -> Callable[[Calendar, int], int]:
    return lambda calendar, now_ms: calendar.back_hours(now_ms, count)


def _days(count: int) -> Callable[[Calendar, int], int]:
    return lambda calendar, now_ms: calendar.day_start_ms(calendar.day(now_ms) - count)


def _since(first_day: Callable[[date], date]) -> Callable[[Calendar, int], int]:
    def start(calendar: Calendar, now_ms: int) -> int:
        today = date.fromordinal(calendar.day(now_ms))
        return calendar.day_start_ms(first_day(today).toordinal())

    return start


_STARTS: Final[dict[str, tuple[str, Callable[[Calendar, int], int]]]] = {
    "5m": (MINUTE, _minutes(5)),
    "15m": (MINUTE, _minutes(15)),
    "1h": (MINUTE, _minutes(60)),
    "24h": (HOUR, _hours(24)),
    "7d": (HOUR, _hours(7 * 24)),
    "28d": (DAY, _days(28)),
    "30d": (DAY, _days(30)),
    "90d": (DAY, _days(90)),
    "365d": (DAY, _days(365)),
    "today": (DAY, _since(lambda today: today)),
    "wtd": (DAY, _since(lambda today: date.fromordinal(today.toordinal() - today.weekday()))),
    "mtd": (DAY, _since(lambda today: today.replace(day=1))),
    "qtd": (DAY, _since(lambda today: today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1))),
    "ytd": (DAY, _since(lambda today: today.replace(month=1, day=1))),
}


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


def tier_of(name: str) -> str | None:
    """The tier whose panes make the window; None for `now`, a level's window."""
    return _STARTS[name][0] if name in _STARTS else None


def window(name: str, calendar: Calendar, now_ms: int) -> Window:
    """The window that ends at `now_ms`: the pane that holds it and, for `30d`, the 30 whole panes before."""
    if name not in _STARTS:
        return Window(name, "", now_ms)
    tier, start = _STARTS[name]
    return Window(name, tier, start(calendar, now_ms))
