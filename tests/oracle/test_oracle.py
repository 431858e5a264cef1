"""The oracle against answers computed by hand: the vectors of KPIS.md, section 3, and more."""

import json
import random
from pathlib import Path

import pytest

from tests.oracle.history import (
    activated,
    answered,
    at_ms,
    churned,
    contacted,
    cost,
    deal,
    lead,
    read,
    replied,
    ticket,
    told,
    won,
)
from tests.oracle.oracle import evaluate

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


# -- Customers --------------------------------------------------------------------------------------------


def test_one_who_returns_and_one_who_joined_inside_the_window_are_not_lost(tmp_path: Path) -> None:
    """S = 100. Of twelve that churn one returns, and another was no customer when the window began."""
    base = [activated("2024-01-01", f"c{n}") for n in range(100)]
    leave = [churned("2024-06-10", f"c{n}") for n in range(11)]
    back = [activated("2024-06-20", "c0", kind="reactivated")]
    inside = [activated("2024-06-11", "new"), churned("2024-06-12", "new")]
    found = read(tmp_path, [*base, *leave, *back, *inside], as_of="2024-06-30")
    assert found.fraction("crm_churn_ratio", "30d", kind="all") == (10, 100)
    assert found.fraction("crm_retention_ratio", "30d") == (90, 100)


def test_customers_who_join_inside_the_window_do_not_make_up_for_those_who_leave(tmp_path: Path) -> None:
    """S = 100, 30 leave, 20 join and stay, E = 90: 70 %."""
    base = [activated("2024-01-01", f"c{n}") for n in range(100)]
    leave = [churned("2024-06-10", f"c{n}") for n in range(30)]
    join = [activated("2024-06-11", f"n{n}") for n in range(20)]
    found = read(tmp_path, [*base, *leave, *join], as_of="2024-06-30")
    assert found.fraction("crm_retention_ratio", "30d") == (70, 100)
    assert found.fraction("crm_churn_ratio", "30d", kind="all") == (30, 100)


JOINS = activated("2024-05-01 12:00")
LEAVES = churned("2024-05-03 12:00")
RETURNS = activated("2024-05-05 12:00")


@pytest.mark.parametrize(
    ("history", "lost"),
    [
        ([JOINS, LEAVES, RETURNS], 0),
        ([JOINS, LEAVES, LEAVES], 1),
        ([JOINS, activated("2024-05-02 12:00"), LEAVES], 1),
    ],
    ids=["returns", "churn sent twice", "activated twice"],
)
def test_lost_is_who_was_a_member_then_and_is_none_now(
    history: list[bytes], lost: int, tmp_path: Path
) -> None:
    from_day_2 = read(tmp_path, history, as_of="2024-06-01 09:00")
    assert from_day_2.fraction("crm_churn_ratio", "30d", kind="all") == (lost, 1)
    from_day_0 = read(tmp_path, history, as_of="2024-05-30 09:00")
    assert from_day_0.fraction("crm_churn_ratio", "30d", kind="all") == (0, 0)


@pytest.mark.parametrize("as_of", ["2024-06-01", "2024-08-01"])
def test_leaving_and_joining_at_the_same_moment_changes_nothing(as_of: str, tmp_path: Path) -> None:
    swap = [activated("2024-05-20", "b"), churned("2024-05-20", "b")]
    stays = [activated("2024-01-01"), churned("2024-05-20"), activated("2024-05-20")]
    found = read(tmp_path, [*stays, *swap], as_of=as_of)
    assert found.fraction("crm_churn_ratio", "30d", kind="all") == (0, 1)


def test_a_customer_of_900_days_who_churned_today_is_lost_in_every_window(tmp_path: Path) -> None:
    found = read(tmp_path, [activated("2021-12-15"), churned("2024-06-01 08:00")], as_of="2024-06-01 09:00")
    for window in ("30d", "90d", "365d", "ytd"):
        assert found.fraction("crm_retention_ratio", window) == (0, 1)


def test_the_kind_of_churn_is_that_of_the_last_leaving(tmp_path: Path) -> None:
    history = [
        activated("2024-01-01"),
        churned("2024-06-02", churn_kind="voluntary"),
        activated("2024-06-03"),
        churned("2024-06-04", churn_kind="involuntary"),
        churned("2024-06-05", churn_kind="unknown"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    lost = {"all": 1, "voluntary": 0, "involuntary": 1, "unknown": 0}
    assert {kind: found.of("crm_churn_ratio", "30d", kind=kind).numerator for kind in lost} == lost


def test_a_lost_customer_counts_in_the_plan_that_it_had_when_the_window_began(tmp_path: Path) -> None:
    """The plan is as it was; the channel is that of the earliest event that names one, here of the lead."""
    history = [
        lead("created", "2023-12-01", channel="web"),
        activated("2024-01-01", plan="basic", channel="phone"),
        activated("2024-06-10", plan="pro"),
        churned("2024-06-15"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_churn_ratio", "30d", "plan", "basic", kind="all") == (1, 1)
    assert found.members("crm_retention_ratio", "30d", "plan") == {"basic": 0}
    assert found.members("crm_retention_ratio", "30d", "channel") == {"web": 0}


def test_who_comes_first_as_reactivated_is_no_new_customer_and_costs_nothing_more(tmp_path: Path) -> None:
    history = [
        activated("2024-06-10", "new"),
        activated("2024-06-11", "old", kind="reactivated"),
        churned("2024-06-12", "new"),
        activated("2024-06-13", "new", kind="reactivated"),
        cost("2024-06-01", 700_00),
        cost("2024-06-01", 300_00, "b", category="sales"),
        cost("2024-06-01", 900_00, "c", category="training"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_cac", "30d", currency="USD") == (1000_00, 1)


# -- Leads ------------------------------------------------------------------------------------------------


def test_a_response_is_the_first_contact_not_before_the_lead(tmp_path: Path) -> None:
    """Contacted at 9, created at 10, contacted at 11 and 14, in any order, some twice."""
    history = [lead("created", "2024-06-10 10:00")]
    history += [contacted(f"2024-06-10 {hour}:00") for hour in ("09", "11", "14", "11")]
    for seed in range(3):
        shuffled = random.Random(seed).sample(history * 2, len(history) * 2)
        found = read(tmp_path, shuffled, as_of="2024-06-10 15:00")
        assert found.of("crm_leads", "30d").numerator == 1
        assert found.fraction("crm_lead_response_seconds_mean", "30d", clock="calendar") == (HOUR_MS, 1)
        assert found.of("crm_leads_waiting", "now").numerator == 0


def test_only_a_human_who_calls_answers_and_only_leads_that_came_to_us_wait(tmp_path: Path) -> None:
    history = [
        lead("created", "2024-06-10 10:00", "bot"),
        contacted("2024-06-10 10:05", "bot", actor_kind="bot"),
        lead("created", "2024-06-10 11:00", "calls", segment="smb"),
        contacted("2024-06-10 11:05", "calls", direction="inbound"),
        lead("created", "2024-06-10 09:00", "cold", origin="outbound"),
        contacted("2024-06-10 09:05", "cold", direction="outbound"),
        lead("created", "2024-06-10 08:00", "gone"),
        lead("disqualified", "2024-06-10 08:30", "gone", reason="spam"),
        lead("created", "2024-06-10 08:00", "quick"),
        lead("converted", "2024-06-10 08:30", "quick"),
    ]
    found = read(tmp_path, history, as_of="2024-06-10 12:00")
    assert found.of("crm_leads_waiting", "now").numerator == 2
    assert found.of("crm_leads_waiting_oldest_seconds", "now").numerator == 2 * HOUR_MS
    assert found.of("crm_leads_waiting_oldest_seconds", "now", "segment", "smb").numerator == HOUR_MS
    assert found.of("crm_lead_response_seconds", "30d", quantile="0.5", clock="calendar").samples == 0


def test_a_cohort_counts_when_the_lead_came_and_in_period_when_it_converted(tmp_path: Path) -> None:
    history = [lead("created", "2024-03-01"), lead("converted", "2024-04-20")]
    found = read(tmp_path, history, as_of="2024-04-25")
    assert found.fraction("crm_lead_conversion_ratio", "90d", state="provisional") == (1, 1)
    assert found.fraction("crm_lead_conversion_ratio", "mtd", state="provisional") == (0, 0)
    assert found.fraction("crm_lead_conversion_in_period_ratio", "mtd") == (1, 0)
    march = read(tmp_path, history, as_of="2024-03-31 23:59")
    assert march.fraction("crm_lead_conversion_ratio", "mtd", state="provisional") == (0, 1)


def test_acceptance_needs_both_and_counts_at_the_mql(tmp_path: Path) -> None:
    history = [
        lead("qualified", "2024-06-02", "both", stage="mql"),
        lead("qualified", "2024-06-01", "both", stage="accepted"),
        lead("qualified", "2024-06-02", "mql", stage="mql"),
        lead("qualified", "2024-06-02", "accepted", stage="accepted"),
    ]
    found = read(tmp_path, history, as_of="2024-06-03")
    assert found.fraction("crm_lead_acceptance_ratio", "30d") == (1, 2)


def test_a_quantile_is_the_duration_at_rank_ceil_of_q_times_n(tmp_path: Path) -> None:
    """Of responses of 1, 2, .., 15 minutes: ranks 8, 14 and 15."""
    history = []
    for minutes in range(1, 16):
        history += [lead("created", "2024-06-10 10:00", f"l{minutes}")]
        history += [contacted(f"2024-06-10 10:{minutes:02}", f"l{minutes}")]
    found = read(tmp_path, history, as_of="2024-06-10 12:00")
    for quantile, minutes in (("0.5", 8), ("0.9", 14), ("0.99", 15)):
        reading = found.of("crm_lead_response_seconds", "24h", quantile=quantile, clock="calendar")
        assert (reading.samples, reading.duration_ms) == (15, minutes * MINUTE_MS)


# -- Deals ------------------------------------------------------------------------------------------------


def test_a_deal_lost_in_may_and_won_in_june_is_won_once(tmp_path: Path) -> None:
    history = [
        deal("created", "2024-05-01"),
        deal("lost", "2024-05-20"),
        deal("stage_changed", "2024-06-01", to_stage="proposal"),
        won("2024-06-11"),
        won("2024-06-12"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_win_ratio", "90d") == (1, 1)
    assert found.fraction("crm_sales_cycle_seconds_mean", "90d") == (41 * DAY_MS, 1)
    assert found.of("crm_revenue", "90d", currency="USD").numerator == 100_00


def test_a_later_stage_takes_the_win_back_and_the_same_moment_does_not(tmp_path: Path) -> None:
    history = [
        won("2024-06-11", "reopened"),
        deal("stage_changed", "2024-06-12", "reopened", to_stage="proposal"),
        won("2024-06-11", "closing"),
        deal("stage_changed", "2024-06-11", "closing", to_stage="closed won"),
        won("2024-06-11", "neither"),
        deal("lost", "2024-06-11", "neither"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_win_ratio", "30d") == (1, 1)


def test_the_amount_is_the_latest_correction_and_counts_when_the_deal_was_won(tmp_path: Path) -> None:
    history = [
        won("2024-06-11", amount_minor=500_00, revision=2),
        won("2024-05-11", amount_minor=100_00),
        won("2024-06-12", amount_minor=900_00, revision=1),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.of("crm_revenue", "90d", currency="USD").numerator == 500_00
    assert found.of("crm_revenue", "mtd", currency="USD").numerator == 0


def test_money_is_converted_once_per_event_and_rounded_half_to_even(tmp_path: Path) -> None:
    """25 EUR cents are 27.00, 50 pence 63.5, 150 pence 190.5."""
    history = [
        won("2024-06-11", "a", 25, "EUR"),
        won("2024-06-11", "b", 50, "GBP"),
        won("2024-06-11", "c", 150, "GBP"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.of("crm_revenue", "30d", currency="USD").numerator == 27 + 64 + 190


def test_sums_above_2_to_the_53_are_exact(tmp_path: Path) -> None:
    history = [won("2024-06-11", f"d{n}", 999_999_999_999_999) for n in range(21)]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.of("crm_revenue", "30d", currency="USD").numerator == 21 * 999_999_999_999_999 > 2**53


# -- Costs ------------------------------------------------------------------------------------------------

APRIL = {"period_start": "2024-04-01", "period_end": "2024-04-30"}
BOOKED = cost("2024-04-02", 300_00, **APRIL)
CORRECTED = cost("2024-04-03", 600_00, **APRIL)
REVISED = cost("2024-04-01", 600_00, revision=1, **APRIL)


@pytest.mark.parametrize(
    ("history", "spent"),
    [
        ([BOOKED], 150_00),
        ([BOOKED, CORRECTED], 300_00),
        ([BOOKED, REVISED], 300_00),
        ([BOOKED, CORRECTED, BOOKED], 300_00),
    ],
    ids=["once", "with a later time", "with a revision", "and the first again"],
)
def test_a_cost_is_spread_over_its_days_and_today_counts_whole(
    history: list[bytes], spent: int, tmp_path: Path
) -> None:
    found = read(tmp_path, [*history, lead("created", "2024-04-10")], as_of="2024-04-15 10:00")
    assert found.fraction("crm_cost_per_lead", "mtd", currency="USD") == (spent, 1)
    assert found.fraction("crm_cost_per_lead", "28d", currency="USD") == (spent, 1)


def test_the_days_of_a_cost_add_up_to_it(tmp_path: Path) -> None:
    """100 minor units over 3 days are 33, 33 and 34."""
    history = [cost("2024-03-30", 100, period_start="2024-03-31", period_end="2024-04-02")]
    for day, spent in (("2024-03-31", 33), ("2024-04-01", 66), ("2024-04-02", 100), ("2024-04-03", 100)):
        found = read(tmp_path, history, as_of=f"{day} 10:00")
        assert found.of("crm_cost_per_lead", "90d", currency="USD").numerator == spent


# -- Tickets ----------------------------------------------------------------------------------------------


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


# -- Surveys ----------------------------------------------------------------------------------------------


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


# -- Windows and slices -----------------------------------------------------------------------------------


def test_a_window_holds_the_pane_that_is_now_and_its_length_in_whole_panes_before(tmp_path: Path) -> None:
    """DESIGN 4: at 15:20 on Friday 22 November."""
    begins = {
        "5m": "2024-11-22 15:15",
        "15m": "2024-11-22 15:05",
        "1h": "2024-11-22 14:20",
        "24h": "2024-11-21 15:00",
        "7d": "2024-11-15 15:00",
        "28d": "2024-10-25",
        "30d": "2024-10-23",
        "90d": "2024-08-24",
        "365d": "2023-11-23",
        "mtd": "2024-11-01",
        "qtd": "2024-10-01",
        "ytd": "2024-01-01",
    }
    path = tmp_path / "empty.ndjson"
    path.write_bytes(b"")
    scopes = evaluate(path, at_ms("2024-11-22 15:20:30"), scripts=["events", "subjects", "windows"]).execute(
        "SELECT \"window\", start_ms FROM scope WHERE maturity = '' AND side = 'now'"
    )
    found = {window: start_ms for window, start_ms in scopes.fetchall() if window != "now"}
    assert found == {window: at_ms(start) for window, start in begins.items()}


def test_both_edges_of_a_window_are_inside(tmp_path: Path) -> None:
    times = ("14:19:59.999", "14:20:00", "15:20:30", "15:20:30.001")
    history = [lead("created", f"2024-11-22 {time}", f"l{n}") for n, time in enumerate(times)]
    found = read(tmp_path, history, as_of="2024-11-22 15:20:30")
    assert found.of("crm_leads", "1h").numerator == 2


def test_every_member_of_a_dimension_is_there_and_they_add_up_to_the_whole(tmp_path: Path) -> None:
    history = [lead("created", "2024-06-10", f"l{n}", channel=f"m{n % 41}") for n in range(100)]
    history += [lead("created", "2024-06-10", "empty", channel=""), lead("created", "2024-06-10", "none")]
    found = read(tmp_path, history, as_of="2024-06-20")
    members = found.members("crm_leads", "30d", "channel")
    assert members == {**{f"m{n}": 3 if n < 18 else 2 for n in range(41)}, "unknown": 2}


def test_a_dimension_is_that_of_the_earliest_event_that_names_one(tmp_path: Path) -> None:
    history = [
        lead("created", "2024-06-10", segment=""),
        lead("assigned", "2024-06-12", owner_id="o", segment="late"),
        lead("assigned", "2024-06-11", owner_id="o", segment="early", region=None),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.members("crm_leads", "30d", "segment") == {"early": 1}
    assert found.members("crm_leads", "30d", "region") == {"unknown": 1}


def test_the_whole_of_every_kpi_is_there_over_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, [], as_of="2024-06-20")
    assert {key.dimension for key in found} == {"all"}
    assert found.of("crm_leads", "30d").numerator == 0
    assert found.of("crm_tickets_open_oldest_seconds", "now").numerator is None


# -- Lines ------------------------------------------------------------------------------------------------

GOOD = json.loads(won("2024-06-11", "bad"))


def with_envelope(**attributes: object) -> bytes:
    return json.dumps({**GOOD, **attributes}).encode()


def with_data(**fields: object) -> bytes:
    return with_envelope(data={**GOOD["data"], **fields})


def without(field: str) -> bytes:
    return with_envelope(data={name: value for name, value in GOOD["data"].items() if name != field})


def score(**fields: object) -> bytes:
    """An NPS answer of 9 with other fields, of the type that this line then has."""
    data = {"response_id": "r", "kind": "nps", "score": 9, "scale_min": 0, "scale_max": 10, **fields}
    return with_envelope(type="crm.survey.answered", data=data)


BAD = {
    "empty": b"",
    "not json": b"<html>502</html>",
    "truncated": json.dumps(GOOD).encode()[:-1],
    "array": b"[" + json.dumps(GOOD).encode() + b"]",
    "null": b"null",
    "trailing comma": json.dumps(GOOD).encode()[:-1] + b",}",
    "something behind": json.dumps(GOOD).encode() + b"\x00",
    "not UTF-8": json.dumps(GOOD).encode().replace(b"deal-bad", b"deal-\xff"),
    "NaN in an unknown field": with_data(probability=float("nan")),
    "Infinity": with_data(probability=float("inf")),
    "another version": with_envelope(specversion="0.3"),
    "unknown type": with_envelope(type="crm.deal.teleported"),
    "empty event id": with_envelope(id=""),
    "event id of a number": with_envelope(id=7),
    "no zone": with_envelope(time="2024-06-11T00:00:00"),
    "no such day": with_envelope(time="2024-02-30T00:00:00Z"),
    "time of a number": with_envelope(time=1718064000),
    "data of a string": with_envelope(data="{}"),
    "missing field": without("amount_minor"),
    "null field": with_data(customer_id=None),
    "wrong type": with_data(amount_minor="a lot"),
    "amount in quotes": with_data(amount_minor="10000"),
    "amount with a fraction": with_data(amount_minor=100.5),
    "amount of true": with_data(amount_minor=True),
    "negative amount": with_data(amount_minor=-1),
    "amount above 10^15": with_data(amount_minor=10**15 + 1),
    "amount of 400 digits": with_data(amount_minor=10**399),
    "unknown currency": with_data(currency="XXX"),
    "empty deal id": with_data(deal_id=""),
    "dimension of a number": with_data(channel=7),
    "revision in quotes": with_data(revision="1"),
    "score outside its scale": score(score=11),
    "nps of 1-5": score(score=5, scale_min=1, scale_max=5),
    "unknown kind of survey": score(kind="smile"),
    "later than the as-of time": with_envelope(time="2024-06-20T00:00:00.001Z"),
}


def kept(folder: Path, lines: list[bytes]) -> list[tuple[str, int]]:
    """Type and time of each event that is left of these lines."""
    path = folder / "lines.ndjson"
    path.write_bytes(b"\n".join(lines))
    connection = evaluate(path, at_ms("2024-06-20"), scripts=["events"])
    return connection.execute("SELECT type, time_ms FROM event ORDER BY time_ms").fetchall()


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_line_counts_nowhere_and_its_neighbours_do(line: bytes, tmp_path: Path) -> None:
    before, after = won("2024-06-10", "b"), won("2024-06-12", "c")
    assert [time_ms for _, time_ms in kept(tmp_path, [before, line, after])] == [
        at_ms("2024-06-10"),
        at_ms("2024-06-12"),
    ]


FINE = {
    "the same": json.dumps(GOOD).encode(),
    "the word NaN and a comma and a bracket": with_data(note='NaN, Infinity,} \\ " ,]'),
    "unknown fields": with_data(extra={"a": [1]}),
    "null where nothing is due": with_data(revision=None, channel=None, lead_id=None),
    "the greatest amount": with_data(amount_minor=10**15),
    "a zone": with_envelope(time="2024-06-11T02:00:00.5+02:00"),
    "carriage return": json.dumps(GOOD).encode() + b"\r",
    "fields twice": b'{"type":"crm.deal.lost",' + with_data(currency="XXX")[1:-2] + b',"currency":"EUR"}}',
}


@pytest.mark.parametrize("line", FINE.values(), ids=FINE)
def test_a_good_line_counts_however_it_is_written(line: bytes, tmp_path: Path) -> None:
    assert [type_ for type_, _ in kept(tmp_path, [line])] == ["crm.deal.won"]


def test_digits_below_the_millisecond_are_cut_off_and_zones_count(tmp_path: Path) -> None:
    times = ["2024-06-11T00:00:00.0009Z", "2024-06-11T05:30:00.25+05:30", "2024-06-10T23:00:00.5-01:00"]
    found = kept(tmp_path, [with_envelope(id=time, time=time) for time in times])
    assert [time_ms - at_ms("2024-06-11") for _, time_ms in found] == [0, 250, 500]


def test_the_order_of_lines_and_their_repetition_do_not_matter(tmp_path: Path) -> None:
    history = [lead("created", "2024-06-10"), contacted("2024-06-10 01:00"), won("2024-06-11"), JOINS, LEAVES]
    history += [ticket("created", "2024-06-12"), told("crm.order.paid", "2024-06-12", order_id="o"), BOOKED]
    once = read(tmp_path, history, as_of="2024-06-20")
    assert read(tmp_path, [*reversed(history), *history], as_of="2024-06-20") == once
