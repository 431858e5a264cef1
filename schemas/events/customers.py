"""Customers: membership, what they do and allow, and the records that are kept of them."""

from typing import Any, Literal

from pydantic import AwareDatetime

from schemas.events.base import Actor, ChurnKind, Data, Declared, Direction, Fault, Id, Text, time_fault

# -- Membership -------------------------------------------------------------------------------------------


class Customer(Data):
    OWN_ID = "customer_id"

    customer_id: Id


class CustomerActivated(Customer):
    TYPE = "crm.customer.activated"

    kind: Literal["new", "reactivated"] | None = None
    acquired_via: Text | None = None


class CustomerChurned(Customer):
    TYPE = "crm.customer.churned"

    churn_kind: ChurnKind
    reason: Text | None = None


class CustomerErased(Customer):
    """What is open about the customer is closed; later events about them are counted and ignored."""

    TYPE = "crm.customer.erased"

    request_id: Id | None = None


# -- What they do -----------------------------------------------------------------------------------------


class InteractionLogged(Data):
    TYPE = "crm.interaction.logged"
    OWN_ID = "interaction_id"

    interaction_id: Id
    customer_id: Id
    direction: Direction
    actor_kind: Actor | None = None
    topic: Text | None = None
    meaningful: bool | None = None


class ReferenceChanged(Customer):
    TYPE = "crm.reference.changed"

    state: Literal["requested", "agreed", "declined", "fulfilled", "withdrawn"]
    deal_id: Id | None = None


# -- What they allow --------------------------------------------------------------------------------------


class ConsentChanged(Customer):
    TYPE = "crm.consent.changed"

    purpose: Id
    granted: bool
    basis: Text | None = None


class Erasure(Data):
    OWN_ID = "request_id"

    request_id: Id
    customer_id: Id
    due_at: AwareDatetime | None = None
    """Until when the law or a promise allows."""

    @staticmethod
    def fault(data: Any, declared: Declared | None = None) -> Fault | None:
        return time_fault(data, "due_at")


class ErasureRequested(Erasure):
    TYPE = "crm.erasure.requested"


class ErasureCompleted(Erasure):
    TYPE = "crm.erasure.completed"


# -- Records ----------------------------------------------------------------------------------------------


class RecordRemoved(Data):
    """The record was deleted or was a mistake: its contributions are taken back, for ever.

    `customer_id` is the key that the record's own events have: of what has no customer (a cost, a task), the
    key that the contract gives it instead.
    """

    TYPE = "crm.record.removed"
    OWN_ID = "id"

    entity: Id
    """A kind of subject of the catalog, such as `lead`; one that a single id names."""
    id: Id
    customer_id: Id
    reason: Text | None = None

    @staticmethod
    def fault(data: Any, declared: Declared | None = None) -> Fault | None:
        if declared is None or data.entity in declared.entities:
            return None
        known = ", ".join(sorted(declared.entities))
        return Fault("bad_value", "entity", f"{data.entity!r} is no kind of record here; one of {known}")


class RecordChecked(Data):
    TYPE = "crm.record.checked"
    OWN_ID = "check_id"

    check_id: Id
    complete: bool
    valid: bool
    duplicate: bool | None = None
