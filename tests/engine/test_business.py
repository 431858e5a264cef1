"""The business clock: exact over changes of clocks, holidays and years, against a count of minutes."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalog import BusinessHours
from streams.engine.business import BusinessClock, business_clock

HOUR_MS = 3_600_000
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def hours(intervals: str = "09:00-17:00", days: tuple[str, ...] = WORKDAYS, **more: object) -> BusinessHours:
    """The same intervals on each of these days."""
    return BusinessHours.model_validate({"week": {day: intervals.split() for day in days}, **more})


def local_ms(time: str, zone: str) -> int:
    """Milliseconds since the epoch of a local time such as `2023-10-27 16:30`."""
    return round(datetime.fromisoformat(time).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def took(clock: BusinessClock, zone: str, start: str, end: str) -> float:
    """Business hours from one local time to another."""
    return clock.business_ms(local_ms(start, zone), local_ms(end, zone)) / HOUR_MS


@pytest.mark.parametrize(
    ("zone", "start", "end", "calendar_hours"),
    [
        ("Europe/Berlin", "2023-10-27 16:30", "2023-10-30 09:30", 66),
        ("America/New_York", "2024-03-08 16:30", "2024-03-11 09:30", 64),
    ],
)
def test_a_weekend_in_which_the_clocks_change_takes_one_business_hour(
    zone: str, start: str, end: str, calendar_hours: int
) -> None:
    assert local_ms(end, zone) - local_ms(start, zone) == calendar_hours * HOUR_MS
    assert took(business_clock(hours(), zone), zone, start, end) == 1


def first_instant(clock: BusinessClock, start_ms: int, span_ms: int) -> int:
    """When so much business time has gone by."""
    low, high = start_ms, start_ms + 60 * 24 * HOUR_MS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if clock.business_ms(start_ms, middle) >= span_ms else (middle + 1, high)
    return low


def test_an_hour_from_friday_half_past_four_is_over_on_monday_at_half_past_nine() -> None:
    clock = business_clock(hours(), "UTC")
    due_ms = first_instant(clock, local_ms("2024-06-07 16:30", "UTC"), HOUR_MS)
    assert due_ms == local_ms("2024-06-10 09:30", "UTC")


def test_48_hours_of_12_a_day_over_two_holidays_are_six_calendar_days() -> None:
    every_day = hours("08:00-20:00", (*WORKDAYS, "sat", "sun"), closed=["2024-05-02", "2024-05-04"])
    due_ms = first_instant(
        business_clock(every_day, "UTC"), local_ms("2024-05-01 08:00", "UTC"), 48 * HOUR_MS
    )
    assert due_ms == local_ms("2024-05-06 20:00", "UTC")


def test_holidays_are_those_of_the_country_and_its_part() -> None:
    """8 March 2024, a Friday, is free in Berlin and not in Munich; 3 October everywhere in Germany."""
    berlin, munich = (
        business_clock(hours(holidays={"country": "DE", "subdivision": part}), "Europe/Berlin")
        for part in ("BE", "BY")
    )
    assert took(berlin, "Europe/Berlin", "2024-03-08 00:00", "2024-03-09 00:00") == 0
    assert took(munich, "Europe/Berlin", "2024-03-08 00:00", "2024-03-09 00:00") == 8
    assert took(munich, "Europe/Berlin", "2024-10-03 00:00", "2024-10-04 00:00") == 0


@pytest.mark.parametrize("country", ["IN", "IR", "SA", "LK"])
def test_of_a_country_whose_holidays_are_known_for_fewer_years_the_others_have_none(country: str) -> None:
    clock = business_clock(hours(holidays={"country": country}), "UTC")
    assert clock.business_ms(0, local_ms("2059-12-29 12:00", "UTC")) > 0


def test_a_clock_of_one_place_runs_in_its_zone_and_not_in_the_catalogs() -> None:
    clock = business_clock(hours(time_zone="Asia/Tokyo"), "UTC")
    assert took(clock, "UTC", "2024-06-03 00:00", "2024-06-03 08:00") == 8
    assert took(clock, "UTC", "2024-06-03 08:00", "2024-06-03 23:59") == 0


#     intervals     spring: 02:00-03:00 is missing; autumn: it is there twice
@pytest.mark.parametrize(
    ("day", "intervals", "expected"),
    [
        ("2024-03-31", "01:00-04:00", 2),
        ("2024-03-31", "02:00-02:30", 0),
        ("2024-03-31", "02:30-03:30", 0.5),
        ("2024-10-27", "01:00-04:00", 4),
        ("2024-10-27", "02:00-02:30", 1),
        ("2024-10-27", "00:00-24:00", 25),
    ],
)
def test_an_interval_over_a_change_of_clocks_is_as_long_as_the_clock_on_the_wall_says(
    day: str, intervals: str, expected: float
) -> None:
    clock = business_clock(hours(intervals, ("sun",)), "Europe/Berlin")
    midnight_ms = local_ms(f"{day} 00:00", "Europe/Berlin")
    assert clock.business_ms(midnight_ms, midnight_ms + 25 * HOUR_MS) == expected * HOUR_MS


def test_outside_the_years_whose_holidays_are_known_the_clock_stands_still() -> None:
    clock = business_clock(hours(), "UTC")
    assert took(clock, "UTC", "1985-06-03 00:00", "1989-12-31 00:00") == 0
    assert took(clock, "UTC", "2061-01-03 00:00", "2099-01-01 00:00") == 0


# -- Against a count of minutes ---------------------------------------------------------------------------

CLOCKS = [
    ("Europe/Berlin", "09:00-12:30 13:00-17:00", WORKDAYS, "2024-03-29"),
    ("America/New_York", "00:00-24:00", ("sat", "sun"), "2024-11-03"),
    ("Atlantic/Azores", "00:00-01:30 22:00-24:00", ("sat", "sun", "mon"), "2024-10-28"),
    ("Africa/Cairo", "00:00-02:00 23:30-24:00", (*WORKDAYS, "sat"), "2024-04-27"),
    ("Australia/Lord_Howe", "01:45-02:15", ("sun",), "2024-01-01"),
    ("Asia/Kathmandu", "10:15-10:16", WORKDAYS, "2024-01-01"),
]
"""(zone, intervals, days, closed day)"""


@lru_cache
def clock_of(zone: str, intervals: str, days: tuple[str, ...], closed: str) -> BusinessClock:
    return business_clock(hours(intervals, days, closed=[closed]), zone)


def minutes(zone: str, intervals: str, days: tuple[str, ...], closed: str, start: datetime, span: int) -> int:
    """Business minutes among so many from `start` on, one by one."""
    count, names = 0, (*WORKDAYS, "sat", "sun")
    spans = [(one[:5], one[6:]) for one in intervals.split()]
    for at in range(span):
        wall = (start + timedelta(minutes=at)).astimezone(ZoneInfo(zone))
        if wall.date() != date.fromisoformat(closed) and names[wall.weekday()] in days:
            count += any(begin <= wall.strftime("%H:%M") < end for begin, end in spans)
    return count


CHANGES = ["03-09", "03-30", "04-06", "04-25", "10-05", "10-26", "11-02"]
"""Days of 2024 soon after which clocks are set somewhere."""


@settings(max_examples=40)
@given(
    st.sampled_from(CLOCKS),
    st.sampled_from(CHANGES),
    st.integers(-1_440, 2_880),
    st.integers(0, 4_320),
)
def test_the_clock_counts_what_a_count_of_minutes_finds(
    clock: tuple[str, str, tuple[str, ...], str], near: str, offset: int, span: int
) -> None:
    zone, intervals, days, closed = clock
    start = datetime.fromisoformat(f"2024-{near}T00:00Z") + timedelta(minutes=offset)
    start_ms = round(start.timestamp() * 1000)
    made = clock_of(zone, intervals, days, closed)
    expected = minutes(zone, intervals, days, closed, start, span)
    assert made.business_ms(start_ms, start_ms + span * 60_000) == expected * 60_000


BERLIN = business_clock(hours("09:00-12:30 13:00-17:00", holidays={"country": "DE"}), "Europe/Berlin")
TIMES = st.integers(0, 3_000_000_000_000)


@given(st.lists(TIMES, min_size=3, max_size=3).map(sorted))
def test_spans_of_years_add_up_to_the_millisecond(times: list[int]) -> None:
    a, b, c = times
    assert BERLIN.business_ms(a, b) + BERLIN.business_ms(b, c) == BERLIN.business_ms(a, c)
    assert 0 <= BERLIN.business_ms(a, b) <= b - a


def test_a_year_has_as_many_hours_as_its_business_days() -> None:
    """2023 in Germany: 260 workdays; 9 holidays in all its parts, one of them a Sunday."""
    assert took(BERLIN, "Europe/Berlin", "2023-01-01 00:00", "2024-01-01 00:00") == 7.5 * (260 - 8)
