"""Law 1: what is kept depends on the set of accepted events, never on order, repetition or batching.

Histories are drawn from a pool of events about few subjects at few times, so that ties, corrections, equal
ids with other content and changes of a dimension happen all the time.
"""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.plan import Plan
from tests.builders import (
    Builder,
    Event,
    Ledger,
    cost_recorded,
    customer_activated,
    customer_churned,
    days,
    deal_created,
    deal_described,
    deal_lost,
    deal_stage_changed,
    deal_won,
    lead_assigned,
    lead_contacted,
    lead_converted,
    lead_created,
    lead_described,
    lead_disqualified,
    lead_qualified,
    ms,
    record_removed,
    survey_answered,
    survey_sent,
    ticket_created,
    ticket_described,
    ticket_escalated,
    ticket_reopened,
    ticket_replied,
    ticket_resolved,
)

NOON = ms("2024-04-15 12:00")
TIMES = [NOON + later for later in (0, 1, 59_999, 60_000, 3_600_000, days(1), days(40), -days(900))]

Variants = dict[str, list[Any]]
ABOUT_LEADS: list[tuple[Builder, Variants]] = [
    (
        lead_created,
        {"origin": [None, "outbound"], "channel": ["web", "", None], "plan": ["free", "pro", None]},
    ),
    (lead_assigned, {"owner_id": ["o1"], "team": ["north", "south"]}),
    (lead_contacted, {"actor_kind": ["human", "bot"], "direction": [None, "inbound"]}),
    (lead_qualified, {"stage": ["mql", "sql", "accepted"]}),
    (lead_disqualified, {"region": ["eu", None]}),
    (lead_converted, {"segment": ["small", "large"]}),
    (lead_described, {"channel": ["web", "phone"], "region": ["eu", None]}),
]
ABOUT_OTHERS: list[tuple[Builder, Variants]] = [
    (deal_created, {"channel": ["web", "phone"]}),
    (deal_stage_changed, {"to_stage": ["offer"]}),
    (deal_won, {"amount_minor": [5, 7], "currency": ["USD", "EUR"], "revision": [None, 1]}),
    (deal_lost, {"team": ["north", "south"]}),
    (
        deal_described,
        {"amount_minor": [6, None], "currency": ["USD", "EUR"], "revision": [1, 2], "region": ["eu", None]},
    ),
    (customer_activated, {"kind": [None, "new", "reactivated"], "plan": ["free", "pro", None]}),
    (customer_churned, {"churn_kind": ["voluntary", "involuntary", "unknown"], "plan": ["pro"]}),
    (
        cost_recorded,
        {"amount_minor": [100, 101], "period": [None, "2024-04-16", "2024-06-01"], "revision": [None, 2]},
    ),
    (ticket_created, {"created_by": [None, "agent"], "product_id": ["p", None]}),
    (ticket_replied, {"public": [True, False], "author_role": ["agent", "customer"]}),
    (ticket_escalated, {"team": ["north"]}),
    (ticket_resolved, {"team": ["south"]}),
    (ticket_reopened, {"reason": ["again"]}),
    (ticket_described, {"team": ["east"]}),
    (survey_sent, {"kind": ["nps"]}),
    (survey_answered, {"score": [0, 8, 10], "revision": [None, 3], "kind": ["nps", "csat"]}),
    (record_removed, {"entity": ["lead", "deal", "customer", "cost", "ticket", "answer"]}),
]


def pool(builders: list[tuple[Builder, Variants]]) -> Iterator[Event]:
    """Every variant at every time about two subjects, each under an id of its own and under a shared one."""
    for build, variants in builders:
        for values in product(*variants.values()):
            data = {name: value for name, value in zip(variants, values, strict=True) if value is not None}
            if end := data.pop("period", None):
                data |= {"period_start": "2024-04-15", "period_end": end}
            for at, subject, id_ in product(TIMES, "ab", (None, "shared-1", "shared-2")):
                yield build(subject, at, id=id_, **data)


POOL = list(pool(ABOUT_LEADS)) + list(pool(ABOUT_OTHERS))
DUPLICATE_AND_SHUFFLE = st.randoms(use_true_random=False)


def batches(history: list[Event], random: Random) -> Iterator[list[Event]]:
    """The history, some of it twice, in any order, in batches of any size."""
    events = history + [event for event in history if random.random() < 0.3]
    random.shuffle(events)
    while events:
        size = random.choice((1, 2, 7, len(events)))
        batch, events = events[:size], events[size:]
        yield batch


def check(history: list[Event], random: Random, plan: Plan | None = None) -> None:
    expected = Ledger(plan).take(*history)
    ledger = Ledger(plan)
    for batch in batches(history, random):
        ledger.take(*batch)
    assert not expected.rejects
    assert ledger.state() == expected.state()
    assert all(cells for cells in ledger.panes.values())


@given(st.lists(st.sampled_from(POOL), min_size=8, max_size=40), DUPLICATE_AND_SHUFFLE)
def test_any_order_repetition_and_batching_gives_equal_rows_panes_totals_and_waiting_lists(
    history: list[Event], random: Random
) -> None:
    check(history, random)


@pytest.mark.parametrize("builders", [(build,) for build in (*ABOUT_LEADS, *ABOUT_OTHERS)])
@settings(max_examples=8)
@given(data=st.data(), random=DUPLICATE_AND_SHUFFLE)
def test_so_it_does_for_events_of_one_type_alone(
    builders: tuple[tuple[Builder, Variants]], data: st.DataObject, random: Random
) -> None:
    """Where every event competes with every other: corrections, first members, repeated states."""
    check(data.draw(st.lists(st.sampled_from(list(pool([*builders]))), min_size=3, max_size=12)), random)


@pytest.mark.parametrize("seed", range(6))
def test_a_lead_with_more_contacts_than_are_remembered_is_still_a_function_of_the_set(seed: int) -> None:
    """Of 32 and more the 16 earliest and the 16 latest stay; created in their midst."""
    contacts = [lead_contacted("a", NOON + n // 2 * 60_000, id=f"contact {n}") for n in range(70)]
    creations = [lead_created("a", NOON + 20 * 60_000), lead_created("a", NOON + 21 * 60_000)]
    check([*contacts, *creations], Random(seed))


@pytest.mark.parametrize("seed", range(3))
def test_a_customer_with_more_changes_than_are_remembered_is_still_a_function_of_the_set(seed: int) -> None:
    """Of 128 and more transitions, and changes of plan, the 64 earliest and the 64 latest stay."""
    joins = [customer_activated("a", NOON + n * 7_000, plan=f"plan {n % 5}") for n in range(150)]
    leaves = [customer_churned("a", NOON + n * 11_000, churn_kind="unknown") for n in range(150)]
    check([*joins, *leaves], Random(seed))


@given(st.lists(st.sampled_from(POOL), min_size=8, max_size=30))
def test_a_second_delivery_of_everything_changes_no_fact(history: list[Event]) -> None:
    ledger = Ledger().take(*history)
    expected = ledger.state()
    before = sum(ledger.outcomes.values())
    ledger.outcomes.clear()
    assert ledger.take(*reversed(history)).state() == expected
    assert {outcome for _, outcome in ledger.outcomes} == {"unchanged"}
    assert sum(ledger.outcomes.values()) == before


@given(st.lists(st.sampled_from(POOL), min_size=8, max_size=30))
def test_levels_are_what_their_panes_add_up_to_and_no_slice_adds_up_to_less(history: list[Event]) -> None:
    ledger = Ledger().take(*history)
    for name, measure in ledger.plan.measures.items():
        if measure.kind not in ("level", "open"):
            continue
        total = ledger.running[name]
        assert (
            0 <= total == ledger.sum(name) == ledger.sum(name, tier="hour") == ledger.sum(name, tier="minute")
        )
        if measure.kind == "open":
            assert total == len(ledger.waiting[name]) == ledger.sum(f"{name}.age")
    for part in {cell.partition("|")[0] for cell in ledger.cells()}:
        check_slices(ledger, part)


def check_slices(ledger: Ledger, part: str) -> None:
    for dimension in ledger.plan.measures[part.partition(".")[0]].dimensions:
        prefix = f"{part}|{dimension}|"
        for cells in [ledger.running, *ledger.panes.values()]:
            members = [number for cell, number in cells.items() if cell.startswith(prefix)]
            assert sum(members) == cells.get(part, 0), prefix
