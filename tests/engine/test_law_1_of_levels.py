"""Law 1 of every fact and measure that follows a state: a customer whose deals stand in for subscriptions.

`revision` stands in for the state before, since it is the one whole number that every event may carry.
"""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.measures.base import Measure
from tests.builders import (
    Builder,
    Event,
    Ledger,
    customer_activated,
    customer_churned,
    deal_created,
    deal_lost,
    deal_stage_changed,
    deal_won,
)
from tests.engine.measured import with_measures
from tests.engine.test_law_1 import DUPLICATE_AND_SHUFFLE, NOON, Variants, check, check_slices, pool

FACTS = """\
    id: customer_id
    dimensions: [channel, plan]
    keep: forever
    stages: {talk: 0.15, offer: 0.5, last: 1}
    stages_from: {crm.deal.created: stage, crm.deal.stage_changed: to_stage}
    steps:
      joined: {event: crm.customer.activated}
      moved: {event: crm.deal.stage_changed, where: to_stage == 'offer'}
      won: {event: crm.deal.won}
      lost: {event: crm.deal.lost}
    registers:
      size: {event: crm.deal.won, where: amount_minor > 5, fields: [amount_minor]}
    maps:
      deals: {event: crm.deal.won, key: deal_id}
      one: {event: crm.deal.won, where: amount_minor > 5, key: deal_id, keep: 1}
      worth: {event: crm.deal.won, key: deal_id, field: amount_minor, keep: 1}
      channels: {event: crm.deal.created, key: channel}
    transitions:
      membership:
        - {event: crm.customer.activated, state: 1, kind: kind}
        - {event: crm.customer.churned, state: 0, kind: churn_kind}
      paying:
        - {event: crm.deal.stage_changed, where: to_stage != 'last', state: {field: amount_minor},
           before: revision, key: deal_id, kind: from_stage}
        - {event: crm.deal.stage_changed, where: to_stage == 'last', state: 0, key: deal_id}
        - {event: crm.deal.lost, state: 0, before: revision, key: deal_id, kind: reason}
      consents:
        - {event: crm.deal.created, state: 1, key: channel}
        - {event: crm.deal.lost, state: 0, key: channel}
    moments:
      first_paid: {entering: paying}
      stands_won: {first: won, after: [lost]}
    """
MEASURES = (
    "mrr: {level: paying}",
    "payers: {level: paying, value: 'min(now, 1)'}",
    "mrr_of_members: {level: paying, while: membership}",
    "consents_of_members: {level: consents, key: web, value: 'min(now, 1)', while: membership}",
    "open: {level: paying, until: [stands_won, lost]}",
    "weighted: {level: paying, until: [stands_won], weighted: true}",
    "all_of_it: {level: paying, key: a, value: 2 * now, while: membership, until: [won], weighted: true}",
    "talked: {reached: talk, at: joined}",
    "ended: {reached: last, or: [stands_won], at: joined}",
    *(
        f"mrr_{which}: {{movement: paying, which: {which}}}"
        for which in ("new", "reactivated", "expansion", "contraction", "churned")
    ),
    "active: {distinct: moved, while: membership}",
    "buyers: {distinct: won}",
    "again: {distinct: won, when: deals.count >= 2 and one.count == 1}",
    "first_payers: {count: first_paid}",
    "worth: {sum: worth, at: joined, when: channels.count > 0}",
    "size: {sum: size.amount_minor, at: joined}",
    "lost: {trailing: then and not now, of: membership, over: [7d, 30d]}",
    "lost_at_will: {trailing: then and not now, of: membership, kind: voluntary, over: [30d]}",
    "kept: {trailing: now if then > 0 else 0, of: paying, over: [30d, 365d]}",
    "kept_gross: {trailing: 'min(then, now)', of: paying, over: [30d]}",
    "gained: {trailing: 0 if then else now, of: paying, tiers: [hour, day], over: [7d]}",
)
PLAN = with_measures(FACTS, *MEASURES)

BY: dict[str, list[Any]] = {"customer_id": ["a", "b"]}
KINDS: list[tuple[Builder, Variants]] = [
    (customer_activated, {"kind": ["new"], "plan": ["free", "pro", None]}),
    (customer_churned, {"churn_kind": ["voluntary", "unknown"]}),
    (deal_created, {**BY, "channel": ["web", "mail"], "stage": [None, "talk", "elsewhere"]}),
    (deal_won, {**BY, "amount_minor": [3, 7], "revision": [None, 1]}),
    (deal_lost, {**BY, "reason": ["price"], "channel": ["web"], "revision": [None, 40]}),
    (
        deal_stage_changed,
        {
            **BY,
            "to_stage": ["talk", "offer", "last"],
            "amount_minor": [None, 0, 40, 99],
            "revision": [None, 40, 55],
            "plan": [None, "pro"],
        },
    ),
]
EVENTS = [st.sampled_from([*pool([kind])]) for kind in KINDS]
HISTORY = st.lists(st.one_of(*EVENTS), min_size=8, max_size=40)


@settings(max_examples=200)
@given(HISTORY, DUPLICATE_AND_SHUFFLE)
def test_any_order_repetition_and_batching_gives_equal_rows_panes_and_totals(
    history: list[Event], random: Random
) -> None:
    check(history, random, PLAN)


@pytest.mark.parametrize("events", EVENTS, ids=[build.type for build, _ in KINDS])
@settings(max_examples=12)
@given(data=st.data(), random=DUPLICATE_AND_SHUFFLE)
def test_so_it_does_for_events_of_one_type_alone(
    events: st.SearchStrategy[Event], data: st.DataObject, random: Random
) -> None:
    check(data.draw(st.lists(events, min_size=3, max_size=12)), random, PLAN)


@pytest.mark.parametrize("seed", range(3))
def test_more_states_and_stages_than_are_remembered_are_still_a_function_of_the_set(seed: int) -> None:
    """Of 128 and more the 64 earliest and the 64 latest stay; the earliest of all tells what was before."""
    events = [
        deal_stage_changed(
            "a",
            NOON + n * 7_000_000,
            customer_id="c",
            to_stage=("talk", "offer")[n % 2],
            amount_minor=n % 50 + 1,
            currency="USD",
            revision=n % 3,
        )
        for n in range(150)
    ]
    check(events, Random(seed), PLAN)


@given(HISTORY)
def test_slices_of_every_part_add_up_to_the_whole(history: list[Event]) -> None:
    ledger = Ledger(PLAN).take(*history)
    for part in {cell.partition("|")[0] for cell in ledger.cells()}:
        check_slices(ledger, part)


@given(HISTORY)
def test_levels_and_what_was_over_days_are_never_below_zero_in_any_slice(history: list[Event]) -> None:
    """At the beginning of every day: the total less the panes from that day on."""
    ledger = Ledger(PLAN).take(*history)
    starts = sorted({start for tier, start in ledger.panes if tier == "day"})
    for cell in ledger.cells():
        name, _, suffix = cell.partition("|")[0].partition(".")
        if is_level(ledger.plan.measures[name], suffix):
            below = [ledger.running[cell] - ledger.sum(cell, start) for start in starts]
            assert min([*below, ledger.running[cell]]) >= 0, cell


def is_level(measure: Measure, suffix: str) -> bool:
    return measure.kind == "level" or suffix.startswith("over")


@given(HISTORY)
def test_what_is_over_days_lies_in_day_panes_and_the_measure_itself_in_all_that_it_names(
    history: list[Event],
) -> None:
    ledger = Ledger(PLAN).take(*history)
    for (tier, _), cells in ledger.panes.items():
        for cell in cells:
            part = cell.partition("|")[0]
            assert tier == "day" or ".over" not in part
            assert part != "gained" or tier != "minute"


@given(HISTORY)
def test_movements_add_up_to_what_the_level_moved(history: list[Event]) -> None:
    ledger = Ledger(PLAN).take(*history)
    gained = sum(ledger.sum(f"mrr_{which}") for which in ("new", "reactivated", "expansion"))
    assert gained - ledger.sum("mrr_contraction") - ledger.sum("mrr_churned") == ledger.sum("mrr")
