"""Windows: the pane that holds now and the whole ones before, as many as the name says."""

from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.words import Window as WindowName
from streams.engine.panes import DAY, HOUR, MINUTE, Calendar
from streams.engine.windows import Stretch, compared, matured, tier_of, whole, window
from tests.builders import days, ms

UTC = Calendar("UTC")
NAMES = get_args(WindowName)

#   now: Wednesday 22 November 2023, 15:20:30
NOW = "2023-11-22 15:20:30"
BEGINS = {
    "5m": (MINUTE, "2023-11-22 15:15"),
    "15m": (MINUTE, "2023-11-22 15:05"),
    "1h": (MINUTE, "2023-11-22 14:20"),
    "24h": (HOUR, "2023-11-21 15:00"),
    "7d": (HOUR, "2023-11-15 15:00"),
    "28d": (DAY, "2023-10-25"),
    "30d": (DAY, "2023-10-23"),
    "90d": (DAY, "2023-08-24"),
    "365d": (DAY, "2022-11-22"),
    "today": (HOUR, "2023-11-22"),
    "wtd": (DAY, "2023-11-20"),
    "mtd": (DAY, "2023-11-01"),
    "qtd": (DAY, "2023-10-01"),
    "ytd": (DAY, "2023-01-01"),
}


@pytest.mark.parametrize("name", BEGINS)
def test_a_window_begins_with_a_whole_pane(name: str) -> None:
    tier, start = BEGINS[name]
    found = window(name, UTC, ms(NOW))
    assert (found.name, found.tier, found.start_ms) == (name, tier, ms(start))
    assert tier_of(name) == tier


def test_every_window_of_the_catalog_is_known() -> None:
    assert set(NAMES) == {*BEGINS, "now"}


def test_the_window_of_a_level_has_no_panes() -> None:
    assert window("now", UTC, ms(NOW)).tier == ""
    assert tier_of("now") is None


#   window, now, begins
EDGES = [
    ("mtd", "2024-03-01", "2024-03-01"),
    ("mtd", "2024-02-29 23:59", "2024-02-01"),
    ("qtd", "2024-03-31 23:59", "2024-01-01"),
    ("qtd", "2024-04-01", "2024-04-01"),
    ("qtd", "2024-12-31", "2024-10-01"),
    ("ytd", "2024-01-01", "2024-01-01"),
    ("wtd", "2024-04-15", "2024-04-15"),  # a Monday
    ("wtd", "2024-04-14 23:59", "2024-04-08"),
    ("365d", "2024-12-31", "2024-01-01"),
    ("24h", "2024-04-15 00:00", "2024-04-14 00:00"),
    ("1h", "2024-04-15 00:00", "2024-04-14 23:00"),
]


@pytest.mark.parametrize(("name", "now", "begins"), EDGES)
def test_windows_at_their_edges(name: str, now: str, begins: str) -> None:
    assert window(name, UTC, ms(now)).start_ms == ms(begins)


def test_calendar_windows_follow_the_local_day() -> None:
    """At 23:30 UTC on 31 March it is April in Berlin."""
    berlin = Calendar("Europe/Berlin")
    assert window("mtd", berlin, ms("2024-03-31 23:30")).start_ms == ms("2024-03-31 22:00")
    assert window("wtd", berlin, ms("2024-03-31 23:30")).start_ms == ms("2024-03-31 22:00")
    assert window("mtd", UTC, ms("2024-03-31 23:30")).start_ms == ms("2024-03-01")


def test_24_hours_across_a_change_of_the_clocks_are_24_whole_hours() -> None:
    """Berlin, 31 March 2024 has 23 hours; its panes are counted from 23:00 UTC, the day before."""
    found = window("24h", Calendar("Europe/Berlin"), ms("2024-03-31 12:20"))
    assert found.start_ms == ms("2024-03-30 12:00")


@given(
    st.sampled_from(NAMES[1:]),
    st.sampled_from(["UTC", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe"]),
    st.integers(ms("2000-01-01"), ms("2037-12-31")),
    st.integers(0, days(40)),
)
def test_a_window_begins_with_a_pane_of_its_tier_not_after_now_and_never_moves_back(
    name: str, zone: str, now: int, later: int
) -> None:
    calendar = Calendar(zone)
    found = window(name, calendar, now)
    assert found.start_ms <= now
    assert calendar.starts(found.start_ms).of(found.tier) == found.start_ms
    assert window(name, calendar, now + later).start_ms >= found.start_ms


# -- The window before ------------------------------------------------------------------------------------

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Atlantic/Azores"]
PANES = {
    "5m": (MINUTE, 5),
    "15m": (MINUTE, 15),
    "1h": (MINUTE, 60),
    "24h": (HOUR, 24),
    "7d": (HOUR, 168),
    "28d": (DAY, 28),
    "30d": (DAY, 30),
    "90d": (DAY, 90),
    "365d": (DAY, 365),
}
PERIODS = ("today", "wtd", "mtd", "qtd", "ytd")
MOMENTS = st.integers(ms("2019-01-01"), ms("2026-12-31"))


def pane_starts(calendar: Calendar, tier: str, start: int, end: int) -> list[int]:
    """Found by asking every minute, or every quarter of an hour, whether a pane of the tier starts there."""
    step = 60_000 if tier == MINUTE else 15 * 60_000
    return [at for at in range(start, end, step) if calendar.starts(at).of(tier) == at]


def local(calendar: Calendar, time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, calendar.zone)


def period(name: str, day: datetime) -> tuple[int, ...]:
    """What all days of one period have in common."""
    week = day.date().isocalendar()
    keys = {
        "today": (day.year, day.month, day.day),
        "wtd": (week.year, week.week),
        "mtd": (day.year, day.month),
        "qtd": (day.year, (day.month - 1) // 3),
        "ytd": (day.year,),
    }
    return keys[name]


@settings(max_examples=30)
@given(st.sampled_from([name for name in PANES if name != "365d"]), st.sampled_from(ZONES), MOMENTS)
def test_as_many_whole_panes_before_are_compared_as_the_window_has(name: str, zone: str, now: int) -> None:
    calendar, (tier, count) = Calendar(zone), PANES[name]
    found = whole(name, calendar, now)
    assert found is not None
    current, previous = compared(found, calendar)
    assert current == found
    assert found.end_ms == calendar.starts(now).of(tier)
    assert previous.end_ms == current.start_ms == window(name, calendar, now).start_ms
    for stretch in (current, previous):
        assert len(pane_starts(calendar, tier, stretch.start_ms, stretch.end_ms)) == count


@settings(max_examples=30)
@given(st.sampled_from(PERIODS), st.sampled_from(ZONES), MOMENTS)
def test_a_period_is_compared_with_the_same_elapsed_part_of_the_one_before(
    name: str, zone: str, now: int
) -> None:
    calendar = Calendar(zone)
    found = whole(name, calendar, now)
    assert found is not None
    current, previous = compared(found, calendar)
    tier = found.tier
    assert tier == (HOUR if name == "today" else DAY)
    now_period = period(name, local(calendar, now))
    before_period = period(name, local(calendar, found.start_ms - 1))
    assert now_period != before_period
    assert period(name, local(calendar, found.start_ms)) == now_period
    assert period(name, local(calendar, previous.start_ms)) == before_period
    assert period(name, local(calendar, previous.start_ms - 1)) != before_period
    panes = pane_starts(calendar, tier, found.start_ms, found.end_ms)
    panes_before = pane_starts(calendar, tier, previous.start_ms, found.start_ms)
    shorter = min(len(panes), len(panes_before))
    for stretch, of in ((current, panes), (previous, panes_before)):
        assert pane_starts(calendar, tier, stretch.start_ms, stretch.end_ms) == of[:shorter]
    assert previous.end_ms <= found.start_ms and current.end_ms <= found.end_ms


#   window, now, current', previous
CLIPPED = [
    ("mtd", "2023-03-31 12:00", ("2023-03-01", "2023-03-29"), ("2023-02-01", "2023-03-01")),
    ("mtd", "2024-03-31 12:00", ("2024-03-01", "2024-03-30"), ("2024-02-01", "2024-03-01")),
    ("mtd", "2023-03-15 12:00", ("2023-03-01", "2023-03-15"), ("2023-02-01", "2023-02-15")),
    ("qtd", "2023-06-30 12:00", ("2023-04-01", "2023-06-30"), ("2023-01-01", "2023-04-01")),
    ("ytd", "2024-12-31 12:00", ("2024-01-01", "2024-12-31"), ("2023-01-01", "2024-01-01")),
    ("ytd", "2024-12-31 23:59", ("2024-01-01", "2024-12-31"), ("2023-01-01", "2024-01-01")),
    ("wtd", "2023-11-22 15:20", ("2023-11-20", "2023-11-22"), ("2023-11-13", "2023-11-15")),
    ("today", "2023-11-22 15:20", ("2023-11-22", "2023-11-22 15:00"), ("2023-11-21", "2023-11-21 15:00")),
    ("mtd", "2023-11-01 15:20", ("2023-11-01", "2023-11-01"), ("2023-10-01", "2023-10-01")),
    ("30d", "2023-11-22 15:20", ("2023-10-23", "2023-11-22"), ("2023-09-23", "2023-10-23")),
]


@pytest.mark.parametrize(("name", "now", "current", "previous"), CLIPPED)
def test_both_are_clipped_to_the_shorter(
    name: str, now: str, current: tuple[str, str], previous: tuple[str, str]
) -> None:
    found = whole(name, UTC, ms(now))
    assert found is not None
    ours, before = compared(found, UTC)
    assert (ours.start_ms, ours.end_ms) == tuple(map(ms, current))
    assert (before.start_ms, before.end_ms) == tuple(map(ms, previous))


#   zone, the first instant of the day on which it is read, window, hours of the window, hours before
DAYS = [
    ("Europe/Berlin", "2024-04-09 22:00", "30d", 719, 720),  # across 31 March, which has 23 hours
    ("Europe/Berlin", "2024-11-09 23:00", "30d", 721, 720),
    ("Africa/Cairo", "2024-05-01 21:00", "30d", 719, 720),  # 26 April begins at 01:00
    ("Atlantic/Azores", "2024-11-10 01:00", "30d", 721, 720),  # 27 October has midnight twice
    ("UTC", "2024-04-10", "30d", 720, 720),
]


@pytest.mark.parametrize(("zone", "now", "name", "hours", "before"), DAYS)
def test_days_are_local_days_whatever_the_clocks_do(
    zone: str, now: str, name: str, hours: int, before: int
) -> None:
    calendar = Calendar(zone)
    found = whole(name, calendar, ms(now))
    assert found is not None
    current, previous = compared(found, calendar)
    assert current.end_ms == ms(now)
    assert (current.end_ms - current.start_ms, previous.end_ms - previous.start_ms) == (
        hours * 3_600_000,
        before * 3_600_000,
    )


# -- Windows that have matured ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "span", "start", "end"),
    [
        ("30d", days(30), "2023-09-23", "2023-10-23"),
        ("7d", days(30), "2023-10-16 15:00", "2023-10-23 15:00"),
        ("1h", days(1) / 24, "2023-11-22 13:20", "2023-11-22 14:20"),
        ("mtd", days(30), "2023-10-01", "2023-10-23"),
        ("mtd", days(21), "2023-11-01", "2023-11-01"),
    ],
)
def test_a_final_window_ends_where_the_pane_begins_that_held_now_so_long_ago(
    name: str, span: int, start: str, end: str
) -> None:
    found = matured(name, UTC, ms(NOW), int(span))
    assert found is not None
    assert (found.start_ms, found.end_ms) == (ms(start), ms(end))


def test_what_has_no_panes_has_no_window_before() -> None:
    assert whole("now", UTC, ms(NOW)) is None
    assert matured("now", UTC, ms(NOW), 1) is None


def test_a_stretch_is_held_until_its_first_pane_leaves_its_tier() -> None:
    stretch = Stretch("1h", MINUTE, ms("10:00"), ms("11:00"))
    assert stretch.held(ms("12:59:59"))
    assert not stretch.held(ms("13:00"))
