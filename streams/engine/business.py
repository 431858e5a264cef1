"""The business clock: how much of the time between two moments somebody was there.

An instant is business time when its local wall time lies in an interval of its local day, and that day is
neither a holiday nor closed. So where clocks are set back an interval may count an hour twice, and where they
are set forward it may lack one: as whoever sat there would have counted.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final
from warnings import catch_warnings, simplefilter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from schemas.catalog import DAYS, BusinessHours, Holidays
from schemas.words import interval_ms, nearest
from streams.engine.faults import PlanFault
from streams.engine.panes import DAY_MS, EPOCH_DAY

YEARS: Final = range(1990, 2061)
"""Years whose holidays are resolved. Before and after them the business clock stands still."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEKDAY: Final = date(1970, 1, 1).weekday()

Interval = tuple[int, int]
"""From and to, in milliseconds: of a day, or since the epoch."""


class BusinessClock:
    """Runs only in business hours."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        """`intervals` of instants, in order and apart."""
        self._starts = [start for start, _ in intervals]
        self._lengths = [end - start for start, end in intervals]
        self._before = list(accumulate(self._lengths, initial=0))

    def business_ms(self, start_ms: int, end_ms: int) -> int:
        """Milliseconds of business time in [start_ms, end_ms)."""
        return self._run_ms(end_ms) - self._run_ms(start_ms)

    def fingerprint(self) -> list[int]:
        """Changes with hours, holidays and the zone's rules in tzdata, where they change what is counted."""
        return [*self._starts, *self._lengths]

    def _run_ms(self, time_ms: int) -> int:
        """How far the clock has run by then."""
        at = bisect_right(self._starts, time_ms) - 1
        return 0 if at < 0 else self._before[at] + min(time_ms - self._starts[at], self._lengths[at])


def business_clock(hours: BusinessHours, time_zone: str) -> BusinessClock:
    """The clock of a catalog whose own zone is `time_zone`; PlanFault for an unknown zone or country."""
    zone = zone_of(hours.time_zone, "time_zone") if hours.time_zone else zone_of(time_zone)
    closed = {day.toordinal() for day in hours.closed}
    if hours.holidays is not None:
        _check(hours.holidays)
        closed |= _resolved(hours.holidays.country, hours.holidays.subdivision)
    week = [[interval_ms(interval) for interval in hours.week.get(day, [])] for day in DAYS]
    return BusinessClock(list(_intervals(zone, week, closed)))


def zone_of(name: str, *at: str) -> ZoneInfo:
    """The time zone of an IANA name; PlanFault, at `at`, for another name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PlanFault(f"{name!r} is not an IANA time zone, such as Europe/Berlin", *at) from None


# -- Holidays ---------------------------------------------------------------------------------------------


def _check(of: Holidays) -> None:
    countries = holidays.list_supported_countries()
    if of.country not in countries:
        text = f"no holidays are known of {of.country!r}: give the ISO 3166 code of a country, such as DE"
        raise PlanFault(text, "holidays", "country")
    known = countries[of.country]
    if of.subdivision is not None and of.subdivision not in known:
        text = f"{of.country} has no subdivision {of.subdivision!r}{nearest(of.subdivision, known)}"
        raise PlanFault(text, "holidays", "subdivision")


@lru_cache(maxsize=16)
def _resolved(country: str, subdivision: str | None) -> frozenset[int]:
    """Holidays as day numbers. Of some countries fewer years are known, and the library would warn of it."""
    with catch_warnings():
        simplefilter("ignore")
        found = holidays.country_holidays(country, subdiv=subdivision, years=YEARS)
    return frozenset(day.toordinal() for day in found)


# -- Intervals --------------------------------------------------------------------------------------------


def _intervals(
    zone: ZoneInfo, week: Sequence[Sequence[Interval]], closed: Collection[int]
) -> Iterator[Interval]:
    """The business time of all years. `week` begins on Monday; `closed` are day numbers."""
    for start_ms, end_ms, offset_ms in _offsets(zone):
        first, last = ((time_ms + offset_ms) // DAY_MS for time_ms in (start_ms, end_ms - 1))
        for day in range(first, last + 1):
            if day + EPOCH_DAY in closed:
                continue
            midnight_ms = day * DAY_MS - offset_ms
            for begin, end in week[(day + _EPOCH_WEEKDAY) % 7]:
                from_ms, to_ms = max(midnight_ms + begin, start_ms), min(midnight_ms + end, end_ms)
                if from_ms < to_ms:
                    yield from_ms, to_ms


def _offsets(zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """(from, to, local time less UTC) in milliseconds: spans of all years in which no clock was set."""
    first_ms, end_ms = _new_year_ms(YEARS.start), _new_year_ms(YEARS.stop)
    start_ms, offset_ms = first_ms, _offset_ms(zone, first_ms)
    for day_ms in range(first_ms, end_ms, DAY_MS):
        if _offset_ms(zone, day_ms) != offset_ms:
            set_ms = _set_ms(zone, day_ms - DAY_MS, day_ms)
            yield start_ms, set_ms, offset_ms
            start_ms, offset_ms = set_ms, _offset_ms(zone, set_ms)
    yield start_ms, end_ms, offset_ms


def _set_ms(zone: ZoneInfo, before_ms: int, after_ms: int) -> int:
    """When the clocks were set, to the millisecond."""
    before = _offset_ms(zone, before_ms)
    times_ms = range(before_ms, after_ms)
    return before_ms + bisect_right(times_ms, False, key=lambda time_ms: _offset_ms(zone, time_ms) != before)


def _new_year_ms(year: int) -> int:
    return (date(year, 1, 1).toordinal() - EPOCH_DAY) * DAY_MS


def _offset_ms(zone: ZoneInfo, time_ms: int) -> int:
    moment = (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)
    return (moment.utcoffset() or timedelta()) // timedelta(milliseconds=1)
