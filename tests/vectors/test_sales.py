"""Vectors of leads and deals: answered, converted, won after all."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.oracle.history import contacted, deal, described, lead, told, won
from tests.replays import Readings, replay
from tests.vectors.vectors import vectors_at

MAY = vectors_at("2024-05-05")


@pytest.fixture(scope="module")
def may(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return MAY.read(tmp_path_factory.mktemp("may"))


# -- Leads ------------------------------------------------------------------------------------------------
#
#     09:00 contacted    10:00 created    11:00 contacted    14:00 contacted
#                             |--- response ---|

EARLY, FIRST, LAST = (contacted(f"2024-05-02 {hour}:00") for hour in ("09", "11", "14"))
CREATED = lead("created", "2024-05-02 10:00")
ORDERS = {
    "in order": (EARLY, CREATED, FIRST, LAST),
    "last first": (LAST, FIRST, CREATED, EARLY),
    "creation last, contacts twice": (FIRST, FIRST, LAST, EARLY, LAST, CREATED),
    "creation twice": (CREATED, LAST, CREATED, EARLY, FIRST),
}
ANSWERED = {name: MAY.story(name, *lines) for name, lines in ORDERS.items()}


@pytest.mark.parametrize("order", ORDERS)
def test_a_lead_counts_once_and_is_answered_by_the_first_contact_after_its_creation(
    may: Readings, order: str
) -> None:
    assert may.amount("crm_leads", "7d", ANSWERED[order]) == 1
    response = may.reading("crm_lead_response_seconds_mean", "7d", ANSWERED[order], clock="calendar")
    assert (response["numerator"], response["denominator"]) == (3_600_000, 1)
    in_time = may.reading("crm_lead_answered_ratio", "7d", ANSWERED[order], within="1h", state="provisional")
    assert in_time["value"] == 1
    assert may.amount("crm_leads_waiting", "now", ANSWERED[order]) == 0


LATE_CONVERSION = (lead("created", "2024-03-01 10:00"), lead("converted", "2024-04-20 10:00"))
CONVERTED = MAY.story("fifty days", *LATE_CONVERSION)
APRIL = vectors_at("2024-04-30 12:00")
IN_APRIL = APRIL.story("fifty days", *LATE_CONVERSION, lead("created", "2024-04-10", "another"))


def test_a_lead_that_converts_after_fifty_days_is_of_its_cohort_but_not_finally(may: Readings) -> None:
    conversion = "crm_lead_conversion_ratio"
    assert may.fraction(conversion, "90d", CONVERTED, state="provisional") == (1, 1)
    assert may.fraction(conversion, "90d", CONVERTED, state="final") == (0, 1)
    assert may.fraction(conversion, "30d", CONVERTED, state="provisional") == (0, 0)


def test_the_conversion_itself_is_of_the_month_in_which_it_happened(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    april = APRIL.read(tmp_path_factory.mktemp("april"))
    assert april.fraction("crm_lead_conversion_in_period_ratio", "mtd", IN_APRIL) == (1, 1)
    assert april.fraction("crm_lead_conversion_ratio", "mtd", IN_APRIL, state="provisional") == (0, 1)


# -- Deals ------------------------------------------------------------------------------------------------

JUNE = vectors_at("2024-06-30")
AFTER_ALL = JUNE.story(
    "won after all",
    deal("created", "2024-05-02", stage="qualified"),
    deal("lost", "2024-05-20"),
    deal("stage_changed", "2024-06-01", to_stage="negotiation"),
    won("2024-06-10"),
)
WON_AFTER_LOST = JUNE.story("won after lost", deal("lost", "2024-05-20"), won("2024-06-10"))
SKIPS = JUNE.story(
    "skips two",
    deal("created", "2024-06-01", stage="qualified"),
    deal("stage_changed", "2024-06-05", to_stage="negotiation"),
)


TOLD = JUNE.story(  # the amount apart from the win, which says 0
    "told apart",
    deal("created", "2024-06-01"),
    described("deal", "2024-06-02", amount_minor=250_00, revision=1),
    won("2024-06-10", amount_minor=0),
)
CORRECTED = JUNE.story(
    "told after the win",
    won("2024-06-10", amount_minor=0),
    described("deal", "2024-06-11", amount_minor=250_00, currency="EUR", revision=1),
    described("deal", "2024-06-20", amount_minor=300_00, currency="EUR", revision=2),
)
NEVER_TOLD = JUNE.story(
    "never told", won("2024-06-10", amount_minor=99_00), described("deal", "2024-06-11", revision=1)
)


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return JUNE.read(tmp_path_factory.mktemp("june"))


@pytest.mark.parametrize("deal", [AFTER_ALL, WON_AFTER_LOST])
def test_a_deal_lost_in_may_and_won_in_june_is_won_once_and_not_lost(
    june: Readings, deal: tuple[str, str]
) -> None:
    assert june.fraction("crm_win_ratio", "90d", deal) == (1, 1)
    assert june.fraction("crm_win_ratio", "mtd", deal) == (1, 1)
    assert june.amount("crm_revenue_lost", "90d", deal) == 0


def test_an_amount_that_is_told_apart_from_the_win_counts_when_the_deal_was_won(june: Readings) -> None:
    told = {story: june.amount("crm_revenue", "30d", story) for story in (TOLD, CORRECTED, NEVER_TOLD)}
    assert told == {TOLD: 250_00, CORRECTED: 324_00, NEVER_TOLD: 99_00}


def test_a_deal_that_skips_two_stages_has_reached_every_stage_before_its_own(june: Readings) -> None:
    reached = {
        stage: june.fraction("crm_stage_conversion_ratio", "30d", SKIPS, stage=stage)
        for stage in ("qualified", "meeting", "proposal", "negotiation")
    }
    assert reached == {"qualified": (1, 1), "meeting": (1, 1), "proposal": (1, 1), "negotiation": (0, 1)}


# -- Steady traffic ---------------------------------------------------------------------------------------

LEADS_ONLY = """
version: 1
currency: {report: USD}
subjects:
  lead:
    id: lead_id
    steps:
      created: {event: crm.lead.created}
    measures:
      leads: {count: created}
kpis:
  lead_volume:
    title: Leads
    group: sales
    goal: Find enough people who may need us.
    owner: marketing
    unit: count
    good: up
    gauge: crm_leads
    windows: [5m, 15m, 1h, 24h, 7d, 28d, 30d, 90d, mtd, qtd]
    formula: leads
"""


def test_steady_traffic_shows_no_change_in_any_window(tmp_path: Path) -> None:
    """A lead a minute since 1 April, read at half past noon: whole panes against whole panes."""
    start = datetime.fromisoformat("2024-04-01")
    minutes = (60 * 24 + 12) * 60 + 31
    lines = (
        told("crm.lead.created", f"{start + timedelta(minutes=n)}", lead_id=f"lead-{n}", customer_id=f"c-{n}")
        for n in range(minutes)
    )
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(LEADS_ONLY)
    readings = replay(tmp_path, lines, "2024-05-31 12:30", "--catalog", str(catalog))
    compared = {one["window"]: one["change"] for one in readings if one["previous"]}
    assert compared == dict.fromkeys(("5m", "15m", "1h", "24h", "7d", "28d", "30d", "mtd"), 0)
