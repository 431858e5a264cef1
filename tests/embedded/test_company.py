"""What a simulated company's customers, users and machines do, family by family."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from streams.embedded.traffic import Traffic, simulate

DAY_MS = 86_400_000
START_MS = int(datetime(2025, 1, 15, 9, 30, tzinfo=UTC).timestamp()) * 1000
DAYS = 150

Data = dict[str, Any]
Timed = tuple[int, Data]


@pytest.fixture(scope="module")
def told() -> dict[str, list[Timed]]:
    """`(time_ms, data)` by type, of five months of a middling company."""
    by_type: dict[str, list[Timed]] = defaultdict(list)
    for time_ms, event in simulate(Traffic(seed=11, events_per_day=500), START_MS, START_MS + DAYS * DAY_MS):
        by_type[event["type"]].append((time_ms, event["data"]))
    return by_type


def by(events: list[Timed], field: str) -> dict[str, list[Timed]]:
    found: dict[str, list[Timed]] = defaultdict(list)
    for time_ms, data in events:
        found[data[field]].append((time_ms, data))
    return found


def data_of(events: list[Timed]) -> Iterator[Data]:
    return (data for _, data in events)


def share(events: list[Timed], field: str, value: Any = True) -> float:
    matching: int = sum(data.get(field) == value for data in data_of(events))
    return matching / len(events)


# -- Money ------------------------------------------------------------------------------------------------


def test_refunds_follow_their_order_and_are_never_more_than_it(told: dict[str, list[Timed]]) -> None:
    paid = by(told["crm.order.paid"], "order_id")
    refunds = by(told["crm.refund.issued"], "order_id")
    for order_id, given in refunds.items():
        assert given[0][0] > paid[order_id][0][0]
        assert sum(data["amount_minor"] for data in data_of(given)) <= paid[order_id][-1][1]["amount_minor"]
    assert any(len(given) > 1 for given in refunds.values())
    assert {"refund_id" in data for data in data_of(told["crm.refund.issued"])} == {True, False}


def test_most_orders_know_what_the_goods_cost_and_some_are_corrected(told: dict[str, list[Timed]]) -> None:
    orders = [list(data_of(order)) for order in by(told["crm.order.paid"], "order_id").values()]
    known = sum("cost_of_goods_minor" in order[0] for order in orders) / len(orders)
    assert 0.75 < known < 0.95
    assert any([data.get("revision") for data in order] == [None, 1] for order in orders)


def test_a_subscription_goes_on_where_it_stood(told: dict[str, list[Timed]]) -> None:
    lives = by(told["crm.subscription.changed"], "subscription_id").values()
    for life in lives:
        steps = list(data_of(life))
        assert (steps[0]["change"], steps[0]["mrr_before_minor"]) == ("started", 0)
        assert all(one["mrr_after_minor"] == next["mrr_before_minor"] for one, next in pairwise(steps))
        assert all(step["change"] != "ended" or step["mrr_after_minor"] == 0 for step in steps)
        assert all(one["change"] != "ended" for one in steps[:-1])
    changes = {step["change"] for life in lives for step in data_of(life)}
    assert changes == {"started", "expanded", "contracted", "paused", "resumed", "ended"}


def test_some_swap_one_subscription_for_another_in_the_same_instant(told: dict[str, list[Timed]]) -> None:
    ends = {
        (time_ms, data["customer_id"])
        for time_ms, data in told["crm.subscription.changed"]
        if data["change"] == "ended"
    }
    starts = {
        (time_ms, data["customer_id"])
        for time_ms, data in told["crm.subscription.changed"]
        if data["change"] == "started"
    }
    assert ends & starts


def test_who_churns_has_no_subscription_left(told: dict[str, list[Timed]]) -> None:
    churned = {data["customer_id"]: time_ms for time_ms, data in told["crm.customer.churned"]}
    live: dict[str, int] = defaultdict(int)
    for time_ms, data in told["crm.subscription.changed"]:
        if time_ms <= churned.get(data["customer_id"], 0):
            live[data["customer_id"]] += {"started": 1, "ended": -1}.get(data["change"], 0)
    assert live and not any(live.values())


def test_benefits_are_measured_attributed_and_estimated_each_month(told: dict[str, list[Timed]]) -> None:
    methods = [data["method"] for data in data_of(told["crm.benefit.recorded"])]
    assert len(methods) >= 12 and set(methods) == {"measured", "attributed", "estimated"}


# -- Customers --------------------------------------------------------------------------------------------


def test_people_talk_meaningfully_and_machines_seldom(told: dict[str, list[Timed]]) -> None:
    by_actor = by(told["crm.interaction.logged"], "actor_kind")
    assert share(by_actor["human"], "meaningful") > 0.7
    assert share(by_actor["bot"], "meaningful") < 0.2 > share(by_actor["sequence"], "meaningful")


def test_some_who_talk_are_no_customers(told: dict[str, list[Timed]]) -> None:
    customers = {data["customer_id"] for data in data_of(told["crm.customer.activated"])}
    talked = {data["customer_id"] for data in data_of(told["crm.interaction.logged"])}
    assert talked & customers and talked - customers


def test_a_reference_is_asked_for_before_it_is_agreed_fulfilled_or_withdrawn(
    told: dict[str, list[Timed]],
) -> None:
    states = [
        [data["state"] for data in data_of(life)]
        for life in by(told["crm.reference.changed"], "customer_id").values()
    ]
    assert all(life[0] == "requested" for life in states)
    assert {life[-1] for life in states} == {"requested", "agreed", "declined", "fulfilled", "withdrawn"}


def test_a_referral_names_the_referrer_of_its_lead(told: dict[str, list[Timed]]) -> None:
    referrer = {
        data["lead_id"]: data.get("referrer_customer_id") for data in data_of(told["crm.lead.created"])
    }
    assert told["crm.referral.made"]
    for data in data_of(told["crm.referral.made"]):
        assert data["customer_id"] == referrer[data["lead_id"]]


def test_consent_is_asked_for_each_purpose_and_some_change_their_mind(told: dict[str, list[Timed]]) -> None:
    answers = defaultdict(list)
    for data in data_of(told["crm.consent.changed"]):
        answers[data["customer_id"], data["purpose"]].append(data["granted"])
    assert {purpose for _, purpose in answers} == {"marketing", "analytics", "profiling"}
    assert {True, False} in map(set, answers.values())


def test_erasures_are_in_time_late_or_never_done(told: dict[str, list[Timed]]) -> None:
    asked = by(told["crm.erasure.requested"], "request_id")
    took_days = [
        (time_ms - asked[data["request_id"]][0][0]) / DAY_MS
        for time_ms, data in told["crm.erasure.completed"]
    ]
    assert min(took_days) < 5 and max(took_days) > 30
    assert len(took_days) < len(asked)
    assert {"due_at" in data for data in data_of(told["crm.erasure.requested"])} == {True, False}


def test_who_was_erased_is_not_heard_of_as_a_customer_again(told: dict[str, list[Timed]]) -> None:
    erased = {data["customer_id"]: time_ms for time_ms, data in told["crm.customer.erased"]}
    churned = {data["customer_id"] for data in data_of(told["crm.customer.churned"])}
    assert erased.keys() & churned
    for time_ms, data in told["crm.customer.activated"]:
        assert time_ms < erased.get(data["customer_id"], time_ms + 1)


def test_a_removed_record_was_made_before(told: dict[str, list[Timed]]) -> None:
    made = {
        data[f"{entity}_id"]: time_ms
        for entity, type_ in (
            ("lead", "crm.lead.created"),
            ("deal", "crm.deal.created"),
            ("ticket", "crm.ticket.created"),
            ("order", "crm.order.paid"),
        )
        for time_ms, data in told[type_]
    }
    for time_ms, data in told["crm.record.removed"]:
        assert time_ms > made[data["id"]]
    assert len({data["entity"] for data in data_of(told["crm.record.removed"])}) == 4


# -- Campaigns --------------------------------------------------------------------------------------------


def test_clicks_come_from_people_once_or_twice_and_from_machines(told: dict[str, list[Timed]]) -> None:
    touches = defaultdict(list)
    for data in data_of(told["crm.campaign.touched"]):
        touches[data["campaign_id"], data["recipient_ref"]].append((data["touch"], data.get("machine")))
    assert any(life.count(("clicked", False)) > 1 for life in touches.values())
    assert any(("clicked", True) in life and ("clicked", False) not in life for life in touches.values())
    assert {touch for life in touches.values() for touch, _ in life} == {
        *("delivered", "opened", "clicked", "unsubscribed", "complained", "bounced")
    }


def test_a_campaigns_conversions_are_fewer_than_its_deliveries(told: dict[str, list[Timed]]) -> None:
    delivered = [touch for touch in told["crm.campaign.touched"] if touch[1]["touch"] == "delivered"]
    conversions = by(told["crm.campaign.converted"], "conversion_id")
    assert 0 < len(conversions) < 0.1 * len(delivered)
    assert any(life[-1][1].get("revision") == 1 for life in conversions.values())


# -- The company's own users and machines -----------------------------------------------------------------


def test_users_act_while_they_are_licensed(told: dict[str, list[Timed]]) -> None:
    licences = by(told["crm.user.licensed"], "user_id")
    for time_ms, data in told["crm.user.acted"]:
        (since_ms, licence), *rest = licences[data["user_id"]]
        assert licence["active"] and since_ms < time_ms
        assert all(not data["active"] and time_ms < until_ms for until_ms, data in rest)
    assert any(len(life) == 2 for life in licences.values())


def test_most_users_do_meaningful_work_and_some_only_log_in(told: dict[str, list[Timed]]) -> None:
    acts = by(told["crm.user.acted"], "user_id").values()
    only_login = sum(share(life, "action", "login") == 1 for life in acts)
    assert 0 < only_login < 0.4 * len(acts)


def test_most_trainings_are_completed_some_after_a_failure(told: dict[str, list[Timed]]) -> None:
    states = defaultdict(list)
    for data in data_of(told["crm.training.changed"]):
        states[data["user_id"], data["course_id"]].append(data["state"])
    assert all(life[0] == "assigned" for life in states.values())
    completed = sum(life[-1] == "completed" for life in states.values()) / len(states)
    assert 0.6 < completed < 0.95
    assert ["assigned", "failed", "completed"] in states.values()


def test_some_incidents_overlap_some_stay_open_and_some_are_maintenance(told: dict[str, list[Timed]]) -> None:
    resolved = {data["incident_id"]: time_ms for time_ms, data in told["crm.incident.resolved"]}
    opened = told["crm.incident.opened"]
    spans = defaultdict(list)
    for time_ms, data in opened:
        spans[data["component"]].append((time_ms, resolved.get(data["incident_id"], time_ms + DAYS * DAY_MS)))
    assert any(one[1] > next[0] for life in spans.values() for one, next in pairwise(life))
    assert any(data["incident_id"] not in resolved for data in data_of(opened))
    assert {data.get("impact") for data in data_of(opened)} == {"full", "partial", "maintenance", None}


def test_few_requests_fail_and_most_records_are_good(told: dict[str, list[Timed]]) -> None:
    assert 0.001 < share(told["crm.request.sampled"], "ok", False) < 0.03
    assert min(data["duration_ms"] for data in data_of(told["crm.request.sampled"])) >= 0
    good = [data["complete"] and data["valid"] for data in data_of(told["crm.record.checked"])]
    assert 0.75 < sum(good) / len(good) < 0.95
    assert 0 < share(told["crm.record.checked"], "duplicate") < 0.1


def test_some_tasks_are_automated(told: dict[str, list[Timed]]) -> None:
    assert 0.3 < share(told["crm.task.completed"], "automated") < 0.8


def test_users_work_on_weekdays(told: dict[str, list[Timed]]) -> None:
    weekend = [
        datetime.fromtimestamp(time_ms / 1000, UTC).weekday() > 4 for time_ms, _ in told["crm.user.acted"]
    ]
    assert sum(weekend) / len(weekend) < 0.1
