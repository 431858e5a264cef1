"""Stripe's events to events of subscriptions, orders and refunds: a function for each type of event."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from schemas.intake import Stripe
from streams.intake import values
from streams.intake.drafts import Draft, Mapped, Unreadable
from streams.intake.minor_units import minor_of_stripe
from streams.intake.stripe_events import BEFORE, OBJECT, Event, amount_of, prefixed, read_event
from streams.intake.subscriptions import DELETED, subscription_changed

OTHER: Final = "other"
TEST_MODE: Final = "test_mode"
THIN: Final = "thin"
ZERO_INVOICE: Final = "invoice.zero"
UNKNOWN_ORDER: Final = "refund.without_invoice"
_WITHOUT_EVENTS: Final = frozenset(
    (
        "charge.failed",
        "charge.refund.updated",
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "customer.created",
        "customer.deleted",
        "customer.subscription.trial_will_end",
        "customer.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice.upcoming",
        "invoice.updated",
        "invoice.voided",
        "payment_intent.created",
        "payment_intent.succeeded",
        "refund.created",
        "refund.updated",
    )
)
"""Types that are named among what is ignored; the rest is `other`."""

Drafts = Iterator[Draft]
Mapper = Callable[[Event, Stripe, Mapped], Drafts]


def mapped(payload: object, mapping: Stripe) -> Mapped:
    """The events of a payload; nothing is raised, whatever it is."""
    found = Mapped()
    try:
        _add(found, payload, mapping)
    except Unreadable as unreadable:
        found.faults.append(unreadable.fault)
    found.drafts.sort(key=lambda draft: draft.time)
    return found


def _add(found: Mapped, payload: object, mapping: Stripe) -> None:
    if not isinstance(payload, dict):
        raise Unreadable("", "a webhook of Stripe is one event, an object")
    type_ = values.text(payload.get("type"))
    if type_ is None:
        raise Unreadable("type", "type should name what happened, such as invoice.paid")
    left_out = _left_out(payload, type_, mapping)
    if left_out is not None:
        found.ignored[left_out] += 1
        return
    found.drafts += _MAPPERS[type_](read_event(payload, type_), mapping, found)
    if found == Mapped():
        found.ignored[type_] += 1


def _left_out(payload: Mapping[str, Any], type_: str, mapping: Stripe) -> str | None:
    """The name under which an event is ignored; None for one that is mapped."""
    if values.text(payload.get("object")) == "v2.core.event":
        return THIN
    if payload.get("livemode") is False and not mapping.test_mode:
        return TEST_MODE
    if type_ not in _MAPPERS:
        return type_ if type_ in _WITHOUT_EVENTS else OTHER
    return None


# -- Orders and refunds -----------------------------------------------------------------------------------


def _paid(event: Event, mapping: Stripe, found: Mapped) -> Drafts:
    amount = amount_of(event.object.get("amount_paid"), f"{OBJECT}.amount_paid")
    if not amount:
        found.ignored[ZERO_INVOICE] += 1
        return
    paid_at = values.whole(values.at_path(event.object, "status_transitions.paid_at"))
    time_ms = event.time_ms if paid_at is None else paid_at * 1000
    data = {
        **event.ids("order_id"),
        **_money(event, amount),
        **event.dimensions(mapping.invoice.dimensions),
    }
    yield event.draft(event.id, "crm.order.paid", time_ms, data)


def _money(event: Event, amount: int) -> dict[str, Any]:
    currency = event.currency()
    return {"amount_minor": minor_of_stripe(amount, currency), "currency": currency}


class Refund(NamedTuple):
    id: str
    time_ms: int
    amount: int
    """In Stripe's minor units."""


def _refunded(event: Event, mapping: Stripe, found: Mapped) -> Drafts:
    if not event.object.get("invoice"):
        found.ignored[UNKNOWN_ORDER] += 1
        return
    order = {"order_id": prefixed(event.text("invoice")), "customer_id": prefixed(event.text("customer"))}
    dimensions = event.dimensions(mapping.refund.dimensions)
    for refund in _refunds(event, found):
        data = {**order, "refund_id": prefixed(refund.id), **_money(event, refund.amount), **dimensions}
        yield event.draft(refund.id, "crm.refund.issued", refund.time_ms, data)


def _refunds(event: Event, found: Mapped) -> Iterator[Refund]:
    """Those that are listed, else the one by which the sum of all has grown."""
    listed = values.at_path(event.object, "refunds.data")
    if not isinstance(listed, list) or not listed:
        yield _added(event)
        return
    for at, one in enumerate(listed):
        try:
            if values.member(one, "status") not in ("failed", "canceled"):
                yield _listed(event, one, f"{OBJECT}.refunds.data[{at}]")
        except Unreadable as unreadable:
            found.faults.append(unreadable.fault)


def _added(event: Event) -> Refund:
    after = amount_of(event.object.get("amount_refunded"), f"{OBJECT}.amount_refunded")
    before = amount_of(event.before.get("amount_refunded"), f"{BEFORE}.amount_refunded")
    if before > after:
        raise Unreadable(f"{OBJECT}.amount_refunded", "less is refunded than before")
    return Refund(event.id, event.time_ms, after - before)


def _listed(event: Event, refund: object, path: str) -> Refund:
    id_ = values.text(values.member(refund, "id"), values.MAX_ID)
    if id_ is None:
        raise Unreadable(f"{path}.id", "id should be the refund's id, such as re_1")
    seconds = values.whole(values.member(refund, "created"))
    amount = amount_of(values.member(refund, "amount"), f"{path}.amount")
    return Refund(id_, event.time_ms if seconds is None else seconds * 1000, amount)


_MAPPERS: Final[Mapping[str, Mapper]] = {
    "customer.subscription.created": partial(subscription_changed, before="", rank=0),
    "customer.subscription.updated": partial(subscription_changed, rank=1),
    "customer.subscription.paused": partial(subscription_changed, before="trialing", rank=1),
    "customer.subscription.resumed": partial(subscription_changed, before="paused", rank=1),
    DELETED: partial(subscription_changed, rank=2),
    "invoice.paid": _paid,
    "charge.refunded": _refunded,
}
