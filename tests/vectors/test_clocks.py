"""Vectors of clocks: business hours over a change of clocks, and days that begin when they begin."""

from pathlib import Path

import pytest

from tests.oracle.history import activated, contacted, lead
from tests.replays import replay
from tests.stories import paid
from tests.vectors.vectors import Vectors, shipped_in

HOUR_MS = 3_600_000

# Friday 16:30 to Monday 9:30 local, with hours 9-17: half an hour each. In UTC; the clocks change in between.
#                zone              country  created             contacted           calendar hours
WEEKENDS = [
    ("Europe/Berlin", "DE", "2023-10-27 14:30", "2023-10-30 08:30", 66),
    ("America/New_York", "US", "2024-03-08 21:30", "2024-03-11 13:30", 64),
]


@pytest.mark.parametrize(("zone", "country", "created", "answered", "hours"), WEEKENDS)
def test_the_business_clock_stands_still_over_the_weekend(
    tmp_path: Path, zone: str, country: str, created: str, answered: str, hours: int
) -> None:
    vectors = Vectors(answered[:11] + "18:00", shipped_in(zone, country))
    story = vectors.story("weekend", lead("created", created), contacted(answered))
    readings = vectors.read(tmp_path)
    took = {
        clock: readings.fraction("crm_lead_response_seconds_mean", "24h", story, clock=clock)
        for clock in ("business", "calendar")
    }
    assert took == {"business": (HOUR_MS, 1), "calendar": (hours * HOUR_MS, 1)}


def test_thirty_days_of_berlin_over_the_31st_of_march_have_719_hours(tmp_path: Path) -> None:
    """Read at local midnight: of one customer and one order, the frequency is a year over the window."""
    vectors = Vectors("2024-04-14 22:00", shipped_in("Europe/Berlin"))
    story = vectors.story("one order", activated("2023-01-10"), paid("2024-04-01", 50_00))
    frequency = vectors.read(tmp_path).value("crm_purchase_frequency", "30d", story)
    assert frequency == pytest.approx(365 / (719 / 24), rel=1e-12)


#    zone               first instant of the window     read 30 local days later
DAYS = [
    ("Africa/Cairo", "2024-04-25 21:59:59.999", "2024-04-25 22:00:00", "2024-05-26 12:00"),  # no midnight
    ("Atlantic/Azores", "2024-10-26 23:59:59.999", "2024-10-27 00:00:00", "2024-11-26 12:00"),  # two of them
]


@pytest.mark.parametrize(("zone", "before", "first", "as_of"), DAYS)
def test_a_day_begins_at_its_first_instant(
    tmp_path: Path, zone: str, before: str, first: str, as_of: str
) -> None:
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(shipped_in(zone))
    lines = [lead("created", before, "before"), lead("created", first, "first")]
    readings = replay(tmp_path, lines, as_of, "--catalog", str(catalog))
    assert readings.value("crm_leads", "30d") == 1
    assert readings.value("crm_leads", "90d") == 2
