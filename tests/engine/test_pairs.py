"""Pairs of dimensions: nothing is kept of them, and their slices add up to the whole."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.naming import join_members, split_cell, split_members
from tests.builders import (
    Event,
    Ledger,
    customer_activated,
    customer_churned,
    day,
    in_any_order,
)
from tests.engine.catalogs import plan

CUSTOMER = """\
    id: customer_id
    dimensions: [{dimensions}]
    steps:
      joined: {{event: crm.customer.activated}}
    transitions:
      member:
        - {{event: crm.customer.activated, state: 1}}
        - {{event: crm.customer.churned, state: 0}}
    measures:
      joined_once: {{count: joined}}
      members: {{level: member}}
      open: {{open: joined, until: [joined]}}
"""
DIMENSIONS = """
  channel: {keeps: first, members: 20}
  plan: {keeps: as_was, members: 20}
  region: {keeps: first, members: 20}
  region_plan: {of: [region, plan], members: 60}
  plan_channel: {of: [plan, channel], members: 60}"""
KPI = """\
    joined:
      title: Joined
      group: customers
      goal: Many.
      owner: all
      unit: count
      good: up
      windows: [30d]
      dimensions: [plan_channel]
      gauge: crm_joined
      formula: joined_once
"""
PAIRED = plan(
    CUSTOMER.format(dimensions="plan_channel, channel, plan, region, region_plan"),
    dimensions=DIMENSIONS,
    kpi=KPI,
)
PLAIN = plan(CUSTOMER.format(dimensions="channel, plan, region"), dimensions=DIMENSIONS)


def members(ledger: Ledger, part: str, dimension: str) -> dict[str, int]:
    """Member -> sum of all day panes."""
    cells = Counter(ledger.window("day", 0, day("2100-01-01")))
    found = [(split_cell(name), number) for name, number in cells.items()]
    return {member: number for (part_, of, member), number in found if (part_, of) == (part, dimension)}


def test_a_subject_is_in_the_slice_of_both_its_members() -> None:
    ledger = Ledger(PAIRED).take(
        customer_activated("a", channel="web", plan="pro", region="eu"),
        customer_activated("b", channel="web", plan="free"),
        customer_activated("c"),
    )
    assert members(ledger, "joined_once", "plan_channel") == {
        "pro,web": 1,
        "free,web": 1,
        "unknown,unknown": 1,
    }
    assert members(ledger, "joined_once", "region_plan") == {
        "eu,pro": 1,
        "unknown,free": 1,
        "unknown,unknown": 1,
    }


def test_a_change_of_one_moves_the_level_between_slices_of_both() -> None:
    changes = [("2024-03-01", "free"), ("2024-04-01", "pro")]
    joined = [customer_activated("a", at, plan=name, channel="web") for at, name in changes]
    ledger = in_any_order(joined, PAIRED)
    assert members(ledger, "members", "plan_channel") == {"pro,web": 1}
    assert ledger.sum("members|plan_channel|free,web", "2024-04-01", "2024-04-02") == -1
    assert ledger.running["members|plan_channel|pro,web"] == 1


def test_a_kpi_is_sliced_by_a_pair() -> None:
    ledger = Ledger(PAIRED).take(customer_activated("a", "2024-04-14", channel="web", plan="pro"))
    found = ledger.slices("joined", "30d", "plan_channel", now="2024-04-15")
    assert {member: reading.value for member, reading in found.items()} == {"pro,web": 1}


def test_rows_keep_nothing_of_a_pair() -> None:
    events = [customer_activated("a", channel="web", plan="pro"), customer_churned("a", "12:00", plan="free")]
    assert Ledger(PAIRED).take(*events).encoded == Ledger(PLAIN).take(*events).encoded


def test_events_cannot_tell_a_pair() -> None:
    ledger = Ledger(PAIRED).take(customer_activated("a", plan="pro", plan_channel="pro,web"))
    assert members(ledger, "joined_once", "plan_channel") == {"pro,unknown": 1}
    assert not Ledger(PAIRED).take(customer_activated("a", plan_channel=7)).rejects


ODD = st.sampled_from(["web", "a,b", "a\\", ",", "\\,", "|", "unknown", None])
EVENTS = st.builds(
    lambda build, subject, at, named: build(
        subject, f"{at}:00", **{name: member for name, member in named.items() if member is not None}
    ),
    st.sampled_from([customer_activated, customer_churned]),
    st.sampled_from("ab"),
    st.sampled_from(["10", "11", "12"]),
    st.fixed_dictionaries({"channel": ODD, "plan": ODD, "region": ODD}),
)


def folded(slices: Counter[str], at: int) -> Counter[str]:
    """The slices of a pair, summed over the other dimension; without those that are 0."""
    sums: Counter[str] = Counter()
    for member, number in slices.items():
        sums[split_members(member)[at]] += number
    return Counter({member: number for member, number in sums.items() if number})


@given(st.lists(EVENTS, max_size=8))
def test_the_slices_of_a_pair_add_up_to_those_of_each_of_both(events: list[Event]) -> None:
    ledger = Ledger(PAIRED).take(*events)
    for cells in [ledger.running, *ledger.panes.values()]:
        sums: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for name, number in cells.items():
            part, dimension, member = split_cell(name)
            sums[part, dimension][member] = number
        for part in {part for part, _ in sums}:
            for pair, both in (("plan_channel", ("plan", "channel")), ("region_plan", ("region", "plan"))):
                for at, dimension in enumerate(both):
                    assert folded(sums[part, pair], at) == sums[part, dimension]


@given(st.text(), st.text())
def test_two_members_come_out_of_a_pair_as_they_went_in(first: str, second: str) -> None:
    assert split_members(join_members(first, second)) == (first, second)


@pytest.mark.parametrize("text", ["web", "a,b,c", "a\\b,c", "a,b\\", ""])
def test_what_is_no_member_of_a_pair_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match="no member of a pair"):
        split_members(text)
