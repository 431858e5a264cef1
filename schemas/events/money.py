"""Money: orders and refunds, subscriptions, campaigns' revenue, costs and benefits. Whole minor units."""

from datetime import date
from typing import Any, Literal

from schemas.events.base import Amount, ChurnKind, Currency, Data, Declared, Fault, Id, period_fault


class OrderPaid(Data):
    TYPE = "crm.order.paid"
    OWN_ID = "order_id"

    order_id: Id
    customer_id: Id
    amount_minor: Amount
    currency: Currency
    cost_of_goods_minor: Amount | None = None


class RefundIssued(Data):
    """Without `refund_id` it is known by its event: the same event again is the same refund."""

    TYPE = "crm.refund.issued"
    OWN_ID = "order_id"

    order_id: Id
    customer_id: Id
    amount_minor: Amount
    currency: Currency
    refund_id: Id | None = None


class SubscriptionChanged(Data):
    """Monthly recurring revenue before and after, by which a mapper needs to keep no state."""

    TYPE = "crm.subscription.changed"
    OWN_ID = "subscription_id"

    subscription_id: Id
    customer_id: Id
    mrr_before_minor: Amount
    mrr_after_minor: Amount
    currency: Currency
    change: Literal["started", "expanded", "contracted", "paused", "resumed", "ended"]
    churn_kind: ChurnKind | None = None
    """Of one that is paused or has ended: why; for catalogs in which membership follows subscriptions."""


class CostRecorded(Data):
    """Its `time` is when it was booked."""

    TYPE = "crm.cost.recorded"
    OWN_ID = "cost_id"

    cost_id: Id
    category: Literal["marketing", "sales", "crm_software", "crm_people", "training", "other"]
    amount_minor: Amount
    currency: Currency
    period_start: date | None = None
    """First local day that the cost is for."""
    period_end: date | None = None
    """Last local day, inclusive. Without a period the whole cost falls on the day of `time`."""

    @staticmethod
    def fault(data: Any, declared: Declared | None = None) -> Fault | None:
        return period_fault(data)


class BenefitRecorded(Data):
    TYPE = "crm.benefit.recorded"
    OWN_ID = "benefit_id"

    benefit_id: Id
    amount_minor: Amount
    currency: Currency
    method: Literal["measured", "attributed", "estimated"]
