"""What a vendor tells of a record apart from its steps: amounts and dimensions, whenever they come.

                       1 June           10 June            12 June
    deal created       amount 250       won with 0         amount 300
                       revision 1       (no revision)      revision 3

Revenue on 10 June is 250 until the 12th, and 300 from then on.
"""

import pytest

from tests.builders import (
    Event,
    customer_activated,
    deal_created,
    deal_described,
    deal_lost,
    deal_stage_changed,
    deal_won,
    in_any_order,
    lead_created,
    lead_described,
    ticket_created,
    ticket_described,
)

CREATED = deal_created("d", at="2024-06-01")
TOLD = deal_described("d", at="2024-06-01", amount_minor=250_00, currency="USD", revision=1)
WON = deal_won("d", at="2024-06-10", amount_minor=0)
CORRECTED = deal_described("d", at="2024-06-12", amount_minor=300_00, currency="USD", revision=3)


def revenue(*events: Event) -> int:
    """In minor units, on the day of `WON`; the same for every order of the events."""
    return in_any_order(events).sum("revenue", "2024-06-10", "2024-06-11")


@pytest.mark.parametrize("events", [(CREATED, TOLD, WON), (TOLD, WON), (TOLD, WON, TOLD, WON)])
def test_an_amount_that_was_told_before_counts_above_the_0_of_the_win(events: tuple[Event, ...]) -> None:
    assert revenue(*events) == 250_00


def test_an_amount_that_is_told_after_the_win_corrects_the_revenue() -> None:
    assert revenue(CREATED, TOLD, WON, CORRECTED) == 300_00


def test_an_amount_may_be_corrected_to_nothing() -> None:
    cleared = deal_described("d", at="2024-06-13", amount_minor=0, currency="USD", revision=4)
    assert revenue(WON, CORRECTED, cleared) == 0


def test_without_any_other_the_amount_of_the_win_stands() -> None:
    assert revenue(CREATED, deal_won("d", at="2024-06-10", amount_minor=99_00)) == 99_00


def test_what_tells_no_amount_leaves_it_as_it_was() -> None:
    moved = deal_described("d", at="2024-06-12", region="eu", revision=9)
    assert revenue(TOLD, WON, moved) == 250_00
    assert revenue(deal_won("d", at="2024-06-10", amount_minor=99_00), moved) == 99_00


def test_an_amount_in_another_currency_is_converted_as_every_amount_is() -> None:
    assert revenue(WON, deal_described("d", amount_minor=100_00, currency="EUR", revision=1)) == 108_00


def test_an_amount_alone_is_no_revenue_but_pipeline_and_the_win_ends_that() -> None:
    unwon = in_any_order([CREATED, TOLD, CORRECTED])
    assert (unwon.sum("revenue"), unwon.value("pipeline", "now")) == (0, 300)
    assert in_any_order([CREATED, TOLD]).value("pipeline", "now") == 250
    assert unwon.take(WON).value("pipeline", "now") == 0


def test_what_was_lost_is_worth_what_was_told() -> None:
    lost = deal_lost("d", at="2024-06-10")
    assert in_any_order([TOLD, lost, CORRECTED]).sum("revenue_lost") == 300_00


def test_a_win_in_the_moment_of_the_last_change_of_stage_stands_with_its_amount() -> None:
    moved = deal_stage_changed("d", at="2024-06-10", to_stage="closedwon")
    assert revenue(TOLD, moved, WON) == 250_00


# -- Dimensions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kpi", "events"),
    [
        ("lead_volume", [lead_created("l", at="10:00"), lead_described("l", at="11:00", region="eu")]),
        ("win_rate", [deal_won("d", at="10:00"), deal_described("d", at="11:00", region="eu")]),
        ("tickets", [ticket_created("t", at="10:00"), ticket_described("t", at="11:00", region="eu")]),
    ],
)
def test_an_event_that_tells_nothing_but_dimensions_reaches_its_subject(
    kpi: str, events: list[Event]
) -> None:
    slices = in_any_order(events).slices(kpi, "24h", "region")
    assert {member: one.numerator for member, one in slices.items()} == {"eu": 1}


def test_what_is_told_of_a_lead_is_told_of_its_customer() -> None:
    ledger = in_any_order(
        [lead_described("l", at="11:00", region="eu"), customer_activated("customer-1", at="12:00")]
    )
    assert set(ledger.slices("customers", "now", "region")) == {"eu"}


def test_the_earliest_event_that_names_a_dimension_gives_it_whatever_its_type() -> None:
    ledger = in_any_order(
        [lead_described("l", at="11:00", region="eu"), lead_created("l", at="10:00", region="us")]
    )
    assert set(ledger.slices("lead_volume", "24h", "region")) == {"us"}
