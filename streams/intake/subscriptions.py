"""Stripe's subscriptions: what one was and is, and what has become of it between.

No state is kept. What it was before stands in `previous_attributes`, or follows from the type of the event.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.intake.stripe import STATUSES, Stripe, StripeSubscription
from streams.intake import values
from streams.intake.drafts import Draft, Mapped, Unreadable
from streams.intake.minor_units import minor_of_stripe
from streams.intake.recurring import monthly
from streams.intake.stripe_events import OBJECT, Event


class State(NamedTuple):
    """What a subscription is at a time; one that is not live brings nothing."""

    status: str
    is_live: bool
    mrr_minor: int


DELETED: Final = "customer.subscription.deleted"
NOTHING: Final = State("", False, 0)
GONE: Final = State("canceled", False, 0)
_UNPAID_YET: Final = frozenset({"incomplete", "incomplete_expired"})
_NEVER_LIVE: Final = _UNPAID_YET | {"", "trialing"}
_ENDED: Final = frozenset({"canceled", "incomplete_expired"})
_LEAVING: Final = frozenset({"paused", "ended"})
_CHURN_KINDS: Final = {
    "cancellation_requested": "voluntary",
    "payment_disputed": "involuntary",
    "payment_failed": "involuntary",
}
"""By `cancellation_details.reason`."""


def subscription_changed(
    event: Event, mapping: Stripe, found: Mapped, *, before: str | None = None, rank: int
) -> Iterator[Draft]:
    """`before`: the status that it had, where nothing else tells; "" for none: it did not exist.

    Stripe's times are whole seconds. `rank` is the millisecond that orders what happened within one.
    """
    its, is_end = mapping.subscription, event.type == DELETED
    before = _before_its_end(event) if is_end else before
    after = GONE if is_end else _state(event, event.object, its, found.ignored)
    earlier = NOTHING if before == "" else _state(event, _earlier(event, before), its, Counter())
    change = "ended" if is_end else _change(earlier, after)
    if change is None:
        found.ignored[event.type] += 1
        return
    data = {
        **event.ids("subscription_id"),
        "mrr_before_minor": earlier.mrr_minor,
        "mrr_after_minor": after.mrr_minor,
        "currency": event.currency(),
        "change": change,
        **({"churn_kind": _churn_kind(event, after)} if change in _LEAVING else {}),
        **event.dimensions(its.dimensions),
    }
    for at, time_ms in enumerate(sorted(_ends(event, its)) if is_end else [event.time_ms]):
        id_ = event.id if at == 0 else f"{event.id}/{at}"
        yield event.draft(id_, "crm.subscription.changed", time_ms + rank, data)


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
    return {**known, **event.before, **inner}


def _before_its_end(event: Event) -> str:
    """The status that it had: in its trial, without its first payment, else taken for live."""
    trial_end = event.time("trial_end")
    if trial_end is not None and trial_end >= (event.time("ended_at") or event.time_ms):
        return "trialing"
    status = values.text(event.object.get("status"))
    return status if status in _UNPAID_YET else "active"


def _state(
    event: Event, subscription: Mapping[str, Any], its: StripeSubscription, left_out: Counter[str]
) -> State:
    status = (values.text(subscription.get("status")) or "").lower()
    if status not in STATUSES:
        raise Unreadable(f"{OBJECT}.status", f"status should be one of {', '.join(STATUSES)}")
    if status not in its.live:
        return State(status, False, 0)
    if values.text(values.member(subscription.get("pause_collection"), "behavior")) in its.pausing:
        return State("paused", False, 0)
    amount = monthly(subscription, its.amounts, left_out, OBJECT)
    return State(status, True, minor_of_stripe(amount, event.currency()))


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
