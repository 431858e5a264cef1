"""Levels, and what follows them: the state before, movements, the last time that a subject did something."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.naming import UNKNOWN, cell
from tests.builders import (
    Event,
    Ledger,
    customer_activated,
    customer_churned,
    deal_created,
    deal_lost,
    deal_stage_changed,
    deal_won,
    in_any_order,
    lead_contacted,
    lead_created,
    ms,
)
from tests.engine.measured import with_measures

# -- A level against a recount ----------------------------------------------------------------------------
#
#     amount       5 before | 9 ............ | 4 ...... | 9
#     live                  | 1 .. | 0 ..... | 1
#     stage                     | talk (0.25) ....... | offer (0.5)
#     won                                                     |
#     plan         free | pro ......

PIPELINE = with_measures(
    """\
    id: deal_id
    dimensions: [plan]
    stages: {talk: 0.25, offer: 0.5}
    stages_from: {crm.deal.stage_changed: to_stage}
    steps:
      won: {event: crm.deal.won}
    transitions:
      size: [{event: crm.deal.stage_changed, state: {field: amount_minor}, before: revision, key: channel}]
      live:
        - {event: crm.deal.created, state: 1}
        - {event: crm.deal.lost, state: 0}
    moments:
      first_won: {first: won}
    """,
    "size: {level: size}",
    "size_of_web: {level: size, key: web}",
    "at_most_10: {level: size, value: 'min(now, 10)'}",
    "while_live: {level: size, while: live}",
    "until_won: {level: size, until: [first_won]}",
    "weighted: {level: size, weighted: true}",
    "all_of_it: {level: size, key: web, value: 'min(now, 7)', while: live, until: [won], weighted: true}",
)
CHANCES = {None: 0, "talk": 0.25, "offer": 0.5}


@dataclass(frozen=True)
class Said:
    """What one event says, minutes after the start."""

    minute: int
    what: str
    data: Mapping[str, Any]

    def event(self) -> Event:
        builders = {"live": deal_created, "dead": deal_lost, "won": deal_won, "size": deal_stage_changed}
        usual = {"to_stage": "elsewhere"} if self.what == "size" else {}
        return builders[self.what]("d", START + self.minute * 60_000, **{**usual, **self.data})


START = ms("2024-04-15 10:00")
PLANS = st.fixed_dictionaries({}, optional={"plan": st.sampled_from(["free", "pro"])})
SIZES = st.fixed_dictionaries(
    {"channel": st.sampled_from(["web", "phone"])},
    optional={
        "amount_minor": st.sampled_from([0, 4, 9]),
        "revision": st.sampled_from([0, 5]),
        "to_stage": st.sampled_from(["talk", "offer", "elsewhere"]),
        "plan": st.sampled_from(["free", "pro"]),
    },
)
SAYS = st.one_of(
    st.builds(Said, st.integers(0, 40), st.just("size"), SIZES),
    st.builds(Said, st.integers(0, 40), st.just("size"), SIZES),
    st.builds(Said, st.integers(0, 40), st.sampled_from(["live", "live", "dead", "won"]), PLANS),
)
HISTORIES = st.lists(SAYS, min_size=1, max_size=10, unique_by=lambda said: said.minute).map(
    lambda history: sorted(history, key=lambda said: said.minute)
)


@dataclass
class Deal:
    """What is known of a deal so far, by the plainest of programs."""

    sizes: dict[str, int]
    is_live: bool = False
    is_won: bool = False
    stage: str | None = None
    plan: str = UNKNOWN

    def take(self, said: Said) -> None:
        self.is_live = {"live": True, "dead": False}.get(said.what, self.is_live)
        self.is_won = self.is_won or said.what == "won"
        self.plan = said.data.get("plan", self.plan)
        if (stage := said.data.get("to_stage", "elsewhere")) in CHANCES:
            self.stage = stage
        if "amount_minor" in said.data:
            self.sizes[said.data["channel"]] = said.data["amount_minor"]

    def levels(self) -> dict[str, int]:
        size, web, chance = sum(self.sizes.values()), self.sizes.get("web", 0), CHANCES[self.stage]
        return {
            "size": size,
            "size_of_web": web,
            "at_most_10": min(size, 10),
            "while_live": size * self.is_live,
            "until_won": size * (not self.is_won),
            "weighted": int(size * chance),
            "all_of_it": int(min(web, 7) * self.is_live * (not self.is_won) * chance),
        }


def opened(history: Sequence[Said]) -> dict[str, int]:
    """Channel -> what its first event tells of the size before."""
    told = [said for said in reversed(history) if "amount_minor" in said.data]
    return {said.data["channel"]: said.data.get("revision", 0) for said in told}


def recounted(history: Sequence[Said]) -> Iterator[tuple[int, Deal]]:
    """The deal as it is just before each minute."""
    deal = Deal(opened(history))
    says = {said.minute: said for said in history}
    for minute in range(-1, 42):
        if minute - 1 in says:
            deal.take(says[minute - 1])
        yield minute, deal


def level(ledger: Ledger, name: str, minute: int) -> int:
    """A level just before a minute: the total less the panes from it on."""
    return ledger.running[name] - ledger.sum(name, START + minute * 60_000, tier="minute")


@given(HISTORIES)
def test_a_level_is_at_every_time_what_a_recount_has_then_in_the_slice_of_that_time(
    history: list[Said],
) -> None:
    ledger = Ledger(PIPELINE).take(*(said.event() for said in history))
    plans = ("free", "pro", UNKNOWN)
    for minute, deal in recounted(history):
        for name, expected in deal.levels().items():
            assert level(ledger, name, minute) == expected, (name, minute)
            found = {plan: level(ledger, cell(name, "plan", plan), minute) for plan in plans}
            assert found == {**dict.fromkeys(plans, 0), deal.plan: expected}, (name, minute)


# -- The state before -------------------------------------------------------------------------------------

SUBSCRIBED = """\
    id: customer_id
    dimensions: [plan]
    keep: forever
    transitions:
      paying:
        - {event: crm.deal.stage_changed, where: to_stage != 'paused', state: {field: amount_minor},
           before: revision, key: deal_id}
        - {event: crm.deal.stage_changed, where: to_stage == 'paused', state: 0, key: deal_id}
    moments:
      first_paid: {entering: paying}
    """
WHICH = ("new", "reactivated", "expansion", "contraction", "churned")
MRR = with_measures(
    SUBSCRIBED,
    "mrr: {level: paying}",
    *(f"{which}: {{movement: paying, which: {which}}}" for which in WHICH),
    "payers: {level: paying, value: 'min(now, 1)'}",
    "of_payers: {level: paying, key: d, while: paying}",
    "began: {count: first_paid}",
)


def pays(deal: str, at: str, after: int, before: int = 0, **data: Any) -> Event:
    return deal_stage_changed(
        deal, at, customer_id="c", amount_minor=after, revision=before, currency="USD", **data
    )


def start(ledger: Ledger, name: str, at: str) -> int:
    return ledger.running[name] - ledger.sum(name, at)


def moved(ledger: Ledger) -> dict[str, int]:
    return {which: amount for which in WHICH if (amount := ledger.sum(which))}


def test_what_was_before_opens_the_level_and_lies_in_no_pane() -> None:
    ledger = in_any_order([pays("d", "2024-04-10", 120, 150)], MRR)
    assert (start(ledger, "mrr", "2024-04-01"), ledger.running["mrr"]) == (150, 120)
    assert ledger.sum("mrr") == -30
    assert moved(ledger) == {"contraction": 30}


def test_an_earlier_event_tells_what_was_before_it_instead() -> None:
    events = [pays("d", "2024-04-10", 120, 150), pays("d", "2024-04-05", 150, 100)]
    ledger = in_any_order(events, MRR)
    assert (start(ledger, "mrr", "2024-04-01"), start(ledger, "mrr", "2024-04-06")) == (100, 150)
    assert moved(ledger) == {"expansion": 50, "contraction": 30}


def test_an_event_that_changes_nothing_opens_the_level_for_ever() -> None:
    ledger = in_any_order([pays("d", "2024-04-10", 120, 120, plan="pro")], MRR)
    assert (
        ledger.running["mrr"] == ledger.running["mrr|plan|pro"] == start(ledger, "mrr", "1990-01-01") == 120
    )
    assert moved(ledger) == {}
    assert "mrr" not in {name for cells in ledger.panes.values() for name in cells}


def test_a_level_and_what_it_is_held_by_open_together() -> None:
    ledger = in_any_order([pays("d", "2024-04-10", 120, 150), pays("e", "2024-04-12", 5)], MRR)
    assert [start(ledger, "of_payers", f"2024-04-{day}") for day in ("01", "11")] == [150, 120]
    ledger.take(pays("d", "2024-04-14", 0, 120))
    assert ledger.running["of_payers"] == ledger.running["of_payers|plan|unknown"] == 0


def test_each_key_opens_with_its_own_earliest() -> None:
    events = [
        pays("a", "2024-04-10", 0, 70),
        pays("b", "2024-04-05", 30, 20),
        pays("b", "2024-04-12", 20, 30),
    ]
    ledger = in_any_order(events, MRR)
    assert [start(ledger, "mrr", f"2024-04-{day}") for day in ("01", "06", "11", "13")] == [90, 100, 30, 20]


def test_who_paid_before_all_that_is_known_has_not_begun_and_is_not_new() -> None:
    back = [pays("d", "2024-04-10", 0, 50), pays("d", "2024-04-12", 40)]
    assert in_any_order(back, MRR).sum("began") == 0
    assert moved(in_any_order(back, MRR)) == {"churned": 50, "reactivated": 40}
    assert in_any_order([pays("d", "2024-04-10", 40)], MRR).sum("began", "2024-04-10", "2024-04-11") == 1


def test_what_is_paused_is_nothing_until_it_is_resumed() -> None:
    events = [
        pays("d", "2024-04-01", 100),
        pays("d", "2024-04-10", 100, 100, to_stage="paused"),
        pays("d", "2024-04-20", 100, 0),
    ]
    ledger = in_any_order(events, MRR)
    assert [start(ledger, "mrr", f"2024-04-{day}") for day in ("05", "15", "25")] == [100, 0, 100]
    assert moved(ledger) == {"new": 100, "churned": 100, "reactivated": 100}


def test_what_was_before_has_the_slices_of_then_until_a_plan_is_told() -> None:
    later = pays("d", "2024-04-10", 120, 150, plan="pro")
    ledger = in_any_order([pays("e", "2024-04-05", 0, plan="free"), later], MRR)
    slices = [("01", UNKNOWN), ("06", "free"), ("11", "pro")]
    assert [start(ledger, f"mrr|plan|{plan}", f"2024-04-{day}") for day, plan in slices] == [150, 150, 120]
    assert ledger.running["mrr|plan|unknown"] == ledger.running["mrr|plan|free"] == 0


# -- Movements --------------------------------------------------------------------------------------------


def test_movements_are_of_the_sum_of_a_subjects_keys_and_net_at_each_time() -> None:
    """One ends and another begins in the same millisecond: 500 for 600 is an expansion of 100."""
    ledger = in_any_order(
        [pays("old", "2024-04-01", 500), pays("old", "2024-04-10", 0, 500), pays("new", "2024-04-10", 600)],
        MRR,
    )
    assert moved(ledger) == {"new": 500, "expansion": 100}
    assert ledger.sum("expansion", "2024-04-10", "2024-04-11") == 100


def test_each_movement_lies_at_its_time_in_the_slice_of_that_time() -> None:
    events = [pays("d", "2024-04-01", 10, plan="free"), pays("d", "2024-04-02", 25, 10, plan="pro")]
    ledger = in_any_order([*events, pays("d", "2024-04-03", 5, 25)], MRR)
    assert ledger.sum("new|plan|free", "2024-04-01", "2024-04-02") == 10
    assert ledger.sum("expansion|plan|pro", "2024-04-02", "2024-04-03") == 15
    assert ledger.sum("contraction|plan|pro", "2024-04-03", "2024-04-04") == 20


def test_a_change_of_slice_alone_is_no_movement() -> None:
    events = [pays("d", "2024-04-01", 10, plan="free"), pays("d", "2024-04-02", 10, 10, plan="pro")]
    assert moved(in_any_order(events, MRR)) == {"new": 10}


# -- Levels while, by key, by value -----------------------------------------------------------------------

CONSENTS = with_measures(
    """\
    id: customer_id
    dimensions: [plan]
    keep: forever
    steps:
      said_a: {event: crm.deal.stage_changed, where: to_stage == 'a'}
      said_b: {event: crm.deal.stage_changed, where: to_stage == 'b'}
    transitions:
      consents:
        - {event: crm.deal.created, state: 1, key: channel}
        - {event: crm.deal.lost, state: 0, key: channel}
      membership:
        - {event: crm.customer.activated, state: 1}
        - {event: crm.customer.churned, state: 0}
    """,
    "web: {level: consents, key: web, while: membership}",
    "phone: {level: consents, key: phone, while: membership}",
    "any: {level: consents, value: 'min(now, 1)'}",
    "until_either: {level: consents, until: [said_a, said_b]}",
)


def test_of_several_keys_each_level_counts_its_own_while_the_subject_is_a_member() -> None:
    events = [
        deal_created("d", "2024-04-01", customer_id="c", channel="web"),
        customer_activated("c", "2024-04-02", plan="free"),
        customer_churned("c", "2024-04-04", plan="pro"),
        customer_activated("c", "2024-04-05"),
        deal_lost("d", "2024-04-06", customer_id="c", channel="web"),
    ]
    ledger = Ledger(CONSENTS).take(*events)
    assert [start(ledger, "web", f"2024-04-0{day}") for day in range(2, 8)] == [0, 1, 1, 0, 1, 0]
    assert ledger.sum("web|plan|free") == 0
    assert ledger.sum("web|plan|pro", "2024-04-05", "2024-04-06") == 1
    assert ledger.running["phone"] == ledger.sum("phone") == 0


@pytest.mark.parametrize(
    ("a", "b", "days"), [("04", "06", 2), ("06", "04", 2), ("01", "06", 0), ("09", "09", 7)]
)
def test_a_level_is_over_with_the_first_of_what_ends_it(a: str, b: str, days: int) -> None:
    events = [
        deal_created("d", "2024-04-02", customer_id="c", channel="web"),
        deal_stage_changed("d", f"2024-04-{a}", to_stage="a", customer_id="c"),
        deal_stage_changed("d", f"2024-04-{b}", to_stage="b", customer_id="c", plan="pro"),
    ]
    ledger = in_any_order(events, CONSENTS)
    assert sum(start(ledger, "until_either", f"2024-04-{day:02}") for day in range(1, 15)) == days
    assert ledger.running["until_either"] == 0


def test_a_value_makes_one_of_many() -> None:
    events = [deal_created(d, customer_id="c", channel=d) for d in ("web", "phone", "mail")]
    assert in_any_order(events, CONSENTS).running["any"] == 1


# -- Distinct ---------------------------------------------------------------------------------------------

ENGAGED = with_measures(
    """\
    id: customer_id
    dimensions: [plan]
    keep: forever
    steps:
      contact: {event: crm.lead.contacted}
    registers:
      last: {event: crm.lead.contacted, fields: [actor_kind]}
    transitions:
      membership:
        - {event: crm.customer.activated, state: 1}
        - {event: crm.customer.churned, state: 0}
    """,
    "engaged: {distinct: contact, while: membership}",
    "seen: {distinct: contact}",
    "by_people: {distinct: contact, when: last.actor_kind == 'human'}",
)
DAY_1, DAY_20 = (lead_contacted("l", f"2024-04-{day} 12:00", customer_id="c") for day in ("01", "20"))
MEMBER = customer_activated("c", "2024-03-01")


def engaged(events: Sequence[Event], since: str, name: str = "engaged") -> int:
    return in_any_order(events, ENGAGED).sum(name, since)


def test_a_subject_is_in_a_window_once_if_the_last_time_is() -> None:
    """Active on day 1 and day 20, seen on day 31: in the last 30 days, not in the last 7."""
    assert engaged([MEMBER, DAY_1, DAY_20], "2024-04-01") == 1
    assert engaged([MEMBER, DAY_1, DAY_20], "2024-04-24") == 0
    assert engaged([MEMBER, DAY_1], "2024-04-02") == 0


def test_who_is_no_member_now_does_not_count_and_does_again_on_return() -> None:
    left = customer_churned("c", "2024-04-22")
    assert engaged([DAY_1, DAY_20], "2024-04-01") == 0
    assert engaged([DAY_1, DAY_20], "2024-04-01", "seen") == 1
    assert engaged([MEMBER, DAY_20, left], "2024-04-01") == 0
    assert engaged([MEMBER, DAY_20, left, customer_activated("c", "2024-04-23")], "2024-04-01") == 1


def test_a_distinct_subject_is_in_the_slice_that_it_is_in_now() -> None:
    moved = customer_activated("c", "2024-04-25", plan="pro")
    ledger = in_any_order([customer_activated("c", "2024-03-01", plan="free"), DAY_20, moved], ENGAGED)
    assert ledger.sum("engaged|plan|pro", "2024-04-20", "2024-04-21") == ledger.sum("engaged") == 1
    assert ledger.sum("engaged|plan|free") == 0


def test_a_condition_is_asked_of_what_is_known_now() -> None:
    bot = lead_contacted("l", "2024-04-21", customer_id="c", actor_kind="bot")
    assert engaged([DAY_1, DAY_20], "2024-04-01", "by_people") == 1
    assert engaged([DAY_1, DAY_20, bot], "2024-04-01", "by_people") == 0


@pytest.mark.parametrize(("name", "only_now"), [("engaged", True), ("seen", True)])
def test_a_distinct_measure_says_that_it_knows_windows_that_end_now_only(name: str, only_now: bool) -> None:
    assert ENGAGED.measures[name].only_now is only_now
    assert not MRR.measures["mrr"].only_now


def test_what_is_said_about_someone_else_changes_nothing() -> None:
    assert Ledger(ENGAGED).take(lead_created("l", customer_id="c")).encoded == {}
