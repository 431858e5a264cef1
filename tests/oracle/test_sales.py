"""Leads and deals, against answers computed by hand (KPIS.md, section 3, and more)."""

import random
from pathlib import Path

from tests.oracle.history import (
    contacted,
    deal,
    described,
    lead,
    read,
    won,
)

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


# -- Leads -------------------------------------------------------------------------------------------------


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


# -- Deals -------------------------------------------------------------------------------------------------


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


def test_a_described_amount_counts_above_that_of_the_win_and_a_later_one_above_it(tmp_path: Path) -> None:
    history = [
        won("2024-06-11", "told before", amount_minor=0),
        described("deal", "2024-06-01", "told before", amount_minor=500, revision=1),
        won("2024-06-11", "corrected", amount_minor=0),
        described("deal", "2024-06-12", "corrected", amount_minor=30_000, currency="EUR", revision=3),
        described("deal", "2024-06-02", "corrected", amount_minor=1, revision=2),
        won("2024-06-11", "never told", amount_minor=70_000),
        described("deal", "2024-06-12", "never told", region="eu", revision=9),
        described("deal", "2024-06-12", "never won", amount_minor=2_000_000, revision=9),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.of("crm_revenue", "30d", currency="USD").numerator == 500 + 32_400 + 70_000
    assert found.of("crm_revenue", "30d", "region", "eu", currency="USD").numerator == 70_000
    assert found.of("crm_pipeline", "now", currency="USD").numerator == 2_000_000


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


def test_a_deal_that_skips_stages_has_reached_every_one_before_its_own(tmp_path: Path) -> None:
    history = [
        deal("created", "2024-06-01", "skips", stage="qualified"),
        deal("stage_changed", "2024-06-02", "skips", to_stage="negotiation"),
        deal("created", "2024-06-01", "wins"),
        won("2024-06-03", "wins"),
        deal("created", "2024-06-01", "back", stage="meeting"),
        deal("stage_changed", "2024-06-02", "back", to_stage="qualified"),
        deal("created", "2024-06-01", "odd", stage="thinking"),
        deal("stage_changed", "2024-06-01", "unborn", to_stage="proposal"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    reached = {stage: found.fraction("crm_stage_conversion_ratio", "30d", stage=stage) for stage in STAGES}
    assert reached == {"qualified": (3, 3), "meeting": (2, 3), "proposal": (2, 2), "negotiation": (1, 2)}


STAGES = ("qualified", "meeting", "proposal", "negotiation")


def test_the_pipeline_follows_amount_and_stage_until_the_deal_is_closed(tmp_path: Path) -> None:
    usd = {"currency": "USD"}
    history = [
        deal("created", "2024-06-01", "a", stage="qualified", amount_minor=99, **usd),
        deal("stage_changed", "2024-06-05", "a", to_stage="proposal", amount_minor=205, **usd),
        deal("created", "2024-06-01", "b", amount_minor=1000, **usd),
        deal("created", "2024-06-01", "c", stage="meeting", amount_minor=500, **usd),
        deal("lost", "2024-06-04", "c", amount_minor=450, **usd),
        deal("created", "2024-06-01", "d", stage="meeting", amount_minor=500, **usd),
        deal("lost", "2024-06-04", "d"),
        deal("stage_changed", "2024-06-10", "d", to_stage="meeting"),
    ]
    early = read(tmp_path, history, as_of="2024-06-02")
    assert early.of("crm_pipeline", "now", currency="USD").numerator == 99 + 1000 + 500 + 500
    assert early.of("crm_pipeline_weighted", "now", currency="USD").numerator == 9 + 0 + 150 + 150
    late = read(tmp_path, history, as_of="2024-06-20")
    assert late.of("crm_pipeline", "now", currency="USD").numerator == 205 + 1000 + 500
    assert late.of("crm_pipeline_weighted", "now", currency="USD").numerator == 102 + 0 + 150
    assert late.of("crm_revenue_lost", "30d", currency="USD").numerator == 450


def test_final_looks_at_leads_that_had_thirty_days_and_counts_what_came_in_them(tmp_path: Path) -> None:
    """Created on 1 March, converted on 20 April: March's provisionally, and not within 30 days."""
    history = [lead("created", "2024-03-01"), lead("converted", "2024-04-20")]
    history += [lead("created", "2024-03-02", "b"), lead("converted", "2024-03-20", "b")]
    history += [lead("created", "2024-05-02", "young"), lead("converted", "2024-05-03", "young")]
    found = read(tmp_path, history, as_of="2024-05-04 12:00")
    assert found.fraction("crm_lead_conversion_ratio", "90d", state="provisional") == (3, 3)
    assert found.fraction("crm_lead_conversion_ratio", "90d", state="final") == (1, 2)
    # A window that ends at the start of 4 April, and the one before it.
    final = found.reading("crm_lead_conversion_ratio", "30d", state="final")
    assert (final.now.numerator, final.now.denominator, final.previous) == (0, 0, 0.5)


def test_answered_in_time_is_of_leads_with_a_clock_and_matures_by_minutes(tmp_path: Path) -> None:
    history = [
        lead("created", "2024-06-10 10:00", "quick"),
        contacted("2024-06-10 10:05", "quick"),
        lead("created", "2024-06-10 10:00", "slow"),
        contacted("2024-06-10 11:00", "slow"),
        lead("created", "2024-06-10 10:00", "cold", origin="outbound"),
        contacted("2024-06-10 10:01", "cold"),
        lead("created", "2024-06-10 11:58", "young"),
    ]
    found = read(tmp_path, history, as_of="2024-06-10 12:00:30")
    answered = {
        (within, state): found.fraction("crm_lead_answered_ratio", "24h", within=within, state=state)
        for within in ("5m", "1h")
        for state in ("provisional", "final")
    }
    # Hours: what began at 11 has not matured, be it for an hour or five minutes.
    assert answered == {
        ("5m", "provisional"): (1, 3),
        ("5m", "final"): (1, 2),
        ("1h", "provisional"): (2, 3),
        ("1h", "final"): (2, 2),
    }


def test_leads_double_and_acceptance_halves_against_the_window_before(tmp_path: Path) -> None:
    """From 5 leads to 10, from 40 % to 20 %: what a guardrail is to notice."""
    history = []
    for day, number in (("2024-05-01", 5), ("2024-06-01", 10)):
        names = [f"{day} {n}" for n in range(number)]
        history += [lead("created", day, name) for name in names]
        history += [lead("qualified", day, name, stage="mql") for name in names]
        history += [lead("qualified", day, name, stage="accepted") for name in names[:2]]
    found = read(tmp_path, history, as_of="2024-06-20 12:00")
    leads, accepted = found.reading("crm_leads", "30d"), found.reading("crm_lead_acceptance_ratio", "30d")
    assert (leads.now.value, leads.previous, leads.change) == (10, 5, 1)
    assert (accepted.now.value, accepted.previous, accepted.change) == (0.2, 0.4, -0.5)
