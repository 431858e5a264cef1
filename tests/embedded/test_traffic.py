"""The simulated company keeps the event contract, and its people behave believably."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any

import msgspec
import pytest

from schemas.events import EVENT_TYPES, Envelope, partition_key
from streams.embedded.traffic import Traffic, encode, simulate, spread

DAY_MS = 86_400_000
HOUR_MS = DAY_MS // 24
START_MS = int(datetime(2025, 1, 15, 9, 30, tzinfo=UTC).timestamp()) * 1000
DAYS = 60

Timed = tuple[int, dict[str, Any]]

DIMENSIONS = {"channel", "product_id", "segment", "region", "plan", "team", "campaign_id"}


@pytest.fixture(scope="module")
def company() -> list[Timed]:
    """Sixty days of a middling company."""
    return list(simulate(Traffic(seed=7, events_per_day=500), START_MS, START_MS + DAYS * DAY_MS))


@pytest.fixture(scope="module")
def histories(company: list[Timed]) -> dict[str, list[Timed]]:
    """The events of each lead, order, user, answer, .. : by its kind and id."""
    by_id: dict[str, list[Timed]] = defaultdict(list)
    for time_ms, event in company:
        kind, data = event["type"].split(".")[1], event["data"]
        own_id = data[EVENT_TYPES[event["type"]].OWN_ID]
        by_id[f"{kind} {own_id} {data.get('course_id', '')}"].append((time_ms, event))
    return by_id


def of_type(company: list[Timed], name: str) -> Iterator[dict[str, Any]]:
    return (event["data"] for _, event in company if event["type"] == name)


def steps(history: list[Timed]) -> list[str]:
    return [event["type"].rpartition(".")[2] for _, event in history]


def histories_of(histories: dict[str, list[Timed]], kind: str) -> list[list[Timed]]:
    return [history for name, history in histories.items() if name.startswith(f"{kind} ")]


# -- The contract -----------------------------------------------------------------------------------------


def test_every_declared_type_occurs_within_sixty_days(company: list[Timed]) -> None:
    assert {event["type"] for _, event in company} == set(EVENT_TYPES)


def test_every_event_is_valid_by_the_published_models(company: list[Timed]) -> None:
    for _, event in company:
        EVENT_TYPES[event["type"]].model_validate_json(msgspec.json.encode(event["data"]))
    for _, event in company[::20]:
        Envelope.model_validate_json(encode(event))


def test_no_event_has_a_field_that_is_not_declared(company: list[Timed]) -> None:
    for _, event in company:
        assert set(event["data"]) <= set(EVENT_TYPES[event["type"]].model_fields) | DIMENSIONS, event


def test_every_kind_of_survey_churn_contact_and_currency_occurs(company: list[Timed]) -> None:
    data = [event["data"] for _, event in company]
    seen = {
        field: {d[field] for d in data if field in d} for field in ("churn_kind", "actor_kind", "currency")
    }
    assert seen["churn_kind"] == {"voluntary", "involuntary", "unknown"}
    assert seen["actor_kind"] == {"human", "bot", "sequence"}
    assert seen["currency"] == {"USD", "EUR", "GBP"}
    scales = {(d["kind"], d["scale_min"], d["scale_max"]) for d in data if "score" in d}
    assert scales == {("nps", 0, 10), ("csat", 1, 5), ("csat", 1, 10), ("ces", 1, 7)}


def test_most_money_is_in_dollars(company: list[Timed]) -> None:
    currencies = Counter(data["currency"] for data in of_type(company, "crm.deal.won"))
    assert currencies["USD"] > currencies.total() / 2


def test_ids_of_events_are_unique(company: list[Timed]) -> None:
    assert len({(event["source"], event["id"]) for _, event in company}) == len(company)


def test_the_key_is_that_of_the_contract(company: list[Timed]) -> None:
    for _, event in company:
        assert event["partitionkey"] == partition_key(event["type"], event["data"])


def test_one_subject_keeps_one_key(histories: dict[str, list[Timed]]) -> None:
    for history in histories.values():
        assert len({event["partitionkey"] for _, event in history}) == 1


def test_both_events_of_a_survey_name_the_same_customer_or_none(company: list[Timed]) -> None:
    asked = {data["invitation_id"]: data.get("customer_id") for data in of_type(company, "crm.survey.sent")}
    assert None in asked.values()
    for data in of_type(company, "crm.survey.answered"):
        assert data.get("customer_id") == asked[data["invitation_id"]]


def test_a_line_is_compact_json_with_milliseconds_and_zone() -> None:
    time_ms, event = next(simulate(Traffic(), START_MS))
    line = encode(event)
    assert b"\n" not in line and b": " not in line
    assert msgspec.json.decode(line) == event
    assert len(event["time"]) == len("2025-01-15T09:30:00.000Z") and event["time"].endswith("Z")
    assert round(datetime.fromisoformat(event["time"]).timestamp() * 1000) == time_ms


# -- Time and chance --------------------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_and_another_seed_another() -> None:
    first, again, other = (list(islice(simulate(Traffic(seed=seed), START_MS), 2_000)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_end_only_cuts_off() -> None:
    until = list(simulate(Traffic(events_per_day=300), START_MS, START_MS + 3 * DAY_MS))
    endless = simulate(Traffic(events_per_day=300), START_MS)
    assert until == list(islice(endless, len(until)))
    assert next(endless)[0] >= START_MS + 3 * DAY_MS


def test_events_come_in_order_of_time_from_the_start_on(company: list[Timed]) -> None:
    times = [time_ms for time_ms, _ in company]
    assert times == sorted(times)
    assert times[0] >= START_MS and times[-1] < START_MS + DAYS * DAY_MS


def test_what_follows_on_a_subject_is_later_than_what_it_follows(histories: dict[str, list[Timed]]) -> None:
    for history in histories.values():
        assert all(before < after for (before, _), (after, _) in pairwise(history))


def test_the_prefix_keeps_two_companies_apart() -> None:
    one, two = (
        {event["partitionkey"] for _, event in islice(simulate(Traffic(prefix=prefix), START_MS), 500)}
        for prefix in ("a", "b")
    )
    assert not one & two


def test_noon_is_busier_than_three_at_night_and_tuesday_than_sunday(company: list[Timed]) -> None:
    starts = [
        time_ms for time_ms, event in company if event["type"] in ("crm.lead.created", "crm.ticket.created")
    ]
    hours = Counter(time_ms % DAY_MS // HOUR_MS for time_ms in starts)
    weekdays = Counter(datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%a") for time_ms in starts)
    assert hours[12] > 5 * hours[3]
    assert weekdays["Tue"] > 1.3 * weekdays["Sun"]


def test_the_rate_is_about_the_one_asked_for(company: list[Timed]) -> None:
    last_month = [time_ms for time_ms, _ in company if time_ms >= START_MS + (DAYS - 28) * DAY_MS]
    assert len(last_month) / 28 == pytest.approx(500, rel=0.15)


# -- Behaviour --------------------------------------------------------------------------------------------


def test_customers_are_there_within_the_first_day(company: list[Timed]) -> None:
    first_day = [event for time_ms, event in company if time_ms < START_MS + DAY_MS]
    assert sum(event["type"] == "crm.customer.activated" for event in first_day) >= 400


def human_answers(histories: dict[str, list[Timed]]) -> list[int | None]:
    """Milliseconds until a human contacted each inbound lead of the first month."""
    answers: list[int | None] = []
    for (created_ms, created), *rest in histories_of(histories, "lead"):
        if created["data"]["origin"] != "outbound" and created_ms < START_MS + 30 * DAY_MS:
            contacts = (
                time_ms - created_ms
                for time_ms, event in rest
                if (event["data"].get("actor_kind"), event["data"].get("direction")) == ("human", "outbound")
            )
            answers.append(next(contacts, None))
    return answers


def test_many_leads_are_answered_within_the_hour_some_later_and_some_never(
    histories: dict[str, list[Timed]],
) -> None:
    answers = human_answers(histories)
    never = answers.count(None) / len(answers)
    within_the_hour = sum(answer is not None and answer <= HOUR_MS for answer in answers) / len(answers)
    assert 0.08 < never < 0.30
    assert 0.25 < within_the_hour < 0.70


def test_a_customer_keeps_the_id_of_the_first_touch(company: list[Timed]) -> None:
    leads = {data["customer_id"] for data in of_type(company, "crm.lead.created")}
    won = {data["customer_id"] for data in of_type(company, "crm.deal.won") if data["is_new_customer"]}
    assert won and won <= leads


def test_new_deals_are_won_after_weeks(histories: dict[str, list[Timed]]) -> None:
    cycles = sorted(
        history[-1][0] - history[0][0]
        for history in histories_of(histories, "deal")
        if steps(history)[-1] == "won"
    )
    assert 10 * DAY_MS < cycles[len(cycles) // 2] < 45 * DAY_MS


def test_some_lost_deals_are_reopened_and_won(histories: dict[str, list[Timed]]) -> None:
    deals = [steps(history) for history in histories_of(histories, "deal")]
    assert any("lost" in deal and deal[-1] == "won" for deal in deals)
    assert any(deal[-1] == "lost" for deal in deals)
    assert any(deal[-1] not in ("won", "lost") for deal in deals)


def test_some_customers_churn_and_some_of_them_return(histories: dict[str, list[Timed]]) -> None:
    lives = [steps(history) for history in histories_of(histories, "customer")]
    assert any(life[-1] == "churned" for life in lives)
    assert any(life[-2:] == ["churned", "activated"] for life in lives)


def test_a_plan_change_shows_in_another_activation(histories: dict[str, list[Timed]]) -> None:
    plans = [
        {event["data"]["plan"] for _, event in history}
        for history in histories_of(histories, "customer")
        if set(steps(history)) == {"activated"}
    ]
    assert any(len(seen) > 1 for seen in plans)


def test_some_costs_are_restated_with_a_revision(histories: dict[str, list[Timed]]) -> None:
    costs = [[event["data"] for _, event in history] for history in histories_of(histories, "cost")]
    assert {cost[0]["category"] for cost in costs} == {
        *("marketing", "sales", "crm_software", "crm_people", "training", "other")
    }
    starts = {cost[0].get("period_start") for cost in costs}
    assert starts == {None, "2025-01-01", "2025-02-01", "2025-03-01"}
    ends = {cost[0].get("period_end") for cost in costs}
    assert ends == {None, "2025-01-31", "2025-02-28", "2025-03-31"}
    assert any("campaign_id" in cost[0] for cost in costs)
    assert any([data.get("revision") for data in cost] == [None, 1] for cost in costs)


def test_tickets_are_resolved_reopened_resolved_again_or_never(histories: dict[str, list[Timed]]) -> None:
    tickets = [
        steps(history)
        for history in histories_of(histories, "ticket")
        if history[0][0] < START_MS + 40 * DAY_MS
    ]
    ends = [[step for step in ticket if step in ("resolved", "reopened")] for ticket in tickets]
    resolved = sum(end == ["resolved"] for end in ends) / len(ends)
    assert resolved > 0.7
    assert ends.count(["resolved", "reopened", "resolved"]) > 5
    assert ["resolved", "reopened"] in ends and [] in ends


def test_tickets_have_notes_bots_and_customers_beside_public_human_replies(company: list[Timed]) -> None:
    replies = Counter(
        (data["author_role"], data["actor_kind"], data["public"])
        for data in of_type(company, "crm.ticket.replied")
    )
    assert set(replies) == {
        ("agent", "human", True),
        ("agent", "human", False),
        ("agent", "bot", True),
        ("customer", "human", True),
    }


def test_surveys_go_unanswered_and_some_answers_are_corrected(
    company: list[Timed], histories: dict[str, list[Timed]]
) -> None:
    sent = {data["invitation_id"] for data in of_type(company, "crm.survey.sent")}
    answered = {data["invitation_id"] for data in of_type(company, "crm.survey.answered")}
    assert answered < sent
    answers = [[event["data"] for _, event in history] for history in histories_of(histories, "survey")]
    corrected = [answer for answer in answers if len(answer) == 2]
    assert corrected
    for before, after in corrected:
        assert after["revision"] == 1 and after["score"] != before["score"]


# -- Exactly so many --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("events", "days"), [(0, 30), (1, 30), (40, 90), (3_000, 90), (5_000, 1)])
def test_spread_tells_exactly_so_many_in_order_and_none_later_than_until(events: int, days: int) -> None:
    until_ms = START_MS + 123
    told = list(spread(3, events, until_ms, days))
    times = [time_ms for time_ms, _ in told]
    assert len(told) == len({(event["source"], event["id"]) for _, event in told}) == events
    assert times == sorted(times)
    assert all(until_ms - days * DAY_MS <= time_ms <= until_ms for time_ms in times)


def test_spread_fills_its_days_up_to_the_last_one() -> None:
    days = Counter((START_MS - time_ms) // DAY_MS for time_ms, _ in spread(3, 3_000, START_MS, 30))
    assert set(days) >= set(range(30))


def test_spread_is_the_same_for_the_same_seed() -> None:
    assert list(spread(3, 800, START_MS, 30)) == list(spread(3, 800, START_MS, 30))
