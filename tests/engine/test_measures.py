"""Every kind of measure: what one subject contributes, and how a correction takes it back."""

from typing import Any

import pytest
from pytest import MonkeyPatch

from schemas.measures import MEASURE_SPECS, MeasureSpec
from streams.engine import measures
from streams.engine.buckets import bucket
from streams.engine.measures.base import Compiler, Measure, make_measure
from streams.engine.plan import Plan, read_plan
from tests.builders import (
    Ledger,
    cost_recorded,
    customer_activated,
    customer_churned,
    day,
    days,
    deal_created,
    deal_lost,
    deal_stage_changed,
    deal_won,
    in_any_order,
    lead_assigned,
    lead_contacted,
    lead_converted,
    lead_created,
    ms,
    ticket_created,
    ticket_reopened,
    ticket_replied,
    ticket_resolved,
)
from tests.engine.catalogs import catalog, plan

LEAD = """\
    id: lead_id
    dimensions: [channel, plan]
    steps:
      created: {event: crm.lead.created}
      contact: {event: crm.lead.contacted}
      assigned: {event: crm.lead.assigned}
      converted: {event: crm.lead.converted}
    registers:
      made: {event: crm.lead.created, fields: [origin, revision]}
    measures:
"""


def lead_plan(*measure_lines: str) -> Plan:
    return plan(LEAD + "".join(f"      {line}\n" for line in measure_lines))


# -- count ------------------------------------------------------------------------------------------------


def test_a_count_is_one_at_the_earliest_time() -> None:
    ledger = in_any_order([lead_created("a", at=at) for at in ("11:00", "09:30", "10:00")])
    assert ledger.sum("leads", "09:30", "09:31", "minute") == ledger.sum("leads") == 1


def test_a_cohort_count_is_placed_at_the_anchor_once_both_are_known() -> None:
    ledger = Ledger().take(lead_converted("a", at="2024-04-20"))
    assert ledger.sum("leads_converted") == 0
    ledger.take(lead_created("a", at="2024-03-01"))
    assert ledger.sum("leads_converted", "2024-03-01", "2024-03-02") == ledger.sum("leads_converted") == 1


#     anchor 10:00 |--- within 1h ---| 11:00
@pytest.mark.parametrize(
    ("contacts", "counted"),
    [
        (["11:00"], 1),
        (["11:00:00.001"], 0),
        (["10:00"], 1),
        (["09:59:59.999"], 0),
        (["09:00", "10:30"], 1),
        (["09:00", "12:00"], 0),
        (["10:30", "12:00"], 1),
    ],
)
def test_within_asks_for_the_first_time_that_is_not_before_the_anchor(
    contacts: list[str], counted: int
) -> None:
    within = lead_plan("answered: {count: contact, at: created, within: 1h}")
    ledger = in_any_order([lead_created("a"), *(lead_contacted("a", at) for at in contacts)], within)
    assert ledger.sum("answered", "10:00", "10:01", "minute") == ledger.sum("answered") == counted


def test_an_earlier_anchor_moves_the_cohort_and_may_put_it_out_of_reach() -> None:
    within = lead_plan("answered: {count: contact, at: created, within: 1h}")
    ledger = Ledger(within).take(lead_created("a", at="10:00"), lead_contacted("a", at="10:30"))
    assert ledger.sum("answered") == 1
    ledger.take(lead_created("a", at="09:00"))
    assert ledger.sum("answered") == 0
    assert ledger.panes == {}


def test_a_condition_on_a_register_is_asked_of_the_winning_event() -> None:
    bought = lead_plan("partners: {count: created, when: \"made.origin == 'partner'\"}")
    ledger = Ledger(bought).take(lead_created("a", at="10:00", origin="partner"))
    assert ledger.sum("partners") == 1
    assert ledger.take(lead_created("a", at="10:05", origin="event")).sum("partners") == 0
    assert ledger.take(lead_created("a", at="10:01", origin="partner", revision=1)).sum("partners") == 1


#     contacts      before 11:00 (assigned), strictly
@pytest.mark.parametrize(
    ("bound", "contacts", "counted"),
    [
        ("before: assigned, at_most: 1", ["10:00", "11:00", "12:00"], 1),
        ("before: assigned, at_most: 1", ["10:00", "10:00:00.001"], 0),
        ("before: assigned, at_least: 1", ["11:00"], 0),
        ("before: assigned, at_least: 1", ["10:59:59.999"], 1),
        ("after: assigned, at_most: 0", ["10:00", "11:00"], 1),
        ("after: assigned, at_most: 0", ["11:00:00.001"], 0),
        ("after: assigned, at_least: 2", ["12:00", "13:00"], 1),
        ("after: assigned, at_least: 2", ["11:00", "13:00"], 0),
    ],
)
def test_bounds_on_other_steps_are_strict(bound: str, contacts: list[str], counted: int) -> None:
    bounded = lead_plan(f"fine: {{count: assigned, provided: [{{step: contact, {bound}}}]}}")
    events = [lead_assigned("a", at="11:00"), *(lead_contacted("a", at) for at in contacts)]
    assert in_any_order(events, bounded).sum("fine") == counted


# -- sum --------------------------------------------------------------------------------------------------

REFUNDED = """\
    id: customer_id
    steps:
      joined: {event: crm.customer.activated}
    maps:
      won: {event: crm.deal.won, key: deal_id, field: amount_minor}
      by_lead: {event: crm.deal.won, key: lead_id, field: amount_minor}
    measures:
      worth: {sum: won, at: joined}
      worth_by_lead: {sum: by_lead, at: joined}
"""


def test_a_map_sums_each_key_once_and_is_placed_at_its_anchor_however_late() -> None:
    """30 and 30 in June, one of them twice; 10 more 200 days later: all of it counts in May."""
    may = {"start": "2024-05-01", "end": "2024-06-01"}
    parts = [
        deal_won("d1", "2024-06-03", customer_id="c", amount_minor=30),
        deal_won("d2", "2024-06-04", customer_id="c", amount_minor=30),
        deal_won("d2", "2024-06-04", customer_id="c", amount_minor=30),
        deal_won("d3", ms("2024-06-04") + days(200), customer_id="c", amount_minor=10),
    ]
    ledger = Ledger(plan(REFUNDED)).take(customer_activated("c", at="2024-05-10"))
    found = [ledger.take(part).sum("worth", **may) for part in parts]
    assert found == [30, 60, 60, 70]
    assert ledger.sum("worth") == 70
    assert in_any_order([customer_activated("c", at="2024-05-10"), *parts], plan(REFUNDED)).sum("worth") == 70


def test_an_entry_of_a_map_is_a_register_in_the_reporting_currency() -> None:
    ledger = Ledger(plan(REFUNDED)).take(
        customer_activated("c"),
        deal_won("d", at="11:00", customer_id="c", amount_minor=100),
        deal_won("d", at="10:00", customer_id="c", amount_minor=5, currency="EUR", revision=1),
    )
    assert ledger.sum("worth") == 6  # 5.5, half to even


def test_an_entry_without_a_key_is_known_by_its_event() -> None:
    won = [deal_won("d", at="11:00", customer_id="c", amount_minor=7, id=id_) for id_ in ("1", "2", "2")]
    ledger = in_any_order([customer_activated("c"), *won], plan(REFUNDED))
    assert ledger.sum("worth") == 7
    assert ledger.sum("worth_by_lead") == 14


def test_a_sum_follows_the_register_and_its_anchor() -> None:
    ledger = Ledger().take(deal_won("d", at="10:00", amount_minor=500))
    assert ledger.sum("revenue") == 500
    ledger.take(deal_won("d", at="10:00", amount_minor=300, revision=1, id="correction"))
    assert ledger.sum("revenue") == 300
    ledger.take(deal_stage_changed("d", at="10:00:00.001"))  # reopened
    assert ledger.sum("revenue") == ledger.sum("deals_won") == 0
    ledger.take(deal_won("d", at="2024-05-01", amount_minor=900))
    assert ledger.sum("revenue", "2024-05-01", "2024-05-02") == 300, "the correction still has the say"


# -- duration ---------------------------------------------------------------------------------------------


def test_a_duration_is_a_sum_and_a_bucket_at_its_end() -> None:
    ledger = Ledger().take(lead_created("a", at="09:00"), lead_contacted("a", at="10:30"))
    ninety_minutes = 90 * 60_000
    assert ledger.sum("lead_response.sum", "10:30", "10:31", "minute") == ninety_minutes
    assert ledger.sum(f"lead_response.b{bucket(ninety_minutes)}", "10:30", "10:31", "minute") == 1


def test_a_duration_of_nothing_counts() -> None:
    ledger = Ledger().take(lead_created("a", at="09:00"), lead_contacted("a", at="09:00"))
    assert ledger.sum("lead_response.b0") == 1
    assert ledger.sum("lead_response.sum") == 0


def test_an_earlier_beginning_takes_the_old_duration_back() -> None:
    events = [lead_created("a", at="09:00"), lead_contacted("a", at="10:00"), lead_created("a", at="08:00")]
    ledger = in_any_order(events)
    assert ledger.sum("lead_response.sum") == 2 * 3_600_000
    assert sum(ledger.sum(f"lead_response.b{at}") for at in range(200)) == 1


def test_without_a_second_reply_a_ticket_that_an_agent_opened_has_no_response() -> None:
    ledger = Ledger().take(ticket_created("t", created_by="agent"), ticket_replied("t", at="11:00"))
    assert ledger.sum("first_response.sum") == 0
    ledger.take(ticket_replied("t", at="11:00", id="another in the same millisecond"))
    assert ledger.sum("first_response.sum") == 3_600_000


# -- level and trailing, by slice -------------------------------------------------------------------------
#
#     1 March      1 April            10 April            20 April      1 May
#     joins, free  window of 30d |    changes to pro      leaves        now

CHANGES_PLAN = [
    customer_activated("c", at="2024-03-01", plan="free", channel="web"),
    customer_activated("c", at="2024-04-10", plan="pro", channel="phone"),
]
LEAVES = customer_churned("c", at="2024-04-20")


def plans(ledger: Ledger, now: str) -> dict[str, tuple[int | None, int | None]]:
    """Plan -> (lost, start) of churn over 30 days."""
    found = [
        one
        for one in ledger.readings(now)
        if (one.kpi, one.window, one.dimension) == ("churn", "30d", "plan")
    ]
    return {one.member: (one.numerator, one.denominator) for one in found if one.labels["kind"] == "all"}


def test_a_change_of_plan_moves_the_level_and_is_not_a_loss() -> None:
    ledger = in_any_order(CHANGES_PLAN)
    levels = {cell: number for cell, number in ledger.running.items() if cell.startswith("customers|plan")}
    assert levels == {"customers|plan|pro": 1}
    assert ledger.running["customers|channel|web"] == 1, "the first channel stays"
    assert plans(ledger, "2024-05-01") == {"free": (0, 1)}
    assert plans(ledger, "2024-05-15") == {"pro": (0, 1)}


def test_who_leaves_is_lost_from_the_plan_that_he_had_when_the_window_began() -> None:
    ledger = in_any_order([*CHANGES_PLAN, LEAVES])
    assert ledger.running["customers"] == 0
    assert plans(ledger, "2024-05-01") == {"free": (1, 1)}
    assert plans(ledger, "2024-05-12") == {"pro": (1, 1)}
    assert plans(ledger, "2024-06-01") == {}


def test_a_plan_before_the_first_membership_and_an_unknown_one_are_slices_too() -> None:
    ledger = in_any_order(
        [
            lead_created("lead", at="2024-02-01", customer_id="c", plan="trial"),
            customer_activated("c", at="2024-03-01"),
            customer_activated("d", at="2024-03-01"),
        ]
    )
    assert ledger.running["customers|plan|trial"] == ledger.running["customers|plan|unknown"] == 1
    assert plans(ledger, "2024-05-01") == {"trial": (0, 1), "unknown": (0, 1)}


# -- transitions with a key, and amounts as states --------------------------------------------------------
#
# A customer's deals stand in for subscriptions: the latest amount of each is its state.

SUBSCRIBED = """\
    id: customer_id
    dimensions: [plan]
    keep: forever
    transitions:
      paying:
        - {event: crm.deal.stage_changed, state: {field: amount_minor}, key: deal_id}
        - {event: crm.deal.lost, state: 0, key: deal_id, kind: reason}
      open:
        - {event: crm.deal.created, state: 1, key: deal_id}
        - {event: crm.deal.lost, state: 0, key: deal_id}
    moments:
      first_paid: {entering: paying}
      first_open: {entering: open, unless_kind: again}
    measures:
      mrr: {level: paying}
      mrr_kept: {trailing: now if then > 0 else 0, of: paying}
      mrr_kept_gross: {trailing: "min(then, now)", of: paying}
      mrr_joined: {trailing: 0 if then else now, of: paying}
      lost_by_price: {trailing: then > 0 and not now, of: paying, kind: price}
      shrunk_by_price: {trailing: then > now, of: paying, kind: price}
      payers: {count: first_paid}
"""
RETENTION = """\
net_revenue_retention:
  {title: NRR, group: customers, goal: Keep., owner: all, unit: ratio, good: up, windows: [30d],
   dimensions: [plan], gauge: crm_nrr_ratio, formula: mrr_kept / start(mrr)}
gross_revenue_retention:
  {title: GRR, group: customers, goal: Keep., owner: all, unit: ratio, good: up, windows: [30d],
   dimensions: [plan], gauge: crm_grr_ratio, formula: mrr_kept_gross / start(mrr)}
"""
BEFORE, INSIDE, NOW = "2024-03-20", "2024-04-10", "2024-05-01"


def pays(customer: str, deal: str, at: str, amount: int, **data: Any) -> dict[str, Any]:
    return deal_stage_changed(deal, at, customer_id=customer, amount_minor=amount, currency="USD", **data)


def test_net_revenue_retention_leaves_out_who_joined_inside_the_window() -> None:
    """A stays at 1000; B joins at 100 and grows to 300: 1.0. Another swaps 500 for 600: 1.2."""
    kept = plan(SUBSCRIBED, kpi=RETENTION)
    stays_and_joins = [
        pays("A", "a", BEFORE, 1000),
        pays("B", "b", INSIDE, 100),
        pays("B", "b", "2024-04-12", 300),
    ]
    ledger = in_any_order(stays_and_joins, kept)
    assert ledger.value("net_revenue_retention", "30d", now=NOW) == 1.0
    assert ledger.running["mrr"] == 1300

    swaps = [
        pays("C", "old", BEFORE, 500),
        pays("C", "new", INSIDE, 600),
        deal_stage_changed("old", INSIDE, customer_id="C", amount_minor=0),
    ]
    ledger = in_any_order(swaps, kept)
    assert ledger.value("net_revenue_retention", "30d", now=NOW) == 1.2
    assert ledger.value("gross_revenue_retention", "30d", now=NOW) == 1.0
    assert ledger.counts("net_revenue_retention", "30d", now=NOW) == (600, 500)


def test_a_trailing_measure_may_be_of_who_was_not_there_when_the_window_began() -> None:
    """What is paid now by those who paid nothing then; who stops paying is taken out again."""
    events = [pays("A", "a", BEFORE, 1000), pays("B", "b", INSIDE, 100), pays("B", "b", "2024-04-12", 300)]
    ledger = in_any_order(events, plan(SUBSCRIBED))
    assert ledger.sum("mrr_joined", "2024-04-01") == 300
    assert ledger.sum("mrr_joined", "2024-04-11") == 0
    assert ledger.sum("mrr_joined", "2024-03-01") == 1300
    assert ledger.take(pays("B", "b", "2024-04-13", 0)).sum("mrr_joined", "2024-04-01") == 0


def loses(customer: str, deal: str, at: str, **data: Any) -> dict[str, Any]:
    return deal_lost(deal, at, customer_id=customer, **data)


def test_the_states_of_all_keys_add_up_and_the_last_to_leave_says_why() -> None:
    events = [
        pays("A", "one", BEFORE, 10),
        pays("A", "two", BEFORE, 20, plan="pro"),
        deal_created("three", BEFORE, customer_id="A"),
    ]
    ledger = Ledger(plan(SUBSCRIBED)).take(*events)
    assert ledger.running["mrr"] == ledger.running["mrr|plan|pro"] == 30

    ledger.take(loses("A", "one", INSIDE, reason="price"))
    assert (ledger.running["mrr"], ledger.sum("lost_by_price")) == (20, 0)
    ledger.take(loses("A", "two", "2024-04-11", reason="quality"))
    assert (ledger.running["mrr"], ledger.sum("lost_by_price", "2024-04-01")) == (0, 0)
    ledger.take(loses("A", "one", "2024-04-12", reason="price"))  # it was lost already
    assert ledger.sum("lost_by_price", "2024-04-01") == 0
    ledger.take(loses("A", "two", "2024-04-09", reason="price"))  # known late: lost before
    assert ledger.sum("lost_by_price", "2024-04-01") == 1


def test_the_last_leaving_is_remembered_when_something_else_grows() -> None:
    events = [
        pays("A", "one", BEFORE, 10),
        pays("A", "two", BEFORE, 20),
        loses("A", "one", INSIDE, reason="price"),
        pays("A", "two", "2024-04-12", 25),
    ]
    assert in_any_order(events, plan(SUBSCRIBED)).sum("shrunk_by_price", "2024-04-01") == 1


def test_no_reason_and_an_empty_one_are_the_same_in_any_order() -> None:
    said = [
        loses("A", "one", INSIDE, id="one event", **data) for data in ({}, {"reason": ""}, {"reason": "x"})
    ]
    in_any_order([pays("A", "one", BEFORE, 10), *said], plan(SUBSCRIBED))


def test_an_event_without_the_amount_is_no_transition() -> None:
    ledger = Ledger(plan(SUBSCRIBED)).take(deal_stage_changed("d", customer_id="A"))
    assert ledger.running == ledger.panes == {}


def test_the_first_entering_of_any_key_is_the_moment() -> None:
    events = [pays("A", "one", "2024-03-02", 10), pays("A", "two", "2024-03-01", 10)]
    ledger = in_any_order(events, plan(SUBSCRIBED))
    assert ledger.sum("payers", "2024-03-01", "2024-03-02") == ledger.sum("payers") == 1


def test_a_reactivated_customer_whom_we_never_saw_before_is_not_new() -> None:
    ledger = Ledger().take(customer_activated("c", at="10:00", kind="reactivated"))
    assert ledger.sum("customers_new") == 0
    assert (
        ledger.take(customer_activated("c", at="09:00")).sum("customers_new", "09:00", "09:01", "minute") == 1
    )


# -- open -------------------------------------------------------------------------------------------------

WAITING = lead_plan("waiting: {open: created, until: [contact, converted]}")


def test_what_is_open_waits_since_its_beginning_until_the_first_end_that_is_not_before_it() -> None:
    events = [lead_contacted("a", at="08:00"), lead_created("a", at="09:00")]
    ledger = in_any_order(events, WAITING)
    assert ledger.waiting["waiting"] == {"a": ms("09:00")}
    assert ledger.running["waiting"] == ledger.sum("waiting.age", "09:00", "09:01", "minute") == 1

    ledger.take(lead_converted("a", at="11:00"))
    assert ledger.waiting["waiting"] == {}
    assert ledger.running == {}
    assert ledger.sum("waiting", "11:00", "11:01", "minute") == -1
    ledger.take(lead_contacted("a", at="10:00"))
    assert ledger.sum("waiting", "10:00", "10:01", "minute") == -1
    assert ledger.sum("waiting", "11:00", "11:01", "minute") == 0
    assert "waiting.age" not in ledger.cells()


def test_an_earlier_beginning_lets_it_wait_longer() -> None:
    ledger = Ledger(WAITING).take(lead_created("a", at="09:00"))
    ledger.take(lead_created("a", at="07:00"))
    assert ledger.waiting["waiting"] == {"a": ms("07:00")}
    assert ledger.sum("waiting.age") == ledger.sum("waiting.age", "07:00", "07:01", "minute") == 1


def test_what_is_open_moves_with_its_slice() -> None:
    created = lead_created("a", at="09:00", plan="free")
    moved = lead_assigned("a", at="10:00", plan="pro")
    ledger = in_any_order([created, moved], WAITING)
    assert ledger.running == {"waiting": 1, "waiting|channel|unknown": 1, "waiting|plan|pro": 1}
    assert ledger.sum("waiting.age|plan|pro", "09:00", "09:01", "minute") == 1
    assert [ledger.sum(f"waiting|plan|{name}", tier="minute") for name in ("free", "pro")] == [0, 1]

    after = in_any_order([created, moved, lead_contacted("a", at="11:00", plan="gold")], WAITING)
    assert after.running == {}
    assert all(after.sum(f"waiting|plan|{name}") == 0 for name in ("free", "pro", "gold"))
    assert after.sum("waiting|plan|pro", "11:00", "11:01", "minute") == -1


def test_a_ticket_is_open_while_it_does_not_stand_resolved() -> None:
    ledger = Ledger().take(ticket_created("t", at="09:00"), ticket_resolved("t", at="10:00"))
    assert ledger.waiting["tickets_open"] == {}
    ledger.take(ticket_reopened("t", at="10:00"))
    assert ledger.waiting["tickets_open"] == {"t": ms("09:00")}
    ledger.take(ticket_resolved("t", at="10:00:00.001"))
    assert ledger.waiting["tickets_open"] == {}


# -- spread -----------------------------------------------------------------------------------------------


def test_a_cost_without_period_falls_on_the_day_when_it_was_booked() -> None:
    ledger = Ledger().take(cost_recorded("k", at="2024-04-15 23:59:59.999", amount_minor=7))
    assert ledger.sum("cost_marketing", "2024-04-15", "2024-04-16") == 7
    assert {tier for tier, _ in ledger.panes} == {"day"}


def test_a_period_has_800_days_at_most_and_every_day_its_share() -> None:
    ledger = Ledger().take(
        cost_recorded("k", amount_minor=800 * 3 + 1, period_start="2024-01-01", period_end="2026-03-10")
    )
    shares = [cells["cost_marketing"] for cells in ledger.panes.values()]
    assert len(shares) == 800
    assert sum(shares) == 2401
    assert set(shares) == {3, 4}
    assert ledger.sum("cost_marketing", "2026-03-10", "2026-03-11") == 4, "the last day has what is left"


def test_a_correction_of_amount_period_or_category_takes_the_old_shares_back() -> None:
    april = {"period_start": "2024-04-01", "period_end": "2024-04-30"}
    may = {"period_start": "2024-05-01", "period_end": "2024-05-31"}
    first = cost_recorded("k", at="2024-04-01", amount_minor=3_000, **april)
    moved = cost_recorded("k", at="2024-04-02", amount_minor=3_100, **may)
    sales = cost_recorded("k", at="2024-04-03", amount_minor=50, category="sales")
    assert in_any_order([first, moved]).sum("cost_marketing", "2024-05-01", "2024-06-01") == 3_100
    ledger = in_any_order([first, moved, sales])
    assert ledger.sum("cost_marketing") == 0
    assert ledger.sum("cost_sales", "2024-04-03", "2024-04-04") == 50
    assert len(ledger.panes) == 1


SPREAD = """\
    id: cost_id
    registers:
      booking: {event: crm.cost.recorded, fields: [amount_minor, period_start, period_end]}
    measures:
      cost: {spread: booking.amount_minor, start: booking.period_start, end: booking.period_end}
"""


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Cairo", "Atlantic/Azores", "Pacific/Apia"])
def test_the_days_of_a_period_are_local_days(zone: str) -> None:
    local = plan(SPREAD, zone=zone)
    ledger = Ledger(local).take(
        cost_recorded("k", amount_minor=36_600, period_start="2024-01-01", period_end="2024-12-31")
    )
    calendar = local.calendar
    starts = sorted(start for _, start in ledger.panes)
    assert [calendar.day(start) for start in starts] == list(range(738_886, 738_886 + 366))
    assert [calendar.day_start_ms(calendar.day(start)) for start in starts] == starts
    assert {cells["cost"] for cells in ledger.panes.values()} == {100}


# -- a kind of one's own ----------------------------------------------------------------------------------


class Weekday(MeasureSpec):
    """How many events there were, as the number of their weekday: a kind that nobody needs."""

    weekday: str


def compile_weekday(compiler: Compiler, spec: Weekday) -> Measure:
    times = compiler.times(spec.weekday, "weekday")

    def contribute(seen: Any) -> Any:
        for time, _ in times(seen.row):
            weekday = (compiler.calendar.day(time) - 1) % 7 + 1
            yield f"{compiler.name}.d{weekday}", time, seen.members(time), 1

    return make_measure(compiler, "weekday", spec, contribute)


def test_a_new_kind_needs_no_change_of_the_engine(monkeypatch: MonkeyPatch) -> None:
    specs: dict[str, Any] = {**MEASURE_SPECS, "weekday": Weekday}
    kinds: dict[Any, Any] = {**measures.KINDS, Weekday: compile_weekday}
    monkeypatch.setattr("schemas.catalog.MEASURE_SPECS", specs)
    monkeypatch.setattr(measures, "KINDS", kinds)
    text = catalog(LEAD + "      contacts: {weekday: contact, tiers: [day]}\n")

    ledger = Ledger(read_plan(text, "catalog.yaml")).take(
        lead_contacted("a", at="2024-04-15", channel="web"),  # a Monday
        lead_contacted("a", at="2024-04-21"),
        lead_contacted("a", at="2024-04-22"),
    )
    found = {cell: ledger.sum(cell) for cell in ledger.cells() if "plan" not in cell}
    assert found == {
        "contacts.d1": 2,
        "contacts.d1|channel|web": 2,
        "contacts.d7": 1,
        "contacts.d7|channel|web": 1,
    }
    assert set(ledger.panes) == {("day", day(at)) for at in ("2024-04-15", "2024-04-21", "2024-04-22")}
