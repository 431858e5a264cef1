"""Vectors of tickets: first contact, reopened, resolved again."""

import pytest

from tests.oracle.history import replied, ticket
from tests.replays import Readings, Slice
from tests.vectors.vectors import vectors_at

FIRST_CONTACT, REOPENED = "crm_first_contact_resolution_ratio", "crm_reopen_ratio"
VECTORS = vectors_at("2024-05-05")
CREATED = ticket("created", "2024-04-15 09:00", created_by="customer")
REPLY = replied("2024-04-15 10:00")
RESOLVED = ticket("resolved", "2024-04-15 12:00")

ONE_REPLY = VECTORS.story(
    "one reply",
    *(CREATED, REPLY, REPLY, RESOLVED, replied("2024-04-15 13:00")),
)
# Synchronised once more, 200 days after it was created.
SYNCED = VECTORS.story(
    "synced again",
    ticket("created", "2023-10-01 09:00", created_by="customer"),
    replied("2023-10-01 10:00"),
    ticket("resolved", "2023-10-01 12:00"),
    ticket("created", "2024-04-18 09:00", created_by="customer"),
)
AGAIN = VECTORS.story(
    "reopened",
    *(CREATED, REPLY, RESOLVED),
    ticket("reopened", "2024-04-16 12:00"),
    ticket("resolved", "2024-04-16 15:00"),
    ticket("resolved", "2024-04-20 15:00", resolution="closed_automatically"),
)


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return VECTORS.read(tmp_path_factory.mktemp("tickets"))


def both(readings: Readings, gauge: str, slice_: Slice) -> tuple[object, object]:
    """Provisional and final, over 30 days: the ticket was resolved more than 7 days ago."""
    return tuple(readings.fraction(gauge, "30d", slice_, state=state) for state in ("provisional", "final"))  # type: ignore[return-value]


def test_a_reply_delivered_twice_and_one_after_the_resolution_leave_it_one_contact(
    readings: Readings,
) -> None:
    assert both(readings, FIRST_CONTACT, ONE_REPLY) == ((1, 1), (1, 1))
    assert readings.amount("crm_tickets", "30d", ONE_REPLY) == 1


def test_a_ticket_that_is_synchronised_again_200_days_later_is_still_one_ticket(readings: Readings) -> None:
    assert readings.amount("crm_tickets", "365d", SYNCED) == 1
    assert readings.amount("crm_tickets", "30d", SYNCED) == 0
    assert readings.amount("crm_tickets_open", "now", SYNCED) == 0


def test_a_reopened_ticket_is_resolved_once_by_the_first_resolution_after_the_reopening(
    readings: Readings,
) -> None:
    mean = readings.reading("crm_resolution_seconds_mean", "30d", AGAIN)
    assert (mean["numerator"], mean["denominator"]) == (30 * 3_600_000, 1)
    assert both(readings, FIRST_CONTACT, AGAIN) == ((0, 1), (0, 1))
    assert both(readings, REOPENED, AGAIN) == ((1, 1), (1, 1))
    assert readings.amount("crm_tickets_open", "now", AGAIN) == 0
