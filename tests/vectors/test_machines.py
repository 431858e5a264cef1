"""Vectors of outages: overlapping ones count once, open ones until now."""

import pytest

from tests.replays import Readings
from tests.stories import incident
from tests.vectors.vectors import by_component, vectors_at

HOUR_MS = 3_600_000
VECTORS = vectors_at("2024-05-01 12:00")
OVERLAPPING = by_component(
    VECTORS.story(
        "overlapping",
        incident("opened", "2024-05-01 06:00", "1"),
        incident("opened", "2024-05-01 07:00", "2", impact="partial"),
        incident("resolved", "2024-05-01 08:00", "1"),
        incident("opened", "2024-05-01 09:00", "3", impact="maintenance"),
    )
)
# One component is down for ever, another was opened twice and closed once.
SINCE_40_DAYS = by_component(VECTORS.story("since 40 days", incident("opened", "2024-03-22 12:00")))
IN_MAINTENANCE = by_component(
    VECTORS.story("maintenance", incident("opened", "2024-04-30", impact="maintenance"))
)


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return VECTORS.read(tmp_path_factory.mktemp("machines"))


def test_overlapping_outages_count_once_and_an_open_one_until_now(readings: Readings) -> None:
    assert readings.amount("crm_downtime_seconds", "24h", OVERLAPPING) == 6 * HOUR_MS
    assert readings.value("crm_availability_ratio", "24h", OVERLAPPING) == 0.75
    assert readings.amount("crm_incidents_open", "now", OVERLAPPING) == 1


def test_an_outage_since_40_days_leaves_no_availability_and_never_less(readings: Readings) -> None:
    assert readings.value("crm_availability_ratio", "30d", SINCE_40_DAYS) == 0
    assert readings.value("crm_availability_ratio", "24h", SINCE_40_DAYS) == 0
    # 30d holds the current day up to now, and the 30 before it
    assert readings.amount("crm_downtime_seconds", "30d", SINCE_40_DAYS) == (30 * 24 + 12) * HOUR_MS
    assert readings.amount("crm_downtime_seconds", "90d", SINCE_40_DAYS) == 40 * 24 * HOUR_MS


def test_maintenance_is_no_outage(readings: Readings) -> None:
    assert readings.amount("crm_downtime_seconds", "30d", IN_MAINTENANCE) == 0
    assert readings.value("crm_availability_ratio", "30d", IN_MAINTENANCE) == 1
