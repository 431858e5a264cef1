"""Panes partition time, and a local day begins at its first instant whatever the clocks do."""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.panes import DAY, HOUR, HOUR_MS, KEEP_MS, MINUTE, MINUTE_MS, TIERS, Calendar
from streams.engine.windows import window
from tests.builders import days, ms

ZONES = [
    "UTC",
    "Europe/Berlin",  # an hour is missing in March, one is there twice in October
    "Africa/Cairo",  # 26 April 2024 has no midnight
    "Atlantic/Azores",  # 27 October 2024 has two midnights
    "America/St_Johns",  # until 2010 the clocks changed at one minute past midnight
    "America/Sao_Paulo",  # until 2018 the clocks went from 24:00 back to 23:00
    "America/Havana",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Asia/Kathmandu",  # 5:45
    "Pacific/Apia",  # has no 30 December 2011
    "America/Toronto",  # on 30 March 1919 the clocks skipped from 23:30 to 0:30
    "Africa/Monrovia",  # until 1972 44:30 behind
]


@lru_cache
def calendar(zone: str) -> Calendar:
    return Calendar(zone)


def local(zone: str, text: str, fold: int = 0) -> int:
    """Milliseconds of a wall clock time."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp() * 1000)


def starts(zone: str, day: str) -> int:
    return calendar(zone).day_start_ms(date.fromisoformat(day).toordinal())


def length_hours(zone: str, day: str) -> float:
    ordinal = date.fromisoformat(day).toordinal()
    of = calendar(zone)
    return (of.day_start_ms(ordinal + 1) - of.day_start_ms(ordinal)) / HOUR_MS


# -- Where days begin -------------------------------------------------------------------------------------


def test_thirty_days_in_berlin_across_31_march_are_719_hours() -> None:
    now = local("Europe/Berlin", "2024-04-15")
    assert (now - window("30d", calendar("Europe/Berlin"), now).start_ms) / HOUR_MS == 719


def test_a_day_without_midnight_begins_when_the_clocks_have_skipped_it() -> None:
    """Cairo, 26 April 2024: 25 April 23:59:59 is followed by 01:00:00."""
    assert (
        starts("Africa/Cairo", "2024-04-26")
        == ms("2024-04-25 22:00")
        == local("Africa/Cairo", "2024-04-26T01:00")
    )
    assert length_hours("Africa/Cairo", "2024-04-26") == 23


def test_a_day_with_two_midnights_begins_at_the_first() -> None:
    """Azores, 27 October 2024: 00:59:59 is followed by 00:00:00."""
    first, second = (local("Atlantic/Azores", "2024-10-27T00:00", fold) for fold in (0, 1))
    assert starts("Atlantic/Azores", "2024-10-27") == first == second - HOUR_MS
    assert length_hours("Atlantic/Azores", "2024-10-27") == 25


def test_a_day_that_falls_back_into_the_one_before_began_already() -> None:
    """St. John's, 7 November 2010: 00:00:59 is followed by 6 November 23:01:00."""
    zone = "America/St_Johns"
    first, second = (local(zone, "2010-11-07T00:00", fold) for fold in (0, 1))
    assert starts(zone, "2010-11-07") == first == second - HOUR_MS
    in_between = local(zone, "2010-11-06T23:30", fold=1)
    assert calendar(zone).day(in_between) == date(2010, 11, 7).toordinal()


#    zone, day, hours
ODD_DAYS = [
    ("America/Sao_Paulo", "2018-02-17", 25),
    ("America/Havana", "2024-03-10", 23),
    ("America/Havana", "2024-11-03", 25),
    ("America/Toronto", "1919-03-31", 23.5),
    ("Australia/Lord_Howe", "2024-04-07", 24.5),
    ("Pacific/Apia", "2011-12-30", 0),
    ("Pacific/Apia", "2011-12-31", 24),
    ("UTC", "2024-02-29", 24),
]


@pytest.mark.parametrize(("zone", "day", "hours"), ODD_DAYS)
def test_a_day_is_as_long_as_it_is(zone: str, day: str, hours: float) -> None:
    assert length_hours(zone, day) == hours


def test_a_day_that_does_not_exist_holds_no_moment() -> None:
    zone = "Pacific/Apia"
    begins = starts(zone, "2011-12-31")
    assert calendar(zone).day(begins - 1) == date(2011, 12, 29).toordinal()
    assert calendar(zone).day(begins) == date(2011, 12, 31).toordinal()


@pytest.mark.parametrize("zone", ZONES)
def test_each_day_of_this_century_begins_at_the_first_instant_of_its_date(zone: str) -> None:
    of, info = calendar(zone), ZoneInfo(zone)
    for ordinal in range(date(2000, 1, 1).toordinal(), date(2026, 1, 1).toordinal()):
        begin = of.day_start_ms(ordinal)
        if begin == of.day_start_ms(ordinal + 1):
            continue  # Apia
        assert datetime.fromtimestamp(begin / 1000, info).toordinal() == ordinal
        assert datetime.fromtimestamp(begin / 1000 - 1, info).toordinal() < ordinal


# -- Panes partition time ---------------------------------------------------------------------------------

MOMENTS = st.one_of(
    st.integers(ms("1900-01-03"), ms("2199-12-28")),
    st.builds(  # around changes of the clocks
        int.__add__,
        st.sampled_from(
            [
                ms(text)
                for text in (
                    "1919-03-31 04:30",
                    "2010-11-07 02:30",
                    "2011-12-30 10:00",
                    "2018-02-18 02:00",
                    "2024-03-31 01:00",
                    "2024-04-06 15:00",
                    "2024-04-25 22:00",
                    "2024-10-27 01:00",
                )
            ]
        ),
        st.integers(-2 * HOUR_MS, 2 * HOUR_MS),
    ),
)


@given(st.sampled_from(ZONES), MOMENTS)
def test_every_moment_lies_in_one_pane_of_each_tier_and_a_pane_lies_in_one_pane_of_the_next(
    zone: str, moment: int
) -> None:
    of = calendar(zone)
    found = of.starts(moment)
    day = of.day(moment)
    assert found.day <= found.hour <= found.minute <= moment < found.minute + MINUTE_MS
    assert found.day == of.day_start_ms(day) <= moment < of.day_start_ms(day + 1)
    assert moment < found.hour + HOUR_MS
    assert (found.hour - found.day) % HOUR_MS == 0, "hours are counted from the first instant of the day"
    assert [found.of(tier) for tier in (MINUTE, HOUR, DAY)] == [found.minute, found.hour, found.day]
    for tier in TIERS:
        start = found.of(tier)
        assert of.starts(start).of(tier) == start
        assert of.starts(start - 1).of(tier) < start


@given(st.sampled_from(ZONES), MOMENTS, st.integers(0, days(4)))
def test_the_hours_between_two_moments_are_the_panes_that_begin_between_them(
    zone: str, start: int, length: int
) -> None:
    of = calendar(zone)
    hours = of.hours(start, start + length)
    assert hours == sorted(set(hours))
    assert all(start <= hour < start + length and of.starts(hour).hour == hour for hour in hours)
    probes = range(start, start + length, 30 * MINUTE_MS)
    assert {of.starts(probe).hour for probe in probes} - {of.starts(start).hour} <= set(hours)


@given(st.sampled_from(ZONES), MOMENTS, st.integers(1, 24 * 8))
def test_so_many_hours_back_means_so_many_whole_panes(zone: str, now: int, hours: int) -> None:
    of = calendar(zone)
    start = of.back_hours(now, hours)
    assert of.starts(start).hour == start
    assert len(of.hours(start, now + 1)) == hours + 1  # with the one that holds now


def test_panes_are_kept_longer_than_the_windows_that_read_them() -> None:
    assert KEEP_MS[MINUTE] > HOUR_MS + MINUTE_MS
    assert KEEP_MS[HOUR] > days(7) + HOUR_MS
    assert KEEP_MS[DAY] > 2 * days(366)


def test_the_fingerprint_of_a_calendar_is_where_its_days_begin() -> None:
    berlin, paris = (Calendar(zone).fingerprint() for zone in ("Europe/Berlin", "Europe/Paris"))
    assert berlin == paris != Calendar("UTC").fingerprint()


def test_an_unknown_zone_is_no_calendar() -> None:
    with pytest.raises((KeyError, ValueError)):
        Calendar("Mars/Base")


def test_a_minute_pane_is_a_minute_of_utc() -> None:
    moment = datetime(2024, 4, 15, 10, 0, 59, 999_000, tzinfo=UTC)
    assert calendar("Asia/Kathmandu").starts(int(moment.timestamp() * 1000)).minute == ms("10:00")
