"""Stripe's events: what becomes of each, to the last minor unit, and of those that nobody should send."""

import json
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from schemas.intake import Stripe
from streams.intake.drafts import Draft, Mapped
from streams.intake.minor_units import minor_of_stripe
from streams.intake.recurring import monthly
from streams.intake.stripe import mapped
from tests.builders import CATALOG, Ledger, days, in_any_order, ms, plan_of
from tests.intake.fuzz import ANY_JSON, bounded, judged, mutated
from tests.pages import DOCS, block, merged

SHIPPED = Stripe()
T = ms("2024-04-15 10:00") // 1000
"""Seconds, as Stripe has them."""

DELETED = json.loads("""
{"id": "evt_1", "object": "event", "api_version": "2022-08-01", "created": 1689191333, "livemode": true,
 "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
 "type": "customer.subscription.deleted", "data": {"object": {"id": "sub_1", "object": "subscription",
 "customer": "cus_1", "status": "canceled", "created": 1689191332, "start_date": 1689191332,
 "cancel_at_period_end": false, "canceled_at": 1690000000, "ended_at": 1690000000,
 "cancellation_details": {"comment": null, "feedback": "too_expensive", "reason": "cancellation_requested"},
 "currency": "usd", "items": {"object": "list", "data": [{"id": "si_1", "quantity": 1, "price":
 {"id": "price_1", "product": "prod_1", "unit_amount": 7000, "currency": "usd",
 "recurring": {"interval": "year", "interval_count": 1}}}]}}, "previous_attributes": {}}}
""")
"""As Stripe documents it."""


def event(
    type_: str,
    object_: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    *,
    at: int = T,
    **more: Any,
) -> dict[str, Any]:
    data = {"object": object_, **({} if before is None else {"previous_attributes": before})}
    known = {"id": f"evt_{type_}_{at}", "object": "event", "created": at, "livemode": True, "type": type_}
    return {**known, "data": data, **more}


def item(amount: Any = 1000, every: str = "month", *, quantity: Any = 1, count: int = 1, **price: Any) -> Any:
    known = {"id": "price_1", "unit_amount": amount, "product": "prod_1"}
    recurring = {"interval": every, "interval_count": count, "usage_type": "licensed"}
    return {"id": "si_1", "quantity": quantity, "price": {**known, "recurring": recurring, **price}}


def items(*each: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(each), "has_more": False}


def subscription(*each: Any, **more: Any) -> dict[str, Any]:
    known = {"id": "sub_1", "customer": "cus_1", "status": "active", "currency": "usd"}
    return {**known, "items": items(*(each or (item(),))), **more}


def created(*each: Any, at: int = T, **more: Any) -> dict[str, Any]:
    return event("customer.subscription.created", subscription(*each, **more), at=at)


def updated(before: Mapping[str, Any], *each: Any, at: int = T, **more: Any) -> dict[str, Any]:
    return event("customer.subscription.updated", subscription(*each, **more), before, at=at)


def deleted(*each: Any, at: int = T, **more: Any) -> dict[str, Any]:
    ended = {"status": "canceled", "ended_at": at, "canceled_at": at, **more}
    return event("customer.subscription.deleted", subscription(*each, **ended), at=at)


def told(**sections: Any) -> Stripe:
    return Stripe.model_validate(sections)


def made(payload: object, mapping: Stripe = SHIPPED) -> list[Draft]:
    """The drafts of a payload in which all can be read."""
    found = mapped(payload, mapping)
    assert not found.faults
    assert {reject.reason for reject in judged(found.drafts)} <= {"unknown_currency"}
    return found.drafts


def only(payload: object, mapping: Stripe = SHIPPED) -> Mapping[str, Any]:
    (draft,) = made(payload, mapping)
    return draft.data


def moved(payload: object, mapping: Stripe = SHIPPED) -> tuple[str, int, int]:
    """(change, before, after)."""
    data = only(payload, mapping)
    return data["change"], data["mrr_before_minor"], data["mrr_after_minor"]


def ignored(payload: object, mapping: Stripe = SHIPPED) -> Counter[str]:
    """What is counted of an event that says nothing."""
    found = mapped(payload, mapping)
    assert found == Mapped(ignored=found.ignored)
    return found.ignored


# -- What a subscription was and is -----------------------------------------------------------------------


def test_the_documented_deletion_ends_the_subscription() -> None:
    (ended,) = made(DELETED)
    assert ended == (
        "/stripe",
        "evt_1",
        "crm.subscription.changed",
        "2023-07-22T04:26:40.002Z",
        {
            "subscription_id": "stripe:sub_1",
            "customer_id": "stripe:cus_1",
            "mrr_before_minor": 583,
            "mrr_after_minor": 0,
            "currency": "USD",
            "change": "ended",
            "churn_kind": "voluntary",
        },
    )


def test_a_subscription_starts_with_what_it_brings_a_month() -> None:
    assert moved(created(item(2500, quantity=3))) == ("started", 0, 7500)
    assert moved(created(item(0))) == ("started", 0, 0)  # a free plan is a subscription


@pytest.mark.parametrize("status", ["trialing", "incomplete", "incomplete_expired", "unpaid", "paused"])
def test_one_that_brings_nothing_yet_has_not_started(status: str) -> None:
    assert ignored(created(status=status)) == {"customer.subscription.created": 1}


def test_what_changed_is_compared_with_what_it_was() -> None:
    one, three = item(1000), item(1000, quantity=3)
    assert moved(updated({"items": {"data": [one]}, "quantity": 1}, three)) == ("expanded", 1000, 3000)
    assert moved(updated({"items": {"data": [three]}}, one)) == ("contracted", 3000, 1000)
    assert moved(updated({"items": {"data": [item(12_000, "year")]}}, item(1500))) == ("expanded", 1000, 1500)
    assert moved(updated({"items": {"data": [one, one]}}, one)) == ("contracted", 2000, 1000)


@pytest.mark.parametrize("before", [{}, {"metadata": {"note": "x"}}, {"latest_invoice": "in_1"}])
def test_an_update_that_does_not_change_the_money_is_ignored(before: dict[str, Any]) -> None:
    assert ignored(updated(before)) == {"customer.subscription.updated": 1}
    same = {"items": {"data": [item(12_000, "year")]}}
    assert ignored(updated(same, item(1000))) == {"customer.subscription.updated": 1}


STATUSES: list[tuple[str, str, tuple[str, int, int] | None]] = [
    ("trialing", "active", ("started", 0, 1000)),
    ("incomplete", "active", ("started", 0, 1000)),
    ("incomplete", "incomplete_expired", None),
    ("active", "past_due", None),
    ("past_due", "active", None),
    ("past_due", "unpaid", ("paused", 1000, 0)),
    ("unpaid", "active", ("resumed", 0, 1000)),
    ("trialing", "paused", None),
    ("paused", "active", ("resumed", 0, 1000)),
    ("active", "canceled", ("ended", 1000, 0)),
    ("unpaid", "canceled", None),
    ("ACTIVE", "Unpaid", ("paused", 1000, 0)),
]


@pytest.mark.parametrize(("was", "status", "expected"), STATUSES)
def test_a_status_starts_pauses_resumes_and_ends(
    was: str, status: str, expected: tuple[str, int, int] | None
) -> None:
    payload = updated({"status": was}, status=status)
    assert moved(payload) == expected if expected else ignored(payload)


def test_which_statuses_count_is_told_by_the_mapping() -> None:
    mapping = told(subscription={"live": ["trialing", "active"]})
    assert moved(created(status="trialing"), mapping) == ("started", 0, 1000)
    assert moved(updated({"status": "active"}, status="past_due"), mapping) == ("paused", 1000, 0)


def test_collection_that_is_paused_pauses_the_subscription_as_the_mapping_says() -> None:
    void, draft = ({"behavior": behavior, "resumes_at": None} for behavior in ("void", "keep_as_draft"))
    assert moved(updated({"pause_collection": None}, pause_collection=void)) == ("paused", 1000, 0)
    assert moved(updated({"pause_collection": void}, pause_collection=None)) == ("resumed", 0, 1000)
    assert ignored(updated({"pause_collection": None}, pause_collection=draft))
    assert moved(updated({"pause_collection": {"behavior": "void"}}, pause_collection=draft))[0] == "resumed"
    assert ignored(updated({"pause_collection": {"resumes_at": T}}, pause_collection=void))


def test_pausing_and_resuming_have_events_of_their_own() -> None:
    paused = event("customer.subscription.paused", subscription(status="paused"))
    assert ignored(paused) == {"customer.subscription.paused": 1}  # after a trial, it had brought nothing
    known = event("customer.subscription.paused", subscription(status="paused"), {"status": "active"})
    assert moved(known) == ("paused", 1000, 0)
    assert moved(event("customer.subscription.resumed", subscription())) == ("resumed", 0, 1000)


def test_who_leaves_during_the_trial_takes_nothing_along() -> None:
    assert moved(deleted(trial_end=T)) == ("ended", 0, 0)
    assert moved(deleted(trial_end=T - 1)) == ("ended", 1000, 0)
    assert moved(deleted(status="incomplete_expired")) == ("ended", 0, 0)  # the first payment never came


def test_the_date_of_the_end_is_that_of_the_service_or_of_the_request() -> None:
    payload = deleted(at=T, canceled_at=T - 86_400)
    assert [draft.time for draft in made(payload)] == ["2024-04-15T10:00:00.002Z"]
    by_request = made(payload, told(subscription={"ends_at": "canceled_at"}))
    assert [draft.time for draft in by_request] == ["2024-04-14T10:00:00.002Z", "2024-04-15T10:00:00.002Z"]
    assert [draft.id for draft in by_request] == [payload["id"], f"{payload['id']}/1"]


KINDS = [
    (deleted(cancellation_details={"reason": "payment_failed"}), "involuntary"),
    (deleted(cancellation_details={"reason": "payment_disputed"}), "involuntary"),
    (deleted(cancellation_details={"reason": "cancellation_requested"}), "voluntary"),
    (deleted(cancellation_details={"reason": ["x"]}), "unknown"),
    (deleted(), "unknown"),
    (updated({"status": "active"}, status="unpaid"), "involuntary"),
    (updated({"status": "trialing"}), None),
]


@pytest.mark.parametrize(("payload", "kind"), KINDS)
def test_who_leaves_is_told_to_have_left_or_to_have_failed_to_pay(payload: Any, kind: str | None) -> None:
    assert only(payload).get("churn_kind") == kind


# -- The arithmetic ---------------------------------------------------------------------------------------

MONTHLY: list[tuple[Any, int]] = [
    (item(7000, "year"), 583),
    (item(1000, "month", count=3), 333),
    (item(1000, "week"), 4345),  # 365 / 7 / 12 weeks a month
    (item(100, "day"), 3042),  # 365 / 12 days a month
    (item(30, "year"), 2),  # 2.5: half to even
    (item(42, "year"), 4),  # 3.5
    (item(None, unit_amount_decimal="0.5", quantity=3), 2),  # 1.5
    (item(1, unit_amount_decimal="1.25", quantity=1000), 1250),
    (item(1000, quantity=0), 0),
    (item(1000, quantity=None), 1000),
    (item("1000", quantity="2"), 2000),
    (item(500, quantity=21, transform_quantity={"divide_by": 10, "round": "up"}), 1500),
    (item(500, quantity=21, transform_quantity={"divide_by": 10, "round": "down"}), 1000),
    ({"plan": {"amount": 1200, "interval": "year", "interval_count": 1}, "quantity": 5}, 500),
]


@pytest.mark.parametrize(("subscribed", "expected"), MONTHLY)
def test_an_item_brings_its_price_times_its_quantity_a_month(subscribed: Any, expected: int) -> None:
    assert moved(created(subscribed)) == ("started", 0, expected)


def test_the_sum_is_rounded_once() -> None:
    assert moved(created(*[item(4, "year")] * 3)) == ("started", 0, 1)  # 3 * 1/3


LEFT_OUT = [
    (item(None, billing_scheme="tiered", tiers_mode="graduated"), "price.without_amount"),
    (item(1000, recurring={"interval": "month", "usage_type": "metered"}), "price.metered"),
]


@pytest.mark.parametrize(("subscribed", "name"), LEFT_OUT)
def test_what_has_no_fixed_amount_counts_nothing_and_is_reported(subscribed: Any, name: str) -> None:
    found = mapped(created(item(1000), subscribed), SHIPPED)
    assert found.drafts[0].data["mrr_after_minor"] == 1000
    assert found.ignored == {name: 1}


def test_the_mapping_can_tell_what_a_price_with_tiers_brings() -> None:
    mapping = told(subscription={"amounts": {"price_1": 2000}})
    assert moved(created(item(None, "year", quantity=6)), mapping) == ("started", 0, 1000)


def test_a_list_that_goes_on_elsewhere_is_reported() -> None:
    long = {**subscription(), "items": {**items(item()), "has_more": True}}
    assert mapped(event("customer.subscription.created", long), SHIPPED).ignored == {"items.more": 1}


CURRENCIES = [("jpy", 500, 500), ("kwd", 5120, 5120), ("isk", 500, 5), ("ugx", 500, 5), ("mga", 5, 500)]


@pytest.mark.parametrize(("currency", "amount", "expected"), CURRENCIES)
def test_amounts_are_minor_units_as_iso_4217_has_them(currency: str, amount: int, expected: int) -> None:
    data = only(created(item(amount), currency=currency))
    assert (data["mrr_after_minor"], data["currency"]) == (expected, currency.upper())
    assert minor_of_stripe(amount, currency.upper()) == expected


INTERVALS = st.sampled_from(["day", "week", "month", "year"])
WHOLES = st.integers(0, 10**8)
ITEMS = st.builds(item, WHOLES, INTERVALS, quantity=st.integers(0, 10**4), count=st.integers(1, 52))


def exactly(*each: Any) -> Fraction:
    return monthly(subscription(*each), {}, Counter(), "")


@bounded
@given(st.lists(ITEMS, min_size=1, max_size=5), st.randoms())
def test_the_order_of_items_does_not_matter_and_each_adds_its_own(each: list[Any], random: Any) -> None:
    shuffled = random.sample(each, len(each))
    assert exactly(*each) == exactly(*shuffled) == sum(map(exactly, each))


@bounded
@given(WHOLES, INTERVALS, st.integers(0, 10**4), st.integers(1, 52))
def test_twice_as_many_bring_twice_as_much_and_twice_as_rarely_half(
    amount: int, every: str, quantity: int, count: int
) -> None:
    once = exactly(item(amount, every, quantity=quantity, count=count))
    assert exactly(item(amount, every, quantity=2 * quantity, count=count)) == 2 * once
    assert exactly(item(amount, every, quantity=quantity, count=2 * count)) == once / 2
    assert exactly(item(amount, "year")) == exactly(item(amount, "month", count=12))
    assert exactly(item(amount, "week")) == exactly(item(amount, "day", count=7))
    assert exactly(item(amount, "year")) == exactly(item(amount, "day", count=365))


@bounded
@given(WHOLES, st.integers(0, 10**12 - 1))
def test_decimal_amounts_are_read_to_their_last_place(amount: int, places: int) -> None:
    decimal = f"{amount}.{places:012d}"
    assert exactly(item(None, unit_amount_decimal=decimal)) == Fraction(amount) + Fraction(places, 10**12)


@bounded
@given(ITEMS, ITEMS)
def test_what_is_rounded_is_within_half_a_minor_unit(one: Any, other: Any) -> None:
    _, _, minor = moved(created(one, other))
    assert abs(minor - exactly(one, other)) <= Fraction(1, 2)


# -- Orders and refunds -----------------------------------------------------------------------------------

INVOICE = {"id": "in_1", "customer": "cus_1", "amount_paid": 2599, "currency": "eur"}
CHARGE = {"id": "ch_1", "customer": "cus_1", "invoice": "in_1", "currency": "eur", "amount_refunded": 900}


def test_a_paid_invoice_is_an_order_at_the_time_of_its_payment() -> None:
    paid = {**INVOICE, "status_transitions": {"paid_at": T - 60}}
    (draft,) = made(event("invoice.paid", paid))
    assert (draft.type, draft.time) == ("crm.order.paid", "2024-04-15T09:59:00.000Z")
    assert draft.data == {
        "order_id": "stripe:in_1",
        "customer_id": "stripe:cus_1",
        "amount_minor": 2599,
        "currency": "EUR",
    }
    assert made(event("invoice.paid", INVOICE))[0].time == "2024-04-15T10:00:00.000Z"


def test_an_invoice_over_nothing_is_no_order() -> None:
    assert ignored(event("invoice.paid", {**INVOICE, "amount_paid": 0})) == {"invoice.zero": 1}


def test_a_refund_is_what_has_been_added_to_the_refunded_amount() -> None:
    payload = event("charge.refunded", CHARGE, {"amount_refunded": 250})
    assert only(payload) == {
        "order_id": "stripe:in_1",
        "customer_id": "stripe:cus_1",
        "amount_minor": 650,
        "currency": "EUR",
        "refund_id": f"stripe:{payload['id']}",
    }


def test_refunds_that_are_listed_are_told_one_by_one_and_again_as_the_same_events() -> None:
    first = {"id": "re_1", "amount": 250, "created": T - 5, "status": "succeeded"}
    second = {"id": "re_2", "amount": 650, "created": T, "status": "pending"}
    failed = {"id": "re_3", "amount": 1, "created": T, "status": "failed"}
    payload = event("charge.refunded", {**CHARGE, "refunds": {"data": [failed, second, first]}}, {})
    assert [(draft.id, draft.data["amount_minor"]) for draft in made(payload)] == [
        ("re_1", 250),
        ("re_2", 650),
    ]
    before = {**CHARGE, "refunds": {"data": [first]}, "amount_refunded": 250}
    assert made(event("charge.refunded", before, {}, at=T - 5)) == made(payload)[:1]


def test_a_refund_that_cannot_be_read_does_not_take_its_neighbours_along() -> None:
    listed = [{"id": "re_1"}, {"id": "re_2", "amount": 650, "created": T}]
    found = mapped(event("charge.refunded", {**CHARGE, "refunds": {"data": listed}}), SHIPPED)
    assert [draft.id for draft in found.drafts] == ["re_2"]
    assert [fault.path for fault in found.faults] == ["data.object.refunds.data[0].amount"]


def test_a_refund_of_no_known_order_is_reported() -> None:
    """Since 2025-03-31.basil charges do not name their invoice."""
    for invoice in ({"invoice": None}, {}):
        charge = {name: value for name, value in CHARGE.items() if name != "invoice"} | invoice
        payload = event("charge.refunded", charge, {"amount_refunded": 0})
        assert ignored(payload) == {"refund.without_invoice": 1}


# -- What is left out, and what is read besides -----------------------------------------------------------

LEFT_ALONE: list[tuple[dict[str, Any], str]] = [
    ({"type": "customer.created"}, "customer.created"),
    ({"type": "invoice.payment_succeeded"}, "invoice.payment_succeeded"),
    ({"type": "something.new"}, "other"),
    ({"type": "Customer.Subscription"}, "other"),
    ({"object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}, "thin"),
    ({"livemode": False}, "test_mode"),
]


@pytest.mark.parametrize(("more", "name"), LEFT_ALONE)
def test_what_has_no_event_is_ignored_by_name(more: dict[str, Any], name: str) -> None:
    assert ignored({**created(), **more}) == {name: 1}


def test_the_test_mode_counts_where_the_mapping_says_so() -> None:
    assert moved({**created(), "livemode": False}, told(test_mode=True)) == ("started", 0, 1000)


def test_dimensions_stand_where_the_mapping_says() -> None:
    paths = {
        "segment": {"field": "metadata.segment", "values": {"SMB": "small"}},
        "product_id": "items.data.0.price.product",
        "plan": "items.data.7.x",
    }
    mapping = told(subscription={"dimensions": paths}, invoice={"dimensions": {"region": "account_country"}})
    data = only(created(metadata={"segment": "smb"}), mapping)
    assert (data["segment"], data["product_id"]) == ("small", "prod_1") and "plan" not in data
    assert only(event("invoice.paid", {**INVOICE, "account_country": "FR"}), mapping)["region"] == "FR"


def test_connected_accounts_are_sources_of_their_own() -> None:
    assert made({**created(), "account": "acct_1"})[0].source == "/stripe/acct_1"


def test_objects_that_are_expanded_are_named_by_their_ids() -> None:
    assert only(created(customer={"id": "cus_9", "email": "x@example.com"}))["customer_id"] == "stripe:cus_9"


# -- What nobody should send ------------------------------------------------------------------------------

FAULTS: list[tuple[Any, str]] = [
    (None, ""),
    ([created()], ""),
    ({}, "type"),
    ({**created(), "id": None}, "id"),
    ({**created(), "id": "x" * 101}, "id"),
    ({**created(), "created": "2024-04-15"}, "created"),
    ({**created(), "created": 10**12}, "created"),
    ({**created(), "data": {}}, "data.object"),
    ({**created(), "data": None}, "data.object"),
    (created(customer=None), "data.object.customer"),
    (created(id=["sub_1"]), "data.object.id"),
    (created(currency=None), "data.object.currency"),
    (created(status="dormant"), "data.object.status"),
    (created(items=None), "data.object.items.data"),
    (created(items={"data": [None]}), "data.object.items.data[0].price"),
    (created(item("a lot")), "data.object.items.data[0].price.unit_amount"),
    (created(item(1, unit_amount_decimal="1e99999")), "data.object.items.data[0].price.unit_amount_decimal"),
    (created(item(), item(quantity=-1)), "data.object.items.data[1].quantity"),
    (created(item(every="fortnight")), "data.object.items.data[0].price.recurring"),
    (created(item(count=0)), "data.object.items.data[0].price.recurring"),
    (event("invoice.paid", {**INVOICE, "amount_paid": None}), "data.object.amount_paid"),
    (event("invoice.paid", {**INVOICE, "amount_paid": 25.99}), "data.object.amount_paid"),
    (event("invoice.paid", {**INVOICE, "id": None}), "data.object.id"),
    (event("charge.refunded", CHARGE), "data.previous_attributes.amount_refunded"),
    (event("charge.refunded", CHARGE, {"amount_refunded": 901}), "data.object.amount_refunded"),
    (event("charge.refunded", {**CHARGE, "refunds": {"data": [{}]}}), "data.object.refunds.data[0].id"),
]


@pytest.mark.parametrize(("payload", "path"), FAULTS)
def test_what_cannot_be_read_is_a_fault_with_its_path(payload: Any, path: str) -> None:
    found = mapped(payload, SHIPPED)
    assert found.drafts == [] and [fault.path for fault in found.faults] == [path]
    assert found.faults[0].message


@pytest.mark.parametrize(
    "payload",
    [
        created(item(-5)),
        event("invoice.paid", {**INVOICE, "amount_paid": -5}),
        event("charge.refunded", {**CHARGE, "refunds": {"data": [{"id": "re_1", "amount": -5}]}}),
    ],
)
def test_a_negative_amount_goes_on_for_the_engine_to_refuse(payload: Any) -> None:
    found = mapped(payload, SHIPPED)
    assert found == Mapped(found.drafts)
    assert [reject.reason for reject in judged(found.drafts)] == ["bad_value"]


def test_ids_may_be_numbers_and_a_redelivery_is_the_same_event() -> None:
    payload = created(customer=17, id=4)
    assert only(payload)["customer_id"] == "stripe:17"
    again = {**payload, "pending_webhooks": 5, "request": None}
    assert [draft.line() for draft in made(again)] == [draft.line() for draft in made(payload)]


DOCUMENTS = [
    DELETED,
    created(item(unit_amount_decimal="10.5"), metadata={"segment": "smb"}),
    updated({"items": {"data": [item()]}, "status": "trialing", "pause_collection": None}, item(quantity=2)),
    updated({"pause_collection": {"behavior": "void"}}, pause_collection={"behavior": "keep_as_draft"}),
    event("invoice.paid", {**INVOICE, "status_transitions": {"paid_at": T}}),
    event("charge.refunded", CHARGE, {"amount_refunded": 0}),
    event("charge.refunded", {**CHARGE, "refunds": {"data": [{"id": "re_1", "amount": 1, "created": T}]}}),
]
EVERYTHING = told(
    test_mode=True,
    subscription={
        "ends_at": "canceled_at",
        "live": ["trialing", "active"],
        "amounts": {"price_1": 10},
        "dimensions": {"segment": "metadata.segment", "product_id": "items.data.0.price.product"},
    },
)


@bounded
@given(mutated(DOCUMENTS) | ANY_JSON)
def test_nothing_is_raised_whatever_is_posted_and_what_is_made_the_engine_takes(payload: Any) -> None:
    for mapping in (SHIPPED, EVERYTHING):
        found = mapped(payload, mapping)
        assert {reject.reason for reject in judged(found.drafts)} <= {"unknown_currency", "bad_value"}
        again = mapped(payload, mapping)
        assert [draft.line() for draft in again.drafts] == [draft.line() for draft in found.drafts]


# -- Through the engine -----------------------------------------------------------------------------------


def lines(*payloads: Any) -> list[Any]:
    """The events of these payloads, as the engine's tests take them."""
    return [json.loads(draft.line()) for payload in payloads for draft in made(payload)]


def test_the_life_of_a_subscription_is_read_as_recurring_revenue_in_any_order() -> None:
    day = days(1) // 1000
    ledger = in_any_order(
        lines(
            created(item(1000), status="trialing", at=T),
            updated({"status": "trialing"}, item(1000), at=T + day),
            updated({"items": {"data": [item(1000)]}}, item(36_000, "year"), at=T + 2 * day),
            updated(
                {"pause_collection": None},
                item(36_000, "year"),
                pause_collection={"behavior": "void"},
                at=T + 3 * day,
            ),
            updated({"pause_collection": {"behavior": "void"}}, item(36_000, "year"), at=T + 4 * day),
        )
    )
    assert ledger.value("mrr", "now") == 30
    assert ledger.value("mrr_movements", "30d", movement="new") == 10
    assert ledger.value("mrr_movements", "30d", movement="expansion") == 20
    ledger.take(*lines(deleted(item(36_000, "year"), at=T + 5 * day)))
    assert ledger.value("mrr", "now") == 0


def test_what_happens_within_one_second_ends_as_it_ended() -> None:
    before = {"items": {"data": [item(1000)]}}
    life = [created(item(1000)), updated(before, item(2000))]
    assert in_any_order(lines(*life)).value("mrr", "now") == 20
    assert in_any_order(lines(*life, deleted(item(2000)))).value("mrr", "now") == 0


def test_one_that_changed_after_it_was_cancelled_has_ended_nevertheless() -> None:
    mapping = told(subscription={"ends_at": "canceled_at"})
    before = {"items": {"data": [item(1000)]}}
    life = [
        created(at=T),
        updated(before, item(2000), at=T + 200),
        deleted(item(2000), at=T + 300, canceled_at=T + 100),
    ]
    events = [json.loads(draft.line()) for one in life for draft in made(one, mapping)]
    assert in_any_order(events).value("mrr", "now") == 0


def test_what_is_paid_and_paid_back_is_read_as_sales() -> None:
    paid = event("invoice.paid", {**INVOICE, "currency": "usd"})
    back = event("charge.refunded", {**CHARGE, "currency": "usd"}, {"amount_refunded": 250}, at=T + 60)
    ledger = Ledger().take(*lines(paid, back))
    assert ledger.rejects == []
    assert ledger.value("sales", "30d") == 25.99 - 6.5


def test_membership_can_follow_the_subscriptions_as_the_page_says() -> None:
    yaml, text = YAML(), StringIO()
    page = block(DOCS / "intake" / "stripe.md", "stripe-membership")
    yaml.dump(merged(yaml.load(CATALOG.read_text()), yaml.load(page)), text)
    day = days(1) // 1000
    two = [created(id=id_, at=T) for id_ in ("sub_1", "sub_2")]
    stays = created(id="sub_3", customer="cus_2", metadata={"plan": "pro"}, at=T)
    mapping = told(subscription={"dimensions": {"plan": "metadata.plan"}})
    unpaid = {"cancellation_details": {"reason": "payment_failed"}}
    ledger = Ledger(plan_of(text.getvalue()))

    def take(*payloads: Any) -> None:
        assert judged([draft for one in payloads for draft in made(one, mapping)], ledger) == []

    take(*two, stays)
    assert (ledger.value("customers", "now"), ledger.value("customers_new", "30d")) == (2, 2)
    assert ledger.value("mrr", "now", dimension="plan", member="pro") == 10
    take(deleted(id="sub_1", at=T + 40 * day, **unpaid))
    assert ledger.value("customers", "now") == 2  # there is another subscription
    take(deleted(id="sub_2", at=T + 41 * day, **unpaid))
    assert (ledger.value("customers", "now"), ledger.value("churn", "30d", kind="all")) == (1, 0.5)
    assert ledger.value("churn", "30d", kind="involuntary") == 0.5
