"""The vectors of the KPI definitions, each with the answer that two people agree on."""

import pytest

from tests.builders import (
    Event,
    Ledger,
    Time,
    cost_recorded,
    customer_activated,
    customer_churned,
    days,
    deal_created,
    deal_lost,
    deal_stage_changed,
    deal_won,
    each,
    in_any_order,
    lead_contacted,
    lead_converted,
    lead_created,
    lead_qualified,
    ms,
    survey_answered,
    ticket_created,
    ticket_reopened,
    ticket_replied,
    ticket_resolved,
)
from tests.engine.catalogs import plan

MEAN = "crm_{}_seconds_mean"


def hundred_customers() -> Ledger:
    """A hundred members since January."""
    return Ledger().take(*each(lambda n: customer_activated(f"c{n}", at="2024-01-10"), 100))


# -- Retention and churn ----------------------------------------------------------------------------------
#
#     window 30d, read at 1 May:   1 April 00:00 |---------------------------------| now
#                                  S members     |  joins, leavings, returns       | E members


def test_one_who_returns_and_one_who_joined_inside_the_window_are_not_lost() -> None:
    ledger = hundred_customers()
    ledger.take(customer_activated("inside", at="2024-04-05"))
    ledger.take(customer_churned("inside", at="2024-04-20"))
    ledger.take(*each(lambda n: customer_churned(f"c{n}", at="2024-04-10"), 11))
    ledger.take(customer_activated("c0", at="2024-04-15", kind="reactivated"))

    assert ledger.counts("churn", "30d", now="2024-05-01", kind="all") == (10, 100)
    assert ledger.value("churn", "30d", now="2024-05-01", kind="all") == 0.10
    assert ledger.value("retention", "30d", now="2024-05-01") == 0.90


def test_retention_is_e_minus_n_over_s() -> None:
    ledger = hundred_customers()
    ledger.take(*each(lambda n: customer_churned(f"c{n}", at="2024-04-10"), 30))
    ledger.take(*each(lambda n: customer_activated(f"new{n}", at="2024-04-12"), 20))

    assert ledger.running["customers"] == 90
    assert ledger.value("retention", "30d", now="2024-05-01") == 0.70
    assert ledger.value("churn", "30d", now="2024-05-01", kind="all") == 0.30


#     day          0       1       2       3       4       5
#     customer             joins   |       churns          returns
#     window               from 0: not a member then; from 2: a member then
JOINS = customer_activated("c", at="2024-03-02")
CHURNS = customer_churned("c", at="2024-03-04")
RETURNS = customer_activated("c", at="2024-03-06", kind="reactivated")
AGAIN = customer_activated("c", at="2024-03-03")
LOST = {
    "joins, churns, returns": ([JOINS, CHURNS, RETURNS], 0),
    "churn delivered twice": ([JOINS, CHURNS, CHURNS], 1),
    "churned twice": ([JOINS, CHURNS, customer_churned("c", at="2024-03-05")], 1),
    "activated twice": ([JOINS, AGAIN, CHURNS], 1),
}


@pytest.mark.parametrize("case", LOST)
def test_who_was_a_member_and_is_none_now_is_lost_once(case: str) -> None:
    events, lost = LOST[case]
    from_day_2, from_day_0 = "2024-04-02", "2024-03-31"
    ledger = in_any_order(events)
    assert ledger.counts("churn", "30d", now=from_day_2, kind="all") == (lost, 1)
    assert ledger.counts("churn", "30d", now=from_day_0, kind="all") == (0, 0)
    assert ledger.value("churn", "30d", now=from_day_0, kind="all") is None


def test_who_leaves_and_joins_in_the_same_millisecond_is_still_a_customer() -> None:
    leaves, joins = customer_churned("c", at="2024-03-04"), customer_activated("c", at="2024-03-04")
    ledger = in_any_order([JOINS, leaves, joins])
    assert ledger.running["customers"] == 1
    assert ledger.counts("churn", "30d", now="2024-04-02", kind="all") == (0, 1)


def test_churn_of_a_kind_counts_the_last_leaving() -> None:
    ledger = hundred_customers()
    ledger.take(customer_churned("c0", at="2024-04-10", churn_kind="involuntary"))
    ledger.take(customer_activated("c0", at="2024-04-11"))
    ledger.take(customer_churned("c0", at="2024-04-12", churn_kind="unknown"))
    ledger.take(customer_churned("c1", at="2024-04-12", churn_kind="voluntary"))

    lost = {
        kind: ledger.counts("churn", "30d", now="2024-05-01", kind=kind)[0]
        for kind in ("all", "voluntary", "involuntary", "unknown")
    }
    assert lost == {"all": 2, "voluntary": 1, "involuntary": 0, "unknown": 1}


def test_who_was_activated_900_days_ago_and_churns_today_is_one_customer_less_and_never_minus_one() -> None:
    now = ms("2024-06-15 12:00")
    ledger = Ledger(sweeps=True).take(customer_activated("c", at=now - days(900)))
    assert ledger.running["customers"] == 1

    ledger.panes = {pane: cells for pane, cells in ledger.panes.items() if pane[1] > now - days(800)}
    ledger.take(customer_churned("c", at=now))
    assert ledger.running["customers"] == 0
    assert ledger.counts("churn", "365d", now=now, kind="all") == (1, 1)
    assert ledger.value("retention", "365d", now=now) == 0.0


# -- Subscriptions ----------------------------------------------------------------------------------------
#
# A customer's deals stand in for subscriptions: `amount_minor` is the monthly amount from then on, `revision`
# the one before. Who has a live subscription is a customer.

PAYING = plan(
    """\
    id: customer_id
    keep: forever
    transitions:
      paying:
        - {event: crm.deal.stage_changed, state: {field: amount_minor}, before: revision, key: deal_id}
    measures:
      mrr: {level: paying}
      mrr_kept: {trailing: now if then > 0 else 0, of: paying, over: [30d]}
      mrr_kept_gross: {trailing: "min(then, now)", of: paying}
      customers: {level: paying, value: "min(now, 1)"}
      customers_lost: {trailing: then > 0 and not now, of: paying}
    """,
    kpi="".join(
        f"{name}: {{title: T, group: customers, goal: G., owner: all, unit: {unit}, good: up, windows: [30d],"
        f" gauge: crm_{name}, formula: {formula}}}\n"
        for name, unit, formula in (
            ("net", "ratio", "mrr_kept / start(mrr)"),
            ("gross", "ratio", "mrr_kept_gross / start(mrr)"),
            ("churn", "ratio", "customers_lost / start(customers)"),
            ("mrr_start", "money", "start(mrr)"),
            ("mrr_end", "money", "end(mrr)"),
        )
    ),
)
EARLIER, WITHIN, READ = "2024-03-20", "2024-04-10", "2024-05-01"


def pays(customer: str, subscription: str, at: Time, after: int, before: int = 0) -> Event:
    return deal_stage_changed(
        subscription, at, customer_id=customer, amount_minor=after, currency="USD", revision=before
    )


def test_who_stays_at_1000_keeps_all_and_who_joined_inside_the_window_adds_nothing() -> None:
    events = [
        pays("A", "a", EARLIER, 1000),
        pays("B", "b", WITHIN, 100),
        pays("B", "b", "2024-04-12", 300, before=100),
    ]
    ledger = in_any_order(events, PAYING)
    assert ledger.value("net", "30d", now=READ) == ledger.value("gross", "30d", now=READ) == 1.0
    assert ledger.value("mrr_end", "30d", now=READ) == 13.00


def test_who_swaps_500_for_600_keeps_a_fifth_more() -> None:
    events = [pays("C", "old", EARLIER, 500), pays("C", "new", WITHIN, 600), pays("C", "old", WITHIN, 0, 500)]
    ledger = in_any_order(events, PAYING)
    assert ledger.value("net", "30d", now=READ) == 1.2
    assert ledger.value("gross", "30d", now=READ) == 1.0


def test_who_is_first_seen_as_150_to_120_began_with_150_and_ends_with_120() -> None:
    ledger = in_any_order([pays("D", "d", WITHIN, 120, before=150)], PAYING)
    assert ledger.value("mrr_start", "30d", now=READ) == 1.50
    assert ledger.value("mrr_end", "30d", now=READ) == 1.20
    assert ledger.value("net", "30d", now=READ) == 0.8


def test_who_ends_one_subscription_and_starts_another_in_the_same_second_is_still_a_customer() -> None:
    for started in ("2024-04-10 09:00:00.000", "2024-04-10 09:00:00.400"):
        events = [
            pays("E", "old", EARLIER, 50),
            pays("E", "old", "2024-04-10 09:00:00.000", 0, before=50),
            pays("E", "new", started, 70),
        ]
        ledger = in_any_order(events, PAYING)
        assert ledger.running["customers"] == 1
        assert ledger.counts("churn", "30d", now=READ) == (0, 1)


# -- Engagement -------------------------------------------------------------------------------------------

ENGAGEMENT = plan(
    """\
    id: customer_id
    keep: forever
    steps:
      active: {event: crm.lead.contacted}
    transitions:
      membership:
        - {event: crm.customer.activated, state: 1}
        - {event: crm.customer.churned, state: 0}
    measures:
      engaged: {distinct: active, while: membership}
    """,
    kpi="engaged: {title: T, group: customers, goal: G., owner: all, unit: count, good: up,"
    " windows: [7d, 30d], gauge: crm_engaged, formula: engaged}",
)


def test_an_active_customer_is_engaged_once_and_a_lead_who_never_became_one_not_at_all() -> None:
    events = [
        customer_activated("member", at="2024-02-01"),
        lead_contacted("x", customer_id="member", at="2024-04-01 12:00"),
        lead_contacted("x", customer_id="member", at="2024-04-20 12:00"),
        lead_contacted("y", customer_id="lead", at="2024-04-20 12:00"),
    ]
    ledger = in_any_order(events, ENGAGEMENT)
    assert ledger.value("engaged", "30d", now="2024-05-01") == 1
    assert ledger.value("engaged", "7d", now="2024-05-01") == 0


# -- Surveys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 10, 100])
def test_nps_of_5_promoters_3_passives_and_2_detractors_is_plus_30(scale: int) -> None:
    scores = [9, 10, 9, 10, 9, 7, 8, 7, 6, 0] * scale
    ledger = Ledger().take(*each(lambda n: survey_answered(f"r{n}", score=scores[n]), len(scores)))
    assert ledger.value("nps", "30d") == 30.0
    assert ledger.counts("nps", "30d") == (3 * scale, 10 * scale)


#     scale      satisfied from
SATISFIED = [(1, 5, 4), (1, 10, 8), (1, 7, 6), (0, 1, 1)]


@pytest.mark.parametrize(("low", "high", "satisfied"), SATISFIED)
def test_who_gives_three_quarters_of_the_scale_is_satisfied(low: int, high: int, satisfied: int) -> None:
    ledger = Ledger()
    for score in range(low, high + 1):
        ledger.take(survey_answered(f"r{score}", kind="csat", score=score, scale_min=low, scale_max=high))
    assert ledger.counts("csat", "30d") == (high - satisfied + 1, high - low + 1)


def test_a_corrected_answer_counts_as_corrected_at_the_time_of_the_first() -> None:
    ledger = Ledger().take(survey_answered("r", at="10:00", score=10))
    ledger.take(survey_answered("r", at="12:30", score=3))
    assert ledger.counts("nps", "30d") == (-1, 1)
    assert ledger.counts("nps", "1h") == (0, 0)  # read at 12:30: the answer was given at 10:00


# -- Leads ------------------------------------------------------------------------------------------------


def test_a_contact_before_the_creation_does_not_answer_a_lead() -> None:
    """contacted 9:00, created 10:00, contacted 11:00 and 14:00: answered after one hour, in any order."""
    events = [
        lead_contacted("lead-1", at="09:00"),
        lead_created("lead-1", at="10:00"),
        lead_contacted("lead-1", at="11:00"),
        lead_contacted("lead-1", at="14:00"),
    ]
    ledger = in_any_order([*events, events[2]])
    mean = ledger.reading("lead_response", "24h", gauge=MEAN.format("lead_response"))
    assert (mean.value, mean.samples) == (3600.0, 1)
    assert ledger.value("lead_volume", "24h") == 1
    assert ledger.value("leads_waiting", "now", gauge="crm_leads_waiting") == 0


def test_a_conversion_counts_in_the_month_of_the_lead_and_in_its_own() -> None:
    ledger = Ledger().take(
        lead_created("lead-1", at="2024-03-01 08:00"), lead_converted("lead-1", at="2024-04-20 17:00")
    )
    march, april = "2024-03-31 12:00", "2024-04-30 12:00"
    assert ledger.counts("lead_conversion", "mtd", now=march) == (1, 1)
    assert ledger.counts("lead_conversion_in_period", "mtd", now=march) == (0, 1)
    assert ledger.counts("lead_conversion", "mtd", now=april) == (0, 0)
    assert ledger.counts("lead_conversion_in_period", "mtd", now=april) == (1, 0)


def test_an_accepted_lead_counts_with_the_leads_that_were_qualified_then() -> None:
    ledger = Ledger().take(
        lead_qualified("lead-1", at="2024-03-30 08:00"),
        lead_qualified("lead-1", at="2024-04-02 08:00", stage="accepted"),
        lead_qualified("lead-2", at="2024-03-30 08:00"),
        lead_qualified("lead-3", at="2024-04-02 08:00", stage="accepted"),  # mql not known
    )
    assert ledger.counts("lead_acceptance", "mtd", now="2024-03-31") == (1, 2)
    assert ledger.counts("lead_acceptance", "mtd", now="2024-04-03") == (0, 0)


# -- Tickets ----------------------------------------------------------------------------------------------


def test_a_ticket_with_one_reply_is_solved_at_first_contact_however_often_it_is_synchronised() -> None:
    events = [
        ticket_created("t", at="2024-04-10 09:00"),
        ticket_replied("t", at="2024-04-10 10:00"),
        ticket_replied("t", at="2024-04-10 10:00"),
        ticket_resolved("t", at="2024-04-10 11:00"),
        ticket_replied("t", at="2024-04-10 12:00"),
    ]
    ledger = in_any_order(events)
    assert ledger.counts("first_contact_resolution", "30d", now="2024-04-20") == (1, 1)

    ledger.take(ticket_created("t", at=ms("2024-04-10 09:00") + days(200)))
    assert ledger.value("backlog", "now", gauge="crm_tickets_open") == 0
    assert ledger.counts("first_contact_resolution", "30d", now="2024-04-20") == (1, 1)
    assert ledger.counts("resolution", "30d", now="2024-04-20", gauge=MEAN.format("resolution")) == (
        2 * 3_600_000,
        1,
    )


#     created 9:00 ---- resolved 10:00 ---- next day: reopened 10:00 ---- resolved 12:00 ---- closed 13:00
REOPENED = [
    ticket_created("t", at="2024-04-10 09:00"),
    ticket_resolved("t", at="2024-04-10 10:00"),
    ticket_reopened("t", at="2024-04-11 10:00"),
    ticket_resolved("t", at="2024-04-11 12:00"),
    ticket_resolved("t", at="2024-04-11 13:00", resolution="closed automatically"),
]


def test_a_reopened_ticket_takes_its_resolution_back() -> None:
    ledger = Ledger().take(*REOPENED[:2])
    assert ledger.counts("resolution", "30d", gauge=MEAN.format("resolution")) == (3_600_000, 1)
    assert ledger.counts("first_contact_resolution", "30d") == (1, 1)

    ledger.take(REOPENED[2])
    assert ledger.counts("resolution", "30d", gauge=MEAN.format("resolution")) == (0, 0)
    assert ledger.counts("first_contact_resolution", "30d") == (0, 1)
    assert ledger.counts("reopen_rate", "30d") == (1, 1)
    assert ledger.value("backlog", "now", gauge="crm_tickets_open") == 1


def test_a_ticket_resolved_twice_is_one_ticket_resolved_after_the_reopening() -> None:
    ledger = in_any_order(REOPENED)
    mean = ledger.counts("resolution", "30d", now="2024-04-12", gauge=MEAN.format("resolution"))
    assert mean == (27 * 3_600_000, 1)
    assert ledger.counts("first_contact_resolution", "30d", now="2024-04-12") == (0, 1)
    assert ledger.counts("reopen_rate", "30d", now="2024-04-12") == (1, 1)
    assert ledger.value("backlog", "now", gauge="crm_tickets_open") == 0


@pytest.mark.parametrize(("created_by", "response"), [("customer", 1), ("agent", 2), ("proactive", 1)])
def test_of_a_ticket_that_an_agent_opened_the_second_reply_answers(created_by: str, response: int) -> None:
    ledger = Ledger().take(
        ticket_created("t", at="09:00", created_by=created_by),
        ticket_replied("t", at="09:10", author_role="customer"),
        ticket_replied("t", at="09:20", public=False),
        ticket_replied("t", at="09:30", actor_kind="bot"),
        ticket_replied("t", at="10:00"),
        ticket_replied("t", at="11:00"),
    )
    mean = ledger.counts("first_response", "24h", gauge=MEAN.format("first_response"))
    assert mean == (response * 3_600_000, 1)


# -- Deals ------------------------------------------------------------------------------------------------


def test_a_deal_lost_in_may_and_won_in_june_is_won_once() -> None:
    lost, won = deal_lost("d", at="2024-05-10"), deal_won("d", at="2024-06-10", amount_minor=70_000)
    ledger = in_any_order([lost, won, won])
    assert ledger.counts("win_rate", "90d", now="2024-06-30") == (1, 1)
    assert ledger.value("win_rate", "mtd", now="2024-05-31") is None  # the loss in May is taken back
    assert ledger.value("revenue", "mtd", now="2024-06-30", currency="USD") == 700.0


STAGES = plan(
    """\
    id: deal_id
    stages: {meeting: 0.3, proposal: 0.5, negotiation: 0.75}
    stages_from: {crm.deal.created: stage, crm.deal.stage_changed: to_stage}
    steps:
      created: {event: crm.deal.created}
      won: {event: crm.deal.won}
    measures:
      meeting: {reached: meeting, or: [won], at: created}
      proposal: {reached: proposal, or: [won], at: created}
      negotiation: {reached: negotiation, or: [won], at: created}
    """
)


def test_a_deal_that_skips_two_stages_reached_every_stage_before_its_own() -> None:
    created, skipped = deal_created("d", at="2024-05-10"), deal_stage_changed("d", to_stage="negotiation")
    ledger = in_any_order([created, skipped], STAGES)
    assert [ledger.sum(stage) for stage in ("meeting", "proposal", "negotiation")] == [1, 1, 1]
    won = in_any_order([created, deal_won("d", at="2024-06-10")], STAGES)
    assert [won.sum(stage, "2024-05-10", "2024-05-11") for stage in ("meeting", "negotiation")] == [1, 1]
    met = in_any_order([created, deal_stage_changed("d", to_stage="meeting")], STAGES)
    assert [met.sum(stage) for stage in ("meeting", "proposal", "negotiation")] == [1, 0, 0]


def test_a_stage_that_changes_in_the_moment_of_winning_does_not_reopen_the_deal() -> None:
    won, stage = deal_won("d", at="10:00"), deal_stage_changed("d", at="10:00", to_stage="closed won")
    assert in_any_order([won, stage]).value("revenue", "24h") == 100.0
    assert (
        in_any_order([won, stage, deal_stage_changed("d", at="10:00:00.001")]).value("revenue", "24h") == 0.0
    )


def test_a_deal_won_and_lost_in_the_same_moment_stands_neither() -> None:
    ledger = in_any_order([deal_won("d", at="10:00"), deal_lost("d", at="10:00")])
    assert ledger.counts("win_rate", "24h") == (0, 0)


def test_sums_above_2_to_the_53_are_exact() -> None:
    amounts = [10**15 - n for n in range(40)]
    ledger = Ledger().take(*each(lambda n: deal_won(f"d{n}", amount_minor=amounts[n]), 40))
    assert ledger.reading("revenue", "24h").numerator == sum(amounts) > 2**55


# -- Costs ------------------------------------------------------------------------------------------------


def test_a_cost_for_april_is_spread_over_its_days_and_the_last_statement_of_it_counts() -> None:
    """300.00 for April, read on the 15th: half of it. Then 600.00, by a later time or a revision."""
    april = {"period_start": "2024-04-01", "period_end": "2024-04-30"}
    first = cost_recorded("ads", at="2024-04-02", amount_minor=30_000, **april)
    later = cost_recorded("ads", at="2024-04-03", amount_minor=60_000, **april)
    revised = cost_recorded("ads", at="2024-04-01", amount_minor=60_000, revision=2, **april)
    mid_april = "2024-04-15 12:00"
    for correction in (later, revised):
        ledger = Ledger().take(lead_created("lead-1", at="2024-04-05"), first)
        assert ledger.value("cost_per_lead", "mtd", now=mid_april) == 150.0
        ledger.take(correction)
        assert ledger.value("cost_per_lead", "mtd", now=mid_april) == 300.0
        ledger.take(first)
        assert ledger.value("cost_per_lead", "mtd", now=mid_april) == 300.0
        assert ledger.value("cost_per_lead", "mtd", now="2024-04-30") == 600.0


def test_a_cost_is_spread_without_loss_and_future_days_do_not_count_yet() -> None:
    ledger = Ledger().take(
        lead_created("lead-1", at="2024-04-01"),
        cost_recorded(
            "ads", at="2024-04-01", amount_minor=100, period_start="2024-04-01", period_end="2024-04-03"
        ),
    )
    spent = [ledger.counts("cost_per_lead", "mtd", now=f"2024-04-0{day} 23:59")[0] for day in (1, 2, 3, 4)]
    assert spent == [33, 66, 100, 100]


# -- Slices -----------------------------------------------------------------------------------------------


def test_41_members_over_4_partitions_are_each_exact_and_add_up_to_the_whole() -> None:
    events = [lead_created(f"lead-{n}", channel=f"channel {n % 41}") for n in range(41 * 7)]
    partitions = [Ledger().take(*events[at::4]) for at in range(4)]
    whole = partitions[0] + partitions[1] + partitions[2] + partitions[3]

    slices = whole.slices("lead_volume", "24h", "channel")
    assert {member: reading.value for member, reading in slices.items()} == {
        f"channel {n}": 7 for n in range(41)
    }
    assert whole.value("lead_volume", "24h") == 41 * 7
