"""Panes: small buckets of event time, in three tiers. Local days decide where day and hour panes begin."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

MINUTE: Final = "minute"
HOUR: Final = "hour"
DAY: Final = "day"

KEEP_MS: Final = {MINUTE: 3 * HOUR_MS, HOUR: 50 * DAY_MS, DAY: 800 * DAY_MS}
"""How long a pane is kept after its start, per tier. The tiers, finest first."""
TIERS: Final = tuple(KEEP_MS)

Pane = tuple[str, int]
"""(tier, start_ms)."""

EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Starts:
    """Where the panes that hold one moment begin."""

    minute: int
    hour: int
    day: int

    def of(self, tier: str) -> int:
        return int(getattr(self, tier))


class Calendar:
    """Days of one time zone. A day begins at its first instant, whatever daylight saving does to midnight."""

    def __init__(self, time_zone: str) -> None:
        """`time_zone` is an IANA name; ZoneInfoNotFoundError or ValueError for another."""
        self.zone = ZoneInfo(time_zone)
        self._starts = lru_cache(maxsize=100_000)(self._starts_of_minute)
        self.day_start_ms = lru_cache(maxsize=100_000)(self._day_start_ms)
        self.number = lru_cache(maxsize=10_000)(self.day)
        """`day`, remembered: for instants with which days begin."""
        self.fingerprint = lru_cache(maxsize=1)(self._fingerprint)

    def starts(self, time_ms: int) -> Starts:
        """The minute, hour and day panes that hold `time_ms`."""
        return self._starts(time_ms - time_ms % MINUTE_MS)

    def day(self, time_ms: int) -> int:
        """The local day (proleptic ordinal, as `date.toordinal`) that holds `time_ms`."""
        guess = self._guess(time_ms)
        while self.day_start_ms(guess) > time_ms:
            guess -= 1
        while self.day_start_ms(guess + 1) <= time_ms:
            guess += 1
        return guess

    def hours(self, start_ms: int, end_ms: int) -> list[int]:
        """Starts of the hour panes in [start_ms, end_ms), counted from each local day's first instant."""
        result: list[int] = []
        day = self.day(start_ms)
        while (begin := self.day_start_ms(day)) < end_ms:
            until = min(end_ms, self.day_start_ms(day + 1))
            result += [hour for hour in range(begin, until, HOUR_MS) if hour >= start_ms]
            day += 1
        return result

    def back_hours(self, time_ms: int, hours: int) -> int:
        """The start of the hour pane that lies `hours` whole panes before the one that holds `time_ms`."""
        current = self.starts(time_ms).hour
        panes = self.hours(self.day_start_ms(self.day(current) - hours // 23 - 2), current)
        return panes[bisect_right(panes, current) - hours]

    def _fingerprint(self) -> list[int]:
        """Where the days of 1990 to 2049 begin: changes when the zone's rules in tzdata do."""
        return [
            self._day_start_ms(day)
            for day in range(date(1990, 1, 1).toordinal(), date(2050, 1, 1).toordinal())
        ]

    def _guess(self, time_ms: int) -> int:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
        return moment.astimezone(self.zone).toordinal()

    def _day_start_ms(self, day: int) -> int:
        """The first instant of a local day, to the minute.

        Midnight may be missing (Cairo, 26 April 2024) or there twice (Azores, 27 October 2024): with fold=0 a
        missing one lies at the change itself, and of two the first is taken.
        """
        midnight = datetime.combine(date.fromordinal(day), datetime.min.time(), tzinfo=self.zone)
        start_ms = (day - EPOCH_DAY) * DAY_MS - self._offset_ms(midnight)
        while self._guess(start_ms - 1) >= day:  # the clocks skipped over midnight some time before it
            start_ms -= MINUTE_MS
        return start_ms - start_ms % MINUTE_MS

    @staticmethod
    def _offset_ms(moment: datetime) -> int:
        return (moment.utcoffset() or timedelta()) // timedelta(milliseconds=1)

    def _starts_of_minute(self, minute_ms: int) -> Starts:
        day_ms = self.day_start_ms(self.day(minute_ms))
        return Starts(minute_ms, minute_ms - (minute_ms - day_ms) % HOUR_MS, day_ms)
