"""HubSpot's notices, through the mapper and the engine, to what is read on the board."""

from itertools import permutations

from schemas.intake import HubSpot
from streams.intake.hubspot import mapped
from tests.builders import Ledger, record
from tests.intake.hubspot_notices import Json, changed, notice


def ledger(*told: Json, mapping: HubSpot | None = None) -> Ledger:
    """What is kept after these, posted at once; nothing of it may be refused."""
    found = mapped(list(told), mapping or HubSpot())
    assert found.faults == []
    kept = Ledger().take_records([record(draft.line()) for draft in found.drafts])
    assert kept.rejects == []
    return kept


CREATED = notice("deal.creation", "2024-04-10 10:00")
FIRST_STAGE = changed("deal", "dealstage", "appointmentscheduled", "2024-04-10 10:00")
AMOUNT = changed("deal", "amount", "1299.90", "2024-04-10 10:00")
MOVED = changed("deal", "dealstage", "contractsent", "2024-04-12 10:00")
WON = changed("deal", "dealstage", "closedwon", "2024-04-15 10:00")
CORRECTED = changed("deal", "amount", "1500", "2024-04-15 11:00")
SOURCE = changed("deal", "hs_analytics_source", "REFERRALS", "2024-04-15 12:00")


def test_a_deal_that_was_created_priced_moved_and_won_is_revenue_of_its_amount() -> None:
    kept = ledger(CREATED, FIRST_STAGE, AMOUNT, MOVED, WON)
    assert kept.value("revenue", "24h") == 1299.90
    assert kept.counts("win_rate", "24h") == (1, 1)
    assert kept.value("sales_cycle", "24h", gauge="crm_sales_cycle_seconds_mean") == 5 * 86_400
    assert kept.counts("stage_conversion", "7d", stage="negotiation") == (1, 1)
    assert kept.value("pipeline", "now") == 0


def test_until_then_it_is_pipeline_by_the_stage_it_is_in() -> None:
    kept = ledger(CREATED, FIRST_STAGE, AMOUNT, MOVED)
    assert kept.value("pipeline", "now") == 1299.90
    assert kept.value("pipeline_weighted", "now") == 974.92


def test_amount_and_channel_may_be_told_after_the_win_in_any_order_of_deliveries() -> None:
    told = (CREATED, AMOUNT, WON, CORRECTED, SOURCE)
    state = ledger(*told).state()
    for order in permutations(told):
        each = Ledger()
        for one in order:
            each.take_records([record(draft.line()) for draft in mapped([one], HubSpot()).drafts])
        assert each.state() == state
    assert ledger(*told).value("revenue", "24h", dimension="channel", member="REFERRALS") == 1500


def test_a_win_of_which_no_amount_is_told_counts_as_won_and_as_nothing_in_revenue() -> None:
    kept = ledger(WON)
    assert (kept.value("revenue", "24h"), kept.counts("win_rate", "24h")) == (0, (1, 1))


def test_a_deal_that_moves_on_among_stages_that_mean_won_stays_won_since_the_first() -> None:
    mapping = HubSpot.model_validate({"deal": {"won": ["closedwon", "invoiced"]}})
    invoiced = changed("deal", "dealstage", "invoiced", "2024-04-20 10:00")
    kept = ledger(CREATED, AMOUNT, WON, invoiced, mapping=mapping)
    assert kept.sum("deals_won", "2024-04-15", "2024-04-16") == 1
    assert kept.sum("deals_won") == 1


def test_a_deal_that_is_dragged_back_into_an_open_stage_is_won_no_more() -> None:
    reopened = changed("deal", "dealstage", "contractsent", "2024-04-16 10:00")
    assert ledger(CREATED, AMOUNT, WON, reopened).sum("deals_won") == 0
    again = changed("deal", "dealstage", "closedwon", "2024-04-17 10:00")
    kept = ledger(CREATED, AMOUNT, WON, reopened, again)
    assert kept.sum("revenue", "2024-04-17", "2024-04-18") == 1299_90 == kept.sum("revenue")


def test_a_lost_deal_is_worth_its_amount_and_a_deleted_one_has_never_been() -> None:
    lost = changed("deal", "dealstage", "closedlost", "2024-04-15 10:00")
    assert ledger(CREATED, AMOUNT, lost).value("revenue_lost", "24h") == 1299.90
    deleted = notice("deal.deletion", "2024-04-15 13:00")
    kept = ledger(CREATED, AMOUNT, WON, deleted)
    assert (kept.sum("revenue"), kept.sum("deals")) == (0, 0)


# -- Contacts and tickets ---------------------------------------------------------------------------------


def test_a_contact_is_a_lead_that_is_answered_qualified_and_becomes_a_customer() -> None:
    kept = ledger(
        notice("contact.creation", "10:00", of=1),
        changed("contact", "hubspot_owner_id", "42", "10:00", of=1),
        changed("contact", "hs_lead_status", "CONNECTED", "10:30", of=1),
        changed("contact", "lifecyclestage", "marketingqualifiedlead", "11:00", of=1),
        changed("contact", "lifecyclestage", "salesqualifiedlead", "12:00", of=1),
        changed("contact", "lifecyclestage", "customer", "13:00", of=1),
        changed("contact", "hs_analytics_source", "PAID_SEARCH", "14:00", of=1),
    )
    assert kept.value("lead_response", "24h", gauge="crm_lead_response_seconds_mean") == 1800
    assert kept.counts("lead_acceptance", "24h") == (1, 1)
    assert kept.counts("lead_conversion", "24h", state="provisional") == (1, 1)
    assert kept.value("customers", "now", dimension="channel", member="PAID_SEARCH") == 1


def test_a_ticket_that_is_moved_between_open_stages_is_not_reopened() -> None:
    kept = ledger(
        notice("ticket.creation", "10:00", of=2),
        changed("ticket", "hs_pipeline_stage", "1", "10:00", of=2),
        changed("ticket", "hs_pipeline_stage", "2", "11:00", of=2),
        changed("ticket", "hs_pipeline_stage", "4", "12:00", of=2),
    )
    assert kept.value("resolution", "24h", gauge="crm_resolution_seconds_mean") == 7200
    assert kept.counts("reopen_rate", "24h") == (0, 1)
    back = changed("ticket", "hs_pipeline_stage", "3", "13:00", of=2)
    kept.take_records([record(draft.line()) for draft in mapped(back, HubSpot()).drafts])
    assert kept.counts("reopen_rate", "24h") == (1, 1)
    assert kept.value("backlog", "now") == 1


def test_a_request_to_be_forgotten_waits_to_be_met() -> None:
    kept = ledger(notice("contact.privacyDeletion", "10:00", of=3))
    assert kept.value("erasures_waiting", "now") == 1
