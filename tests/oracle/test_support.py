"""Tickets and surveys, against answers computed by hand (KPIS.md, section 3, and more)."""

from pathlib import Path

import pytest

from tests.oracle.history import answered, contacted, lead, read, replied, ticket, told

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


def test_first_contact_is_one_reply_no_escalation_and_no_reopening(tmp_path: Path) -> None:
    """Between 10:00 and 11:00, when each ticket is created and resolved."""
    cases = {
        "a reply": ([replied("2024-06-10 10:10", "a reply")], 1),
        "two": ([replied("2024-06-10 10:10", "two"), replied("2024-06-10 10:20", "two")], 0),
        "escalated": ([ticket("escalated", "2024-06-10 10:10", "escalated")], 0),
        "escalated then": ([ticket("escalated", "2024-06-10 11:00", "escalated then")], 1),
        "reopened then": ([ticket("reopened", "2024-06-10 11:00", "reopened then")], 1),
        "reopened later": ([ticket("reopened", "2024-06-10 12:00", "reopened later")], 0),
    }
    history = []
    for name, (meanwhile, _) in cases.items():
        history += [ticket("created", "2024-06-10 10:00", name, team=name), *meanwhile]
        history += [ticket("resolved", "2024-06-10 11:00", name)]
    found = read(tmp_path, history, as_of="2024-06-11")
    for name, (_, one_touch) in cases.items():
        rate = found.fraction("crm_first_contact_resolution_ratio", "7d", "team", name, state="provisional")
        assert rate == (one_touch, 1), name


# -- Surveys -----------------------------------------------------------------------------------------------


def test_five_promoters_three_passives_and_two_detractors_make_30_points(tmp_path: Path) -> None:
    scores = [9, 9, 10, 10, 9, 7, 8, 8, 0, 6]
    history = [answered("2024-06-10", f"r{n}", score) for n, score in enumerate(scores)]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_nps_points", "30d") == (3, 10)


def test_satisfied_is_the_top_quarter_of_the_scale(tmp_path: Path) -> None:
    """Each score of each scale once."""
    history = []
    for scale in ("1-5", "1-10", "1-7", "0-1"):
        low, high = (int(end) for end in scale.split("-"))
        scores = range(low, high + 1)
        history += [answered("2024-06-10", f"{scale}: {n}", n, "csat", scale, team=scale) for n in scores]
    found = read(tmp_path, history, as_of="2024-06-20")
    satisfied = {
        scale: found.fraction("crm_csat_ratio", "30d", "team", scale)
        for scale in found.members("crm_csat_ratio", "30d", "team")
    }
    assert satisfied == {"1-5": (2, 5), "1-10": (3, 10), "1-7": (2, 7), "0-1": (1, 2)}


def test_a_corrected_answer_counts_once_as_corrected_when_it_was_first_given(tmp_path: Path) -> None:
    history = [answered("2024-05-10", "r", 2), answered("2024-06-10", "r", 9)]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_nps_points", "90d") == (1, 1)
    assert found.fraction("crm_nps_points", "mtd") == (0, 0)


def test_final_first_contact_forgives_what_is_reopened_after_a_week(tmp_path: Path) -> None:
    history = []
    for name, reopened in (
        ("soon", "2024-06-04 10:00"),
        ("week", "2024-06-08 11:00"),
        ("late", "2024-06-08 11:01"),
    ):
        history += [ticket("created", "2024-06-01 10:00", name), ticket("resolved", "2024-06-01 11:00", name)]
        history += [ticket("reopened", reopened, name)]
    history += [ticket("created", "2024-06-19", "young"), ticket("resolved", "2024-06-19", "young")]
    found = read(tmp_path, history, as_of="2024-06-20 12:00")
    rates = {
        (gauge, state): found.fraction(f"crm_{gauge}_ratio", "30d", state=state)
        for gauge in ("first_contact_resolution", "reopen")
        for state in ("provisional", "final")
    }
    assert rates == {
        ("first_contact_resolution", "provisional"): (1, 4),
        ("first_contact_resolution", "final"): (1, 3),
        ("reopen", "provisional"): (3, 4),
        ("reopen", "final"): (2, 3),
    }


def test_escalation_counts_at_the_creation(tmp_path: Path) -> None:
    history = [
        ticket("created", "2024-05-01"),
        ticket("escalated", "2024-06-10"),
        ticket("created", "2024-06-10", "b"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_escalation_ratio", "30d") == (0, 1)
    assert found.fraction("crm_escalation_ratio", "90d") == (1, 2)


@pytest.mark.parametrize(
    ("zone", "created", "answered_at", "calendar_hours", "business_hours"),
    [
        # Fri 27 Oct 2023 16:30 -> Mon 9:30 in Berlin, where clocks change on Sunday.
        ("Europe/Berlin", "2023-10-27 14:30", "2023-10-30 08:30", 66, 1),
        # Fri 8 Mar 2024 16:30 -> Mon 9:30 in New York, likewise.
        ("America/New_York", "2024-03-08 21:30", "2024-03-11 13:30", 64, 1),
        # Wed 3 July 2024 16:00 -> Fri 5 July 10:00: Thursday is a holiday.
        ("UTC", "2024-07-03 16:00", "2024-07-05 10:00", 42, 2),
        # At night from 20:00 to 6:00 nobody is there.
        ("UTC", "2024-07-09 20:00", "2024-07-10 06:00", 10, 0),
        # Two whole days and a quarter: Mon 8:10 -> Wed 11:10.
        ("UTC", "2024-07-08 08:10", "2024-07-10 11:10", 51, 8 + 8 + 2 + 1 / 6),
    ],
)
def test_the_business_clock_runs_when_somebody_is_there(
    zone: str, created: str, answered_at: str, calendar_hours: float, business_hours: float, tmp_path: Path
) -> None:
    history = [
        ticket("created", created),
        replied(answered_at),
        lead("created", created),
        contacted(answered_at),
    ]
    found = read(tmp_path, history, as_of="2024-07-20", time_zone=zone)
    for gauge in ("crm_first_response_seconds_mean", "crm_lead_response_seconds_mean"):
        for clock, hours in (("calendar", calendar_hours), ("business", business_hours)):
            assert found.fraction(gauge, "365d", clock=clock) == (round(hours * HOUR_MS), 1)


def test_surveys_are_answered_when_they_were_sent_and_finally_within_two_weeks(tmp_path: Path) -> None:
    history = [told("crm.survey.sent", "2024-06-01", invitation_id=name, kind="csat") for name in "abc"]
    history += [told("crm.survey.sent", "2024-06-15", invitation_id="young", kind="csat")]
    history += [
        answered("2024-06-10", "1", 5, "csat", "1-5", invitation_id="a", has_comment=True),
        answered("2024-06-16", "2", 5, "csat", "1-5", invitation_id="b", has_comment=False),
        answered("2024-06-16", "3", 3, "ces", "1-7"),
        answered("2024-06-16", "4", 6, "ces", "1-7"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20 12:00")
    assert found.fraction("crm_survey_response_ratio", "30d", state="provisional") == (2, 4)
    assert found.fraction("crm_survey_response_ratio", "30d", state="final") == (1, 3)
    assert found.fraction("crm_survey_comment_ratio", "30d") == (1, 4)
    assert found.of("crm_ces_points", "30d").value == 4.5


def test_the_change_of_a_score_is_in_points(tmp_path: Path) -> None:
    history = [answered("2024-05-10", "a", 9), answered("2024-05-10", "b", 3)]
    history += [answered("2024-06-10", "c", 10), answered("2024-06-10", "d", 8)]
    nps = read(tmp_path, history, as_of="2024-06-20").reading("crm_nps_points", "30d")
    assert (nps.now.value, nps.previous, nps.change) == (50, 0, 50)


def test_a_proportion_is_as_sure_as_wilson_says(tmp_path: Path) -> None:
    percent = {"3/3": (43.9, 100), "4/5": (37.6, 96.4), "80/100": (71.1, 86.7), "0/10": (0, 27.8)}
    history = []
    for team in percent:
        satisfied, answers = (int(number) for number in team.split("/"))
        scores = [5] * satisfied + [1] * (answers - satisfied)
        history += [
            answered("2024-06-10", f"{team}: {n}", score, "csat", "1-5", team=team)
            for n, score in enumerate(scores)
        ]
    found = read(tmp_path, history, as_of="2024-06-20")
    for team, bounds in percent.items():
        csat = found.of("crm_csat_ratio", "30d", "team", team)
        assert csat.lower is not None and csat.upper is not None
        assert (round(100 * csat.lower, 1), round(100 * csat.upper, 1)) == bounds


def test_a_score_is_as_sure_as_adjusted_wald_says(tmp_path: Path) -> None:
    """Of ten answers 5, 3 and 2, around the adjusted score of 23.1 points; and as many times more."""
    widths = {1: (42, 0), 10: (15, 0), 100: (4.8, 1)}
    history = [
        answered("2024-06-10", f"{times}: {n}", score, team=f"{times}")
        for times in widths
        for n, score in enumerate([9, 9, 10, 10, 9, 7, 8, 8, 0, 6] * times)
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    for times, (half, digits) in widths.items():
        nps = found.of("crm_nps_points", "30d", "team", f"{times}")
        assert nps.lower is not None and nps.upper is not None and nps.value == 30
        assert round((nps.upper - nps.lower) / 2, digits) == half
        assert (nps.upper + nps.lower) / 2 == pytest.approx(100 * 3 * times / (10 * times + 3))
