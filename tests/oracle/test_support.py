"""Tickets and surveys, against answers computed by hand (KPIS.md, section 3, and more)."""

from pathlib import Path

import pytest

from tests.oracle.history import (
    answered,
    read,
    replied,
    ticket,
)

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


# -- Tickets -----------------------------------------------------------------------------------------------


def test_one_reply_before_it_is_resolved_is_first_contact_however_often_it_is_delivered(
    tmp_path: Path,
) -> None:
    """Created again 200 days later, it is still one ticket."""
    history = [
        ticket("created", "2024-01-10 10:00"),
        replied("2024-01-10 10:30"),
        replied("2024-01-10 10:30"),
        ticket("resolved", "2024-01-10 11:00"),
        replied("2024-01-10 12:00"),
        ticket("created", "2024-07-28 10:00"),
    ]
    found = read(tmp_path, history, as_of="2024-07-29")
    assert found.fraction("crm_first_contact_resolution_ratio", "365d", state="provisional") == (1, 1)
    assert found.fraction("crm_first_response_seconds_mean", "365d", clock="calendar") == (HOUR_MS // 2, 1)
    assert found.of("crm_tickets_open", "now").numerator == 0


def test_a_reopened_ticket_is_resolved_by_the_first_resolution_after_it(tmp_path: Path) -> None:
    """Resolved, reopened a day later, resolved again, then closed automatically."""
    opened, reopened = ticket("created", "2024-06-10 10:00"), ticket("reopened", "2024-06-11 11:00")
    resolved = [ticket("resolved", f"2024-06-{day} 11:00") for day in ("10", "12", "19")]
    found = read(tmp_path, [opened, reopened, *resolved], as_of="2024-06-20")
    assert found.fraction("crm_resolution_seconds_mean", "30d") == (2 * DAY_MS + HOUR_MS, 1)
    assert found.fraction("crm_first_contact_resolution_ratio", "30d", state="provisional") == (0, 1)
    assert found.fraction("crm_reopen_ratio", "30d", state="provisional") == (1, 1)
    before = read(tmp_path, [opened, reopened, resolved[0]], as_of="2024-06-12 10:00")
    assert before.of("crm_tickets_open", "now").numerator == 1
    assert before.of("crm_tickets_open_oldest_seconds", "now").numerator == 2 * DAY_MS


def test_a_ticket_that_an_agent_opened_is_answered_by_the_second_reply(tmp_path: Path) -> None:
    history = [
        ticket("created", "2024-06-10 10:00", created_by="agent"),
        replied("2024-06-10 10:00"),
        replied("2024-06-10 10:10", public=False),
        replied("2024-06-10 10:20", author_role="customer"),
        replied("2024-06-10 10:30", actor_kind="bot"),
        replied("2024-06-10 11:00"),
    ]
    found = read(tmp_path, history, as_of="2024-06-10 12:00")
    assert found.fraction("crm_first_response_seconds_mean", "24h", clock="calendar") == (HOUR_MS, 1)


@pytest.mark.parametrize(
    ("meanwhile", "one_touch"),
    [
        ([replied("2024-06-10 10:10")], 1),
        ([replied("2024-06-10 10:10"), replied("2024-06-10 10:20")], 0),
        ([ticket("escalated", "2024-06-10 10:10")], 0),
        ([ticket("escalated", "2024-06-10 11:00")], 1),
        ([ticket("reopened", "2024-06-10 11:00")], 1),
        ([ticket("reopened", "2024-06-10 12:00")], 0),
    ],
)
def test_first_contact_is_one_reply_no_escalation_and_no_reopening(
    meanwhile: list[bytes], one_touch: int, tmp_path: Path
) -> None:
    history = [ticket("created", "2024-06-10 10:00"), *meanwhile, ticket("resolved", "2024-06-10 11:00")]
    found = read(tmp_path, history, as_of="2024-06-11")
    assert found.fraction("crm_first_contact_resolution_ratio", "7d", state="provisional") == (one_touch, 1)


# -- Surveys -----------------------------------------------------------------------------------------------


def test_five_promoters_three_passives_and_two_detractors_make_30_points(tmp_path: Path) -> None:
    scores = [9, 9, 10, 10, 9, 7, 8, 8, 0, 6]
    history = [answered("2024-06-10", f"r{n}", score) for n, score in enumerate(scores)]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_nps_points", "30d") == (3, 10)


@pytest.mark.parametrize(("scale", "satisfied"), [("1-5", 2), ("1-10", 3), ("1-7", 2), ("0-1", 1)])
def test_satisfied_is_the_top_quarter_of_the_scale(scale: str, satisfied: int, tmp_path: Path) -> None:
    low, high = (int(end) for end in scale.split("-"))
    history = [answered("2024-06-10", f"r{n}", n, "csat", scale) for n in range(low, high + 1)]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_csat_ratio", "30d") == (satisfied, high - low + 1)


def test_a_corrected_answer_counts_once_as_corrected_when_it_was_first_given(tmp_path: Path) -> None:
    history = [answered("2024-05-10", "r", 2), answered("2024-06-10", "r", 9)]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_nps_points", "90d") == (1, 1)
    assert found.fraction("crm_nps_points", "mtd") == (0, 0)
