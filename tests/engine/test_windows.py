"""Windows: the pane that holds now and the whole ones before, as many as the name says."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.words import Window as WindowName
from streams.engine.panes import DAY, HOUR, MINUTE, Calendar
from streams.engine.windows import tier_of, window
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
    "today": (DAY, "2023-11-22"),
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
