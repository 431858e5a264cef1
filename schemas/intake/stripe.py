"""What is told of Stripe: which subscriptions bring money in, when they end, what the dimensions are."""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from schemas.intake.fields import Dimensions
from schemas.words import Model

LiveStatus = Literal["trialing", "active", "past_due", "unpaid", "paused"]
STATUSES: Final = ("incomplete", "incomplete_expired", *get_args(LiveStatus), "canceled")
"""All that Stripe has."""
Collection = Literal["keep_as_draft", "mark_uncollectible", "void"]


class StripeObject(Model):
    dimensions: Dimensions = {}
    """By paths in Stripe's object, such as `metadata.segment` or `items.data.0.price.product`."""


class StripeSubscription(StripeObject):
    live: list[LiveStatus] = ["active", "past_due"]
    """Statuses in which a subscription counts; in every other its monthly amount is 0."""
    pausing: list[Collection] = ["mark_uncollectible", "void"]
    """Ways to pause collection (`pause_collection.behavior`) that pause the subscription."""
    ends_at: Literal["ended_at", "canceled_at"] = "ended_at"
    """When one that ends has ended: when the service stops, or when somebody asked for it."""
    amounts: dict[str, Annotated[int, Field(ge=0)]] = {}
    """Price id -> what one costs per interval, in Stripe's minor units: for prices that have tiers."""


class Stripe(Model):
    test_mode: bool = False
    """Whether events of Stripe's test mode count."""
    subscription: StripeSubscription = StripeSubscription()
    invoice: StripeObject = StripeObject()
    refund: StripeObject = StripeObject()
