"""Stripe's events to events of subscriptions, orders and refunds.

Each type of event has a function that makes drafts of its object. No state is kept: what a subscription was
before stands in `previous_attributes`, or follows from the type of the event.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple, get_args

from schemas.intake.fields import Dimensions
from schemas.intake.stripe import Status, Stripe, StripeSubscription
from streams.intake import values
from streams.intake.drafts import Draft, Mapped
from streams.intake.members import members
from streams.intake.minor_units import minor_of_stripe
from streams.intake.recurring import Unreadable, monthly

SOURCE: Final = "/stripe"
OTHER: Final = "other"
TEST_MODE: Final = "test_mode"
THIN: Final = "thin"
ZERO_INVOICE: Final = "invoice.zero"
UNKNOWN_ORDER: Final = "refund.without_invoice"
_WITHOUT_EVENTS: Final = frozenset(
    {
        "charge.failed",
        "charge.refund.updated",
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
    }
    | {"customer.created", "customer.deleted", "customer.updated", "customer.subscription.trial_will_end"}
    | {"invoice.created", "invoice.finalized", "invoice.payment_failed", "invoice.payment_succeeded"}
    | {"invoice.upcoming", "invoice.updated", "invoice.voided", "payment_intent.created"}
    | {"payment_intent.succeeded", "refund.created", "refund.updated"}
)
"""Types that are named among what is ignored; the rest is `other`."""
_OBJECT: Final = "data.object"


class Event(NamedTuple):
    """`object` is what it is about; `before` holds what of it was otherwise before."""

    id: str
    type: str
    source: str
    time_ms: int
    object: Mapping[str, Any]
    before: Mapping[str, Any]

    def text(self, name: str) -> str:
        """An id or code of the object, also when the object behind it is expanded."""
        value = self.object.get(name)
        found = values.text(value.get("id") if isinstance(value, dict) else value, values.MAX_ID)
        if found is None:
            raise Unreadable(f"{_OBJECT}.{name}", f"{name} should be a text")
        return found

    def time(self, name: str) -> int | None:
        """A time of the object in milliseconds, if it has it."""
        seconds = values.whole(self.object.get(name))
        return None if seconds is None else seconds * 1000

    def currency(self) -> str:
        return self.text("currency").upper()


Drafts = Iterator[Draft]
Mapper = Callable[[Event, Stripe, Counter[str]], Drafts]


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
    drafts = list(_MAPPERS[type_](_event(payload, type_), mapping, found.ignored))
    found.drafts += drafts
    if not drafts and not found.ignored:
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


def _event(payload: Mapping[str, Any], type_: str) -> Event:
    id_, seconds = values.text(payload.get("id"), values.MAX_ID), values.whole(payload.get("created"))
    data = payload.get("data")
    object_ = values.member(data, "object")
    before = values.member(data, "previous_attributes")
    account = values.text(payload.get("account"), values.MAX_ID)
    if id_ is None:
        raise Unreadable("id", "id should be the event's id, such as evt_1")
    if seconds is None or values.rfc3339(seconds * 1000) is None:
        raise Unreadable("created", "created should be seconds since 1970")
    if not isinstance(object_, dict):
        raise Unreadable(_OBJECT, "an event has an object; thin events have none")
    source = f"{SOURCE}/{account}" if account else SOURCE
    return Event(id_, type_, source, seconds * 1000, object_, before if isinstance(before, dict) else {})


def _draft(event: Event, id_: str, type_: str, time_ms: int, data: Mapping[str, Any]) -> Draft:
    time = values.rfc3339(time_ms)
    if time is None:
        raise Unreadable(_OBJECT, "a time in it lies beyond the year 2200")
    return Draft(event.source, id_, type_, time, data)


def prefixed(id_: str) -> str:
    return f"stripe:{id_}"


def _dimensions(event: Event, dimensions: Dimensions) -> dict[str, str]:
    return members(dimensions, lambda path: values.text(values.at_path(event.object, path)))


# -- Subscriptions ----------------------------------------------------------------------------------------


class State(NamedTuple):
    """What a subscription is at a time; one that is not live brings nothing."""

    status: str
    is_live: bool
    mrr_minor: int


NOTHING: Final = State("", False, 0)
_STATUSES: Final = frozenset(get_args(Status))
_NEVER_LIVE: Final = frozenset({"", "incomplete", "incomplete_expired", "trialing"})
_ENDED: Final = frozenset({"canceled", "incomplete_expired"})
_LEAVING: Final = frozenset({"paused", "ended"})
_CHURN_KINDS: Final = {
    "cancellation_requested": "voluntary",
    "payment_disputed": "involuntary",
    "payment_failed": "involuntary",
}
"""By `cancellation_details.reason`."""


def _subscription(
    event: Event, mapping: Stripe, left_out: Counter[str], *, before: str | None = None, rank: int
) -> Drafts:
    """`before`: the status that it had, where nothing else tells; "" for none: it did not exist.

    Stripe's times are whole seconds. `rank` is the millisecond that orders what happened within one.
    """
    its = mapping.subscription
    currency = event.currency()
    is_end = event.type == "customer.subscription.deleted"
    after = _state(
        {**event.object, "status": "canceled"} if is_end else event.object, currency, its, left_out
    )
    earlier = NOTHING if before == "" else _state(_earlier(event, before), currency, its, Counter())
    change = "ended" if is_end else _change(earlier, after)
    if change is None:
        left_out[event.type] += 1
        return
    data = {
        "subscription_id": prefixed(event.text("id")),
        "customer_id": prefixed(event.text("customer")),
        "mrr_before_minor": earlier.mrr_minor,
        "mrr_after_minor": after.mrr_minor,
        "currency": currency,
        "change": change,
        **({"churn_kind": _churn_kind(event, after)} if change in _LEAVING else {}),
        **_dimensions(event, its.dimensions),
    }
    ends = sorted(_ends(event, its)) if is_end else [event.time_ms]
    for at, time_ms in enumerate(ends):
        id_ = event.id if at == 0 else f"{event.id}/{at}"
        yield _draft(event, id_, "crm.subscription.changed", time_ms + rank, data)


def _ends(event: Event, its: StripeSubscription) -> set[int]:
    """When it ended; by the date of the request also when the service did, for it may have changed since."""
    served = event.time("ended_at") or event.time_ms
    asked = event.time("canceled_at") if its.ends_at == "canceled_at" else None
    return {served, served if asked is None else min(asked, served)}


def _earlier(event: Event, status: str | None) -> Mapping[str, Any]:
    """The subscription as it was before."""
    known = event.object if status is None else {**event.object, "status": status}
    inner = {
        name: {**known[name], **was}
        for name, was in event.before.items()
        if isinstance(was, dict) and isinstance(known.get(name), dict)
    }
    before = {**known, **event.before, **inner}
    if event.type == "customer.subscription.deleted" and _ended_in_trial(event):
        before["status"] = "trialing"
    return before


def _ended_in_trial(event: Event) -> bool:
    trial_end = event.time("trial_end")
    return trial_end is not None and trial_end >= (event.time("ended_at") or event.time_ms)


def _state(
    subscription: Mapping[str, Any], currency: str, its: StripeSubscription, left_out: Counter[str]
) -> State:
    status = (values.text(subscription.get("status")) or "").lower()
    if status not in _STATUSES:
        raise Unreadable(f"{_OBJECT}.status", f"status should be one of {', '.join(sorted(_STATUSES))}")
    collection = values.text(values.member(subscription.get("pause_collection"), "behavior"))
    if status in its.live and collection in its.pausing:
        status, is_live = "paused", False
    else:
        is_live = status in its.live
    if not is_live:
        return State(status, False, 0)
    amount = monthly(subscription, its.amounts, left_out, _OBJECT)
    return State(status, True, minor_of_stripe(amount, currency))


def _churn_kind(event: Event, after: State) -> str:
    reason = values.text(values.at_path(event.object, "cancellation_details.reason"))
    return "involuntary" if after.status == "unpaid" else _CHURN_KINDS.get(reason or "", "unknown")


def _change(before: State, after: State) -> str | None:
    if before.is_live and after.is_live:
        if before.mrr_minor == after.mrr_minor:
            return None
        return "expanded" if after.mrr_minor > before.mrr_minor else "contracted"
    if after.is_live:
        return "started" if before.status in _NEVER_LIVE else "resumed"
    if before.is_live:
        return "ended" if after.status in _ENDED else "paused"
    return None


# -- Orders and refunds -----------------------------------------------------------------------------------


def _paid(event: Event, mapping: Stripe, left_out: Counter[str]) -> Drafts:
    amount = _amount(event.object.get("amount_paid"), f"{_OBJECT}.amount_paid")
    if not amount:
        left_out[ZERO_INVOICE] += 1
        return
    paid_at = values.whole(values.at_path(event.object, "status_transitions.paid_at"))
    time_ms = event.time_ms if paid_at is None else paid_at * 1000
    yield _draft(event, event.id, "crm.order.paid", time_ms, {
        "order_id": prefixed(event.text("id")),
        "customer_id": prefixed(event.text("customer")),
        "amount_minor": minor_of_stripe(amount, event.currency()),
        "currency": event.currency(),
        **_dimensions(event, mapping.invoice.dimensions),
    })  # fmt: skip


def _refunded(event: Event, mapping: Stripe, left_out: Counter[str]) -> Drafts:
    if not event.object.get("invoice"):
        left_out[UNKNOWN_ORDER] += 1
        return
    common = {
        "order_id": prefixed(event.text("invoice")),
        "customer_id": prefixed(event.text("customer")),
        "currency": event.currency(),
        **_dimensions(event, mapping.refund.dimensions),
    }
    for id_, time_ms, amount in _refunds(event):
        money = {"amount_minor": minor_of_stripe(amount, event.currency()), "refund_id": prefixed(id_)}
        yield _draft(event, id_, "crm.refund.issued", time_ms, {**common, **money})


def _refunds(event: Event) -> Iterator[tuple[str, int, int]]:
    """(id, time, amount) of each: those listed, else what the sum of all refunds has grown by."""
    listed = values.at_path(event.object, "refunds.data")
    if isinstance(listed, list) and listed:
        for at, refund in enumerate(listed):
            yield from _listed(event, refund, f"{_OBJECT}.refunds.data[{at}]")
        return
    after = _amount(event.object.get("amount_refunded"), f"{_OBJECT}.amount_refunded")
    before = _amount(event.before.get("amount_refunded"), "data.previous_attributes.amount_refunded")
    if before > after:
        raise Unreadable(f"{_OBJECT}.amount_refunded", "less is refunded than before")
    yield event.id, event.time_ms, after - before


def _listed(event: Event, refund: object, path: str) -> Iterator[tuple[str, int, int]]:
    if values.member(refund, "status") in ("failed", "canceled"):
        return
    id_ = values.text(values.member(refund, "id"), values.MAX_ID)
    if id_ is None:
        raise Unreadable(f"{path}.id", "id should be the refund's id, such as re_1")
    seconds = values.whole(values.member(refund, "created"))
    amount = _amount(values.member(refund, "amount"), f"{path}.amount")
    yield id_, event.time_ms if seconds is None else seconds * 1000, amount


def _amount(value: object, path: str) -> int:
    amount = values.whole(value)
    if amount is None:
        raise Unreadable(
            path, f"{path.rpartition('.')[2]} should be a whole number of minor units, from 0 on"
        )
    return amount


_MAPPERS: Final[Mapping[str, Mapper]] = {
    "customer.subscription.created": partial(_subscription, before="", rank=0),
    "customer.subscription.updated": partial(_subscription, rank=1),
    "customer.subscription.paused": partial(_subscription, before="trialing", rank=1),
    "customer.subscription.resumed": partial(_subscription, before="paused", rank=1),
    "customer.subscription.deleted": partial(_subscription, before="active", rank=2),
    "invoice.paid": _paid,
    "charge.refunded": _refunded,
}
