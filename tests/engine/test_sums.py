"""Sums: of a register, of a map, less a map; and of how many subjects they are."""

import pytest

from tests.builders import (
    Ledger,
    customer_activated,
    customer_churned,
    deal_lost,
    deal_won,
    in_any_order,
    lead_assigned,
    lead_contacted,
)
from tests.engine.catalogs import plan

ORDER = plan("""\
    id: customer_id
    steps:
      paid: {event: crm.customer.activated}
    registers:
      won: {event: crm.deal.won, fields: [amount_minor]}
    maps:
      refunds: {event: crm.deal.lost, key: deal_id, field: amount_minor}
    measures:
      gross: {sum: won.amount_minor, at: paid}
      net: {sum: won.amount_minor, less: refunds, at: paid}
      refunded: {sum: refunds, at: paid}
""")
PAID = [customer_activated("c", at="10:00"), deal_won("d", at="10:00", customer_id="c", amount_minor=100)]
USD = {"customer_id": "c", "currency": "USD"}


def refund(key: str, at: str, amount: int | None) -> dict[str, object]:
    return deal_lost(key, at, **USD) if amount is None else deal_lost(key, at, amount_minor=amount, **USD)


def sums(*parts: str, ledger: Ledger) -> list[int]:
    return [ledger.sum(part) for part in parts]


def test_what_is_paid_back_is_taken_off_at_the_order_and_counts_once() -> None:
    """An order of 100, two refunds of 30, one of them twice, and 10 more much later: 70, 40, 40, 30."""
    ledger = Ledger(ORDER).take(*PAID)
    assert ledger.sum("net", "10:00", "10:01", "minute") == 100
    refunds = [refund("1", "11:00", 30), refund("2", "12:00", 30), refund("2", "12:00", 30)]
    later = refund("3", "2024-11-01", 10)
    assert [ledger.take(one).sum("net", "10:00", "10:01", "minute") for one in (*refunds, later)] == [
        *(70, 40, 40),
        30,
    ]
    assert sums("gross", "net", "refunded", ledger=ledger) == [100, 30, 70]
    assert in_any_order([*PAID, refund("1", "11:00", 30), later], ORDER).sum("net") == 60


def test_more_may_be_paid_back_than_was_paid() -> None:
    assert Ledger(ORDER).take(*PAID, refund("1", "11:00", 150)).sum("net") == -50


def test_what_was_paid_back_of_nothing_paid_is_no_sum() -> None:
    ledger = Ledger(ORDER).take(customer_activated("c", at="10:00"), refund("1", "11:00", 30))
    assert sums("net", "net.n", "refunded", ledger=ledger) == [0, 0, 30]


def test_beside_a_sum_stands_of_how_many_subjects_it_is() -> None:
    free = [
        customer_activated("f", at="10:00"),
        deal_won("e", at="10:00", customer_id="f", amount_minor=0),
    ]
    ledger = Ledger(ORDER).take(*PAID, *free, customer_activated("none", at="10:00"))
    assert sums("gross", "gross.n", ledger=ledger) == [100, 2]
    assert sums("refunded", "refunded.n", ledger=ledger) == [0, 0]
    ledger.take(refund("1", "11:00", None))
    assert sums("refunded", "refunded.n", ledger=ledger) == [0, 0], "no amount is known of it"
    ledger.take(refund("2", "11:00", 0))
    assert sums("refunded", "refunded.n", "net.n", ledger=ledger) == [0, 1, 2]


def test_what_no_longer_holds_is_taken_back_from_sum_and_number() -> None:
    voluntary = plan("""\
        id: customer_id
        steps:
          joined: {event: crm.customer.activated}
        registers:
          won: {event: crm.deal.won, fields: [amount_minor]}
          left: {event: crm.customer.churned, fields: [churn_kind]}
        measures:
          worth: {sum: won.amount_minor, at: joined, when: "left.churn_kind == 'voluntary'"}
    """)
    ledger = Ledger(voluntary).take(*PAID, customer_churned("c", at="12:00"))
    assert sums("worth", "worth.n", ledger=ledger) == [100, 1]
    ledger.take(customer_churned("c", at="13:00", churn_kind="involuntary"))
    assert sums("worth", "worth.n", ledger=ledger) == [0, 0]


#     contacts      11:00 (assigned); at most 30 minutes from it, strictly before or after
@pytest.mark.parametrize(
    ("bound", "contacts", "counted"),
    [
        ("before: assigned, at_most: 0", ["10:29:59.999"], 1),
        ("before: assigned, at_most: 0", ["10:30:00"], 0),
        ("before: assigned, at_most: 0", ["11:00"], 1),
        ("before: assigned, at_most: 0", ["11:15"], 1),
        ("before: assigned, at_least: 1", ["10:30"], 1),
        ("after: assigned, at_most: 0", ["11:30"], 0),
        ("after: assigned, at_most: 0", ["11:30:00.001"], 1),
        ("after: assigned, at_most: 0", ["11:00", "10:45"], 1),
        ("after: assigned, at_least: 2", ["11:10", "11:30", "12:00"], 1),
        ("after: assigned, at_least: 2", ["11:10", "12:00"], 0),
    ],
)
def test_a_bound_may_look_only_so_far(bound: str, contacts: list[str], counted: int) -> None:
    bounded = plan(f"""\
        id: lead_id
        steps:
          contact: {{event: crm.lead.contacted}}
          assigned: {{event: crm.lead.assigned}}
        measures:
          fine: {{count: assigned, provided: [{{step: contact, {bound}, within: 30m}}]}}
    """)
    events = [lead_assigned("a", at="11:00"), *(lead_contacted("a", at) for at in contacts)]
    assert in_any_order(events, bounded).sum("fine") == counted
