"""Law 1 of sums less a map, told and business durations, unions, due dates, bounds with a span and pairs.

A customer stands for a component, an order and a request alike, and each deal for an incident or a refund.
"""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    Builder,
    Event,
    Ledger,
    customer_activated,
    customer_churned,
    days,
    deal_created,
    deal_lost,
    deal_stage_changed,
    deal_won,
)
from tests.engine.catalogs import plan
from tests.engine.test_law_1 import DUPLICATE_AND_SHUFFLE, NOON, Variants, check, check_slices, pool

PLAN = plan(
    """\
    id: customer_id
    keep: forever
    dimensions: [channel, plan, both]
    steps:
      asked: {event: crm.customer.activated}
      done: {event: crm.customer.churned}
      moved: {event: crm.deal.stage_changed}
    registers:
      paid: {event: crm.deal.won, fields: [amount_minor]}
      promise: {event: crm.deal.stage_changed, fields: [time]}
    maps:
      refunds: {event: crm.deal.lost, key: deal_id, field: amount_minor}
    transitions:
      down:
        - {event: crm.deal.created, key: deal_id, state: 1}
        - {event: crm.deal.lost, key: deal_id, state: 0}
    measures:
      gross: {sum: paid.amount_minor, at: asked}
      net: {sum: paid.amount_minor, less: refunds, at: asked}
      refunded: {sum: refunds, at: asked}
      told: {timed: paid.amount_minor, at: asked}
      took: {duration: asked, to: done, clock: business}
      downtime: {union: down}
      overdue: {open: asked, until: [done], due: promise.time, due_after: 30d}
      promised: {open: asked, until: [done], due: promise.time}
      late: {open: asked, until: [done], due_after: 1h}
      soon: {count: asked, provided: [{step: moved, after: asked, within: 1h, at_least: 1}]}
      calm: {count: asked, provided: [{step: moved, before: asked, within: 1h, at_most: 0}]}
    """,
    zone="Europe/Berlin",
    dimensions="""
  channel: {keeps: first, members: 20}
  plan: {keeps: as_was, members: 20}
  both: {of: [channel, plan], members: 60}""",
    business_hours="{week: {mon: [09:00-14:00, 15:00-24:00], tue: [00:00-17:30]}, closed: [2024-05-27]}",
)

CHANNELS, PLANS = ["web", "a,b", None], ["free", "pro", None]
ABOUT: list[tuple[Builder, Variants]] = [
    (customer_activated, {"channel": CHANNELS, "plan": PLANS}),
    (customer_churned, {"plan": ["free", None]}),
]
OF_CUSTOMERS = ["a", "b"]
WITHIN: list[tuple[Builder, Variants]] = [
    (deal_created, {"customer_id": OF_CUSTOMERS, "plan": PLANS}),
    (
        deal_lost,
        {"customer_id": OF_CUSTOMERS, "amount_minor": [None, 3], "currency": ["USD"], "plan": [None, "pro"]},
    ),
    (deal_stage_changed, {"customer_id": OF_CUSTOMERS, "to_stage": ["offer"]}),
    (deal_won, {"customer_id": OF_CUSTOMERS, "amount_minor": [0, 7], "revision": [None, 1]}),
]
POOL = [*pool(ABOUT), *pool(WITHIN)]
HISTORIES = st.lists(st.sampled_from(POOL), min_size=4, max_size=30)


@given(HISTORIES, DUPLICATE_AND_SHUFFLE)
def test_any_order_repetition_and_batching_gives_the_same(history: list[Event], random: Random) -> None:
    check(history, random, PLAN)


@given(HISTORIES)
def test_levels_are_what_their_panes_add_up_to_and_pairs_add_up_to_the_whole(history: list[Event]) -> None:
    ledger = Ledger(PLAN).take(*history)
    for name in ("downtime", "overdue", "promised", "late"):
        for tier in ("day", "hour", "minute"):
            assert 0 <= ledger.running[name] == ledger.sum(name, 0, NOON + days(900), tier)
    for name in ("overdue", "promised", "late"):
        assert ledger.running[name] == len(ledger.waiting[name]) == ledger.sum(f"{name}.age")
    for part in {cell.partition("|")[0] for cell in ledger.cells()}:
        check_slices(ledger, part)


@pytest.mark.parametrize(
    "part", ["net", "net.n", "refunded", "told.n", "took.b0", "downtime.t", "overdue", "soon", "calm"]
)
def test_the_pool_reaches_every_part(part: str) -> None:
    """Else these tests would say nothing of it."""
    random = Random(7)
    histories = (random.sample(POOL, 30) for _ in range(40))
    assert any(part in Ledger(PLAN).take(*history).cells() for history in histories)
