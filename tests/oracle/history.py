"""Small histories told by hand: `lead_created("2024-03-01 10:00", "a")` is one line of NDJSON.

The same call twice is the same event twice, for the id is made of what the event says.
"""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tests.oracle.oracle import Expected, Figures, Key, readings

Data = str | int | bool | None


def at_ms(at: str) -> int:
    """`2024-03-01` or `2024-03-01 10:00` or `2024-03-01 10:00:00.250`, in UTC."""
    return round(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)


def told(type_: str, at: str, **data: Data) -> bytes:
    """An event as a line, without the newline."""
    body = {name: value for name, value in data.items() if value is not None}
    envelope = {
        "specversion": "1.0",
        "source": "/hand",
        "id": sha256(f"{type_} {at} {json.dumps(body)}".encode()).hexdigest(),
        "type": type_,
        "time": datetime.fromisoformat(at).isoformat() + "Z",
        "data": body,
    }
    return json.dumps(envelope).encode()


def lead(step: str, at: str, name: str = "a", **data: Data) -> bytes:
    """`lead("created", "2024-03-01 10:00")`, of a lead whose customer has its name."""
    return told(f"crm.lead.{step}", at, **{"lead_id": f"lead-{name}", "customer_id": name, **data})


def contacted(at: str, name: str = "a", actor_kind: str = "human", **data: Data) -> bytes:
    return lead("contacted", at, name, actor_kind=actor_kind, **data)


def deal(step: str, at: str, name: str = "a", **data: Data) -> bytes:
    return told(f"crm.deal.{step}", at, **{"deal_id": f"deal-{name}", "customer_id": name, **data})


def won(at: str, name: str = "a", amount_minor: int = 100_00, currency: str = "USD", **data: Data) -> bytes:
    return deal("won", at, name, amount_minor=amount_minor, currency=currency, **data)


def described(subject: str, at: str, name: str = "a", **data: Data) -> bytes:
    """What a vendor tells of a lead, deal or ticket apart from its steps; amounts are in USD by default."""
    usd = {"currency": "USD"} if "amount_minor" in data else {}
    ids: dict[str, Data] = {f"{subject}_id": f"{subject}-{name}", "customer_id": name}
    return told(f"crm.x.{subject}.described", at, **{**ids, **usd, **data})


def activated(at: str, name: str = "a", **data: Data) -> bytes:
    return told("crm.customer.activated", at, customer_id=name, **data)


def churned(at: str, name: str = "a", churn_kind: str = "voluntary", **data: Data) -> bytes:
    return told("crm.customer.churned", at, customer_id=name, churn_kind=churn_kind, **data)


def ticket(step: str, at: str, name: str = "a", **data: Data) -> bytes:
    return told(f"crm.ticket.{step}", at, **{"ticket_id": f"ticket-{name}", "customer_id": name, **data})


def replied(at: str, name: str = "a", **data: Data) -> bytes:
    """A public reply of a human agent, unless told otherwise."""
    return ticket(
        "replied", at, name, **{"actor_kind": "human", "public": True, "author_role": "agent", **data}
    )


def cost(at: str, amount_minor: int, name: str = "a", category: str = "marketing", **data: Data) -> bytes:
    given: dict[str, Data] = {"amount_minor": amount_minor, "currency": "USD", **data}
    return told("crm.cost.recorded", at, cost_id=f"cost-{name}", category=category, **given)


def answered(at: str, name: str, score: int, kind: str = "nps", scale: str = "0-10", **data: Data) -> bytes:
    low, high = (int(end) for end in scale.split("-"))
    given: dict[str, Data] = {"score": score, "scale_min": low, "scale_max": high, **data}
    return told("crm.survey.answered", at, response_id=f"answer-{name}", kind=kind, **given)


def paid(at: str, name: str = "a", amount_minor: int = 100_00, **data: Data) -> bytes:
    """An order, of the customer `a` unless told otherwise."""
    given: dict[str, Data] = {"customer_id": "a", "amount_minor": amount_minor, "currency": "USD", **data}
    return told("crm.order.paid", at, order_id=f"order-{name}", **given)


def refunded(at: str, name: str, amount_minor: int, **data: Data) -> bytes:
    given: dict[str, Data] = {"customer_id": "a", "amount_minor": amount_minor, "currency": "USD", **data}
    return told("crm.refund.issued", at, order_id=f"order-{name}", **given)


def subscribed(at: str, name: str, before: int, after: int, change: str = "expanded", **data: Data) -> bytes:
    """From a monthly amount to another, in minor units; of the customer's one subscription."""
    given: dict[str, Data] = {"subscription_id": f"sub-{name}", "currency": "USD", "change": change, **data}
    amounts: dict[str, Data] = {"mrr_before_minor": before, "mrr_after_minor": after}
    return told("crm.subscription.changed", at, customer_id=name, **amounts, **given)


def interaction(at: str, name: str, customer: str = "a", meaningful: bool = True, **data: Data) -> bytes:
    given: dict[str, Data] = {"direction": "inbound", "meaningful": meaningful, **data}
    return told("crm.interaction.logged", at, interaction_id=name, customer_id=customer, **given)


def touched(at: str, touch: str, name: str = "a", campaign_id: str = "spring", **data: Data) -> bytes:
    return told("crm.campaign.touched", at, campaign_id=campaign_id, recipient_ref=name, touch=touch, **data)


def incident(step: str, at: str, name: str = "a", component: str = "api", **data: Data) -> bytes:
    impact = {"impact": "full"} if step == "opened" else {}
    return told(f"crm.incident.{step}", at, incident_id=name, component=component, **{**impact, **data})


def consent(at: str, purpose: str, granted: bool, name: str = "a") -> bytes:
    return told("crm.consent.changed", at, customer_id=name, purpose=purpose, granted=granted)


def reference(at: str, state: str, name: str = "a") -> bytes:
    return told("crm.reference.changed", at, customer_id=name, state=state)


def erasure(step: str, at: str, name: str = "a", **data: Data) -> bytes:
    return told(f"crm.erasure.{step}", at, request_id=f"erasure-{name}", customer_id=name, **data)


def removed(at: str, entity: str, id_: str, customer: str = "a") -> bytes:
    return told("crm.record.removed", at, entity=entity, id=id_, customer_id=customer)


class Readings(dict[Key, Expected]):
    """The oracle's readings, asked for by words."""

    def reading(
        self, gauge: str, window: str, dimension: str = "all", member: str = "all", **labels: str
    ) -> Expected:
        """The reading with the window before."""
        return self[Key(gauge, tuple(sorted(labels.items())), window, dimension, member)]

    def of(
        self, gauge: str, window: str, dimension: str = "all", member: str = "all", **labels: str
    ) -> Figures:
        """The figures of the window that ends now."""
        return self.reading(gauge, window, dimension, member, **labels).now

    def fraction(
        self, gauge: str, window: str, dimension: str = "all", member: str = "all", **labels: str
    ) -> tuple[int | None, int | None]:
        """Numerator and denominator."""
        figures = self.of(gauge, window, dimension, member, **labels)
        return figures.numerator, figures.denominator

    def members(self, gauge: str, window: str, dimension: str) -> dict[str, int | None]:
        """The numerator of every member."""
        return {
            key.member: reading.now.numerator
            for key, reading in self.items()
            if (key.gauge, key.window, key.dimension) == (gauge, window, dimension)
        }


def read(folder: Path, lines: Iterable[bytes], as_of: str, time_zone: str = "UTC") -> Readings:
    """What the oracle reads from these lines at that time (UTC)."""
    path = folder / "history.ndjson.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    return Readings(readings(path, at_ms(as_of), time_zone))
