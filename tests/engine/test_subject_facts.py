"""What is remembered of a subject: conditions on events, maps of keys, ids of several fields, stages."""

from typing import Any

import pytest

from streams.engine.facts import Row
from streams.engine.plan import Plan
from tests.builders import (
    Event,
    Ledger,
    customer_activated,
    deal_created,
    deal_lost,
    deal_stage_changed,
    deal_won,
    in_any_order,
    lead_created,
    survey_answered,
)
from tests.engine.measured import with_measures


def row(ledger: Ledger, id_: str) -> Row:
    return ledger.engine.decode_row("thing", ledger.encoded["thing", id_])


# -- Conditions -------------------------------------------------------------------------------------------

CHOSEN = with_measures(
    """\
    id: deal_id
    steps:
      moved: {event: crm.deal.stage_changed}
    registers:
      offer: {event: crm.deal.stage_changed, where: to_stage == 'offer', fields: [amount_minor]}
    maps:
      offers: {event: crm.deal.stage_changed, where: to_stage == 'offer', key: channel, field: amount_minor}
    transitions:
      size:
        - {event: crm.deal.stage_changed, where: to_stage != 'lost', state: {field: amount_minor}}
        - {event: crm.deal.stage_changed, where: to_stage == 'lost', state: 0}
    """,
    "offered: {sum: offer.amount_minor, at: moved}",
    "offered_each: {sum: offers, at: moved}",
    "size: {level: size}",
)


def moved(stage: str, at: str, amount: int, **data: Any) -> Event:
    return deal_stage_changed("d", at, to_stage=stage, amount_minor=amount, currency="USD", **data)


def test_only_events_that_satisfy_the_condition_say_something_about_a_fact() -> None:
    events = [moved("offer", "10:00", 5, channel="web"), moved("talk", "11:00", 7, channel="mail")]
    ledger = in_any_order(events, CHOSEN)
    assert [ledger.sum("offered"), ledger.sum("offered_each"), ledger.running["size"]] == [5, 5, 7]


def test_two_transitions_of_one_event_type_divide_its_events_by_their_conditions() -> None:
    ledger = in_any_order([moved("offer", "10:00", 5), moved("lost", "11:00", 9)], CHOSEN)
    assert ledger.running["size"] == 0
    assert ledger.sum("size", "10:00", "10:01", "minute") == 5
    assert ledger.sum("size", "11:00", "11:01", "minute") == -5


# -- Maps -------------------------------------------------------------------------------------------------

KEYED = with_measures(
    """\
    id: customer_id
    steps:
      joined: {event: crm.customer.activated}
    maps:
      deals: {event: crm.deal.won, key: deal_id}
      two: {event: crm.deal.won, key: deal_id, keep: 2}
      worth: {event: crm.deal.won, key: deal_id, field: amount_minor, keep: 2}
      by_lead: {event: crm.deal.won, key: lead_id}
    """,
    "again: {count: joined, when: deals.count >= 2}",
    "often: {count: joined, when: two.count >= 2}",
    "nameless: {count: joined, when: by_lead.count == 3}",
    "worth: {sum: worth, at: joined}",
)


def won(deal: str, amount: int = 1, **data: Any) -> Event:
    return deal_won(deal, customer_id="c", amount_minor=amount, **data)


def test_a_condition_reads_how_many_keys_a_map_has_each_counted_once() -> None:
    ledger = in_any_order([customer_activated("c"), won("a"), won("a", at="11:00")], KEYED)
    assert ledger.sum("again") == ledger.sum("often") == 0
    ledger.take(won("b"))
    assert ledger.sum("again") == ledger.sum("often") == 1


def test_of_a_map_that_keeps_two_the_first_two_keys_in_their_order_stay_with_what_was_last_said_of_them() -> (
    None
):
    events = [won("c", 100), won("a", 10), won("b", 3), won("b", 1, at="11:00")]
    ledger = in_any_order([customer_activated("c"), *events], KEYED)
    kept = row(ledger, "c")
    assert (kept.deals, kept.two, sorted(kept.worth)) == (["a", "b", "c"], ["a", "b"], ["a", "b"])
    assert ledger.sum("worth") == 11


def test_a_key_that_was_not_kept_changes_nothing_when_it_comes_again() -> None:
    ledger = Ledger(KEYED).take(won("a", at="09:00"), won("b", at="09:00"), won("c", at="09:00"))
    ledger.outcomes.clear()
    ledger.take(won("c", at="09:00"))
    assert ledger.outcomes == {("crm.deal.won", "unchanged"): 1}
    assert (
        ledger.take(won("c", 5, at="09:30")).encoded
        == Ledger(KEYED).take(*(won(deal, at="09:00") for deal in "abc"), won("c", 5, at="09:30")).encoded
    )


def test_a_key_that_is_missing_is_the_event_itself() -> None:
    events = [won("a", id=id_) for id_ in ("1", "2", "2", "3")]
    assert in_any_order([customer_activated("c"), *events], KEYED).sum("nameless") == 1


# -- Ids --------------------------------------------------------------------------------------------------

ANSWERS = with_measures(
    "id: [customer_id, response_id]\nsteps: {answered: {event: crm.survey.answered}}\n",
    "answers: {count: answered}",
)


def test_an_id_of_several_fields_is_all_of_them_and_without_one_nothing_is_said() -> None:
    ledger = in_any_order(
        [
            survey_answered("r", customer_id="c"),
            survey_answered("r", customer_id="c", at="11:00"),
            survey_answered("r", customer_id="d"),
            survey_answered("r"),
        ],
        ANSWERS,
    )
    assert set(ledger.encoded) == {("thing", "c\x1fr"), ("thing", "d\x1fr")}
    assert ledger.sum("answers") == 2


# -- Stages -----------------------------------------------------------------------------------------------

PIPELINE = """\
    id: deal_id
    dimensions: [plan]
    stages: {talk: 0.1, offer: 0.25, last: 0.9}
    stages_from: {crm.deal.created: stage, crm.deal.stage_changed: to_stage}
    steps:
      created: {event: crm.deal.created}
      won: {event: crm.deal.won}
      lost: {event: crm.deal.lost}
    moments:
      stands_won: {first: won, after: [lost]}
    """
REACHED = with_measures(
    PIPELINE,
    "talked: {reached: talk, at: created}",
    "offered: {reached: offer, at: created}",
    "ended: {reached: last, or: [stands_won], at: created}",
)
STAGES = ("talked", "offered", "ended")


def reached(*events: Event, plan: Plan = REACHED) -> list[int]:
    ledger = in_any_order(events, plan)
    assert all(ledger.sum(stage) == ledger.sum(stage, "10:00", "10:01", "minute") for stage in STAGES)
    return [ledger.sum(stage) for stage in STAGES]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([], [0, 0, 0]),
        (["talk"], [1, 0, 0]),
        (["offer"], [1, 1, 0]),
        (["last", "talk"], [1, 1, 1]),
        (["elsewhere"], [0, 0, 0]),
        (["elsewhere", "offer", "Offer"], [1, 1, 0]),
    ],
)
def test_a_deal_has_reached_every_stage_before_its_farthest(stages: list[str], expected: list[int]) -> None:
    moves = [deal_stage_changed("d", f"1{at}:30", to_stage=stage) for at, stage in enumerate(stages)]
    assert reached(deal_created("d"), *moves) == expected


def test_the_creation_may_tell_a_stage_and_only_what_was_created_counts() -> None:
    assert reached(deal_created("d", stage="offer")) == [1, 1, 0]
    assert reached(deal_stage_changed("d", to_stage="last")) == [0, 0, 0]


def test_a_moment_may_stand_for_a_stage_and_is_taken_back() -> None:
    assert reached(deal_created("d"), deal_won("d", "11:00")) == [0, 0, 1]
    assert reached(deal_created("d"), deal_won("d", "11:00"), deal_lost("d", "12:00")) == [0, 0, 0]


def test_events_about_something_else_set_no_stage() -> None:
    ledger = Ledger(REACHED).take(lead_created("d"))
    assert ledger.encoded == {}
