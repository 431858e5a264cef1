"""What ends a subject: a removal, which is a fact, and an erasure, which leaves a tombstone.

created --- contacted --- removed          nothing was ever there, whatever comes first
joined ---- paid -------- erased --- joined    left at `erased`, and nothing after it counts
"""

from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.endings import ERASED
from streams.engine.facts import Row
from streams.engine.plan import Plan
from tests.builders import (
    Builder,
    Event,
    Ledger,
    cost_recorded,
    customer_activated,
    customer_churned,
    customer_erased,
    days,
    deal_won,
    event,
    in_any_order,
    lead_contacted,
    lead_created,
    lead_disqualified,
    ms,
    plan_of,
    record,
    record_removed,
    ticket_created,
)
from tests.engine.test_law_1 import ABOUT_OTHERS, POOL, Variants, batches, pool

SHUFFLE = st.randoms(use_true_random=False)

# -- Removed ----------------------------------------------------------------------------------------------

LEAD = [lead_created("lead-1", at="09:00", channel="web"), lead_contacted("lead-1", at="10:00")]


def test_a_removed_record_contributes_nothing_whatever_comes_first() -> None:
    ledger = in_any_order([*LEAD, record_removed("lead-1", at="11:00")])
    assert not ledger.panes and not ledger.running
    assert not ledger.waiting["leads_waiting"]


def test_a_removed_record_waits_no_longer() -> None:
    ledger = Ledger().take(LEAD[0])
    assert ledger.waiting["leads_waiting"] == {"lead-1": ms("09:00")}
    ledger.take(record_removed("lead-1", at="11:00"))
    assert ledger.waiting["leads_waiting"] == {}
    assert not ledger.running


def test_a_removal_stands_for_ever() -> None:
    """Also when the record is made anew, and long after its kind's keep."""
    told = [record(one, at="12:00") for one in (*LEAD, record_removed("lead-1", at="11:00"))]
    ledger = Ledger(sweeps=True).take_records(told)
    later = ms("11:00") + days(2_000)
    row = ledger.engine.decode_row("lead", ledger.encoded["lead", "lead-1"])
    assert not ledger.engine.forgets("lead", row, later)
    ledger.take_records([record(lead_created("lead-1", at=later), at=later)])
    assert not ledger.panes and not ledger.rejects


def test_only_the_kind_that_a_removal_names_loses_its_record() -> None:
    ledger = Ledger().take(LEAD[0], deal_won("lead-1"), record_removed("lead-1", entity="deal"))
    assert (ledger.sum("leads"), ledger.sum("deals_won")) == (1, 0)


def test_a_second_removal_changes_nothing() -> None:
    ledger = Ledger().take(*LEAD, record_removed("lead-1", at="11:00"))
    expected = ledger.state()
    ledger.outcomes.clear()
    ledger.take(record_removed("lead-1", at="11:00"))
    assert ledger.state() == expected
    assert ledger.outcomes == {("crm.record.removed", "unchanged"): 1}


def test_what_several_fields_name_cannot_be_removed_by_one_id() -> None:
    ledger = Ledger(plan_of(TOUCHES)).take(record_removed("c/r", entity="touch"))
    assert [reject[1:] for reject in ledger.rejects] == [
        ("bad_value", "data.entity", "'touch' is no kind of record here; one of customer")
    ]


SMALL = (Path(__file__).parents[1] / "schemas" / "small.yaml").read_text()
"""Leads that are counted, alive, lost and open, and costs that are spread over days."""
ABOUT_SMALL: list[tuple[Builder, Variants]] = [
    (lead_created, {"channel": ["web", "phone", None], "origin": [None, "outbound"]}),
    (lead_disqualified, {"reason": ["none", "lost"]}),
    (cost_recorded, {"amount_minor": [100, 101], "period": [None, "2024-04-16"]}),
]


@given(st.lists(st.sampled_from(list(pool(ABOUT_SMALL))), min_size=4, max_size=20), SHUFFLE)
def test_removed_records_leave_what_would_be_without_them(history: list[Event], random: Random) -> None:
    """Of two subjects of each kind one is removed: what is kept are the sums of the other."""
    removals = [record_removed("a", entity=kind) for kind in ("lead", "cost")]
    ledger = Ledger(plan_of(SMALL))
    for batch in batches([*history, *removals], random):
        ledger.take(*batch)
    of_other = [one for one in history if "a" not in one["data"].values()]
    expected = Ledger(plan_of(SMALL)).take(*of_other)
    assert ledger.panes == expected.panes
    assert ledger.running == expected.running
    assert ledger.waiting == expected.waiting


# -- Erased -----------------------------------------------------------------------------------------------

TOUCHES = """
version: 1
currency: {report: USD}
dimensions:
  channel: {members: 20}
  plan: {keeps: as_was, members: 20}
subjects:
  customer:
    id: customer_id
    dimensions: [channel, plan]
    steps:
      joined: {event: crm.customer.activated}
      asked: {event: crm.reference.changed, where: "state == 'requested'"}
      agreed: {event: crm.reference.changed, where: "state == 'agreed'"}
    transitions:
      membership:
        - {event: crm.customer.activated, state: 1}
        - {event: crm.customer.churned, state: 0, kind: churn_kind}
      consent:
        - {event: crm.consent.changed, state: {field: granted}, key: purpose}
    measures:
      joined: {count: joined}
      customers: {level: membership}
      customers_lost: {trailing: then and not now, of: membership}
      customers_lost_unknown: {trailing: then and not now, of: membership, kind: unknown}
      consents: {level: consent}
      asked_open: {open: asked, until: [agreed]}
  touch:
    id: [campaign_id, recipient_ref]
    steps:
      delivered: {event: crm.campaign.touched, where: "touch == 'delivered'"}
    measures:
      delivered: {count: delivered}
kpis: {}
"""


@pytest.fixture
def plan() -> Plan:
    return plan_of(TOUCHES)


def consent(customer: str, purpose: str, granted: bool, at: str) -> Event:
    data = {"customer_id": customer, "purpose": purpose, "granted": granted}
    return event("crm.consent.changed", at, data)


def asked(customer: str, at: str) -> Event:
    return event("crm.reference.changed", at, {"customer_id": customer, "state": "requested"})


ABOUT_ONE = [
    customer_activated("c", at="09:00", channel="web", plan="free"),
    consent("c", "mail", True, "09:10"),
    consent("c", "phone", True, "09:20"),
    consent("c", "post", False, "09:30"),
    asked("c", "09:40"),
]


def test_what_is_open_of_an_erased_customer_is_closed_at_that_time(plan: Plan) -> None:
    ledger = Ledger(plan).take(*ABOUT_ONE)
    assert ledger.running["customers"] == ledger.running["asked_open"] == 1
    assert ledger.running["consents"] == 2
    ledger.take(customer_erased("c", at="12:00"))
    assert not ledger.running
    assert ledger.waiting == {"asked_open": {}}
    assert ledger.sum("asked_open.age") == 0
    for level, number in (("customers", 1), ("consents", 2), ("asked_open", 1)):
        assert ledger.sum(level, "09:00", "12:00", tier="minute") == number
        assert ledger.sum(level, "12:00", "12:01", tier="minute") == -number
        assert ledger.sum(f"{level}|plan|free", "12:00", "12:01", tier="minute") == -number


def test_an_erased_customer_is_lost_of_unknown_kind_and_stays_counted(plan: Plan) -> None:
    ledger = Ledger(plan).take(*ABOUT_ONE, customer_erased("c", at="2024-04-20 12:00"))
    assert ledger.sum("joined") == 1
    lost = {"start": "2024-04-16", "end": "2024-05-01"}
    assert ledger.sum("customers_lost", **lost) == ledger.sum("customers_lost_unknown", **lost) == 1


def test_of_an_erased_customer_a_tombstone_is_left_that_says_nothing_else(plan: Plan) -> None:
    ledger = Ledger(plan).take(*ABOUT_ONE, customer_erased("c", at="12:00"))
    row = ledger.engine.decode_row("customer", ledger.encoded["customer", "c"])
    empty: Row = plan.subjects["customer"].row_type()
    empty.gone = ERASED
    assert row == empty
    assert len(ledger.encoded["customer", "c"]) < 30


def test_what_is_said_of_an_erased_customer_later_is_counted_and_ignored(plan: Plan) -> None:
    ledger = Ledger(plan).take(*ABOUT_ONE, customer_erased("c", at="12:00"))
    expected = ledger.state()
    ledger.outcomes.clear()
    again = customer_activated("c", at="13:00", plan="pro")
    ledger.take(again, customer_erased("c", at="14:00"), record_removed("c", entity="customer"))
    assert ledger.state() == expected
    assert ledger.outcomes == {
        ("crm.customer.activated", "erased"): 1,
        ("crm.customer.erased", "erased"): 1,
        ("crm.record.removed", "erased"): 1,
    }


def test_an_erasure_within_a_batch_ends_what_is_before_it_there_and_nothing_after(plan: Plan) -> None:
    events = [*ABOUT_ONE, customer_erased("c", at="12:00"), customer_activated("c", at="13:00")]
    assert Ledger(plan).take(*events).state() == Ledger(plan).take_each(events).state()


def test_a_customer_nobody_has_heard_of_can_be_erased_too(plan: Plan) -> None:
    ledger = Ledger(plan).take(customer_erased("c", at="12:00"))
    assert ("customer", "c") in ledger.encoded
    assert not ledger.take(*ABOUT_ONE).panes


def test_leads_and_tickets_of_an_erased_customer_stay() -> None:
    kept = [lead_created("l", customer_id="c"), ticket_created("t", customer_id="c")]
    ledger = Ledger().take(*kept, customer_activated("c"), customer_erased("c", at="12:00"))
    ledger.take(lead_contacted("l", customer_id="c", at="13:00"))
    assert ledger.sum("leads") == ledger.running["tickets_open"] == 1
    assert not ledger.waiting["leads_waiting"]
    assert ledger.running["customers"] == 0
    assert ledger.outcomes["crm.lead.contacted", "applied"] == 1


def test_what_happens_later_than_the_erasure_says_is_closed_behind_it(plan: Plan) -> None:
    """An event of 15:00 that was published before the erasure of 12:00: it counts, so it is closed after."""
    for joined in permutations([customer_activated("c", at="15:00"), consent("c", "mail", True, "15:00")]):
        ledger = Ledger(plan).take(*joined, asked("c", "15:30"), customer_erased("c", at="12:00"))
        assert not ledger.running and not ledger.waiting["asked_open"]
        for level in ("customers", "consents", "asked_open"):
            assert ledger.sum(level) == ledger.sum(level, "00:00", "15:00", tier="minute") == 0


def test_a_tombstone_is_never_swept() -> None:
    text = TOUCHES.replace("id: customer_id", "id: customer_id\n    keep: 10d")
    told = [record(one, at="13:00") for one in (*ABOUT_ONE, customer_erased("c", at="12:00"))]
    ledger = Ledger(plan_of(text), sweeps=True).take_records(told)
    later = ms("12:00") + days(5_000)
    row = ledger.engine.decode_row("customer", ledger.encoded["customer", "c"])
    assert not ledger.engine.forgets("customer", row, later)
    expected = ledger.state()
    ledger.take_records([record(customer_activated("c", at=later), at=later)])
    ledger.take_records([record(customer_activated("c", at="12:30"), at=later)])
    assert ledger.state() == expected and not ledger.rejects


@given(
    st.lists(st.sampled_from(POOL), min_size=2, max_size=15),
    st.lists(st.sampled_from(POOL), min_size=1, max_size=10),
    SHUFFLE,
)
def test_before_and_after_an_erasure_order_and_repetition_do_not_matter(
    before: list[Event], after: list[Event], random: Random
) -> None:
    """The erasure's place in the log does: it ends what is before it."""
    erased = customer_erased("a", at=ms("2024-04-16"))
    expected = Ledger().take(*before, erased, *after)
    ledger = Ledger()
    for part in (before, [erased], after):
        for batch in batches(part, random):
            ledger.take(*batch)
    assert ledger.state() == expected.state()


MEMBERSHIP = list(pool([one for one in ABOUT_OTHERS if one[0] in (customer_activated, customer_churned)]))


@given(st.lists(st.sampled_from(MEMBERSHIP), min_size=1, max_size=12))
def test_no_level_is_left_of_an_erased_customer_and_every_slice_is_empty(history: list[Event]) -> None:
    both = [customer_erased(name, at=ms("2024-04-16")) for name in "ab"]
    ledger = Ledger().take(*history).take(*both)
    assert not ledger.running
    cells = {cell for cell in ledger.cells() if cell.partition("|")[0] == "customers"}
    assert all(ledger.sum(cell) == 0 for cell in cells)
