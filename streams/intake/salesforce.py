"""Salesforce's change events to events of leads, deals and tickets.

Each entity has a function that makes the steps of a change from the fields it tells, in their order. Ids are
prefixed by `salesforce:`; a record is a relationship of its own, unless the mapping names a customer.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.intake.fields import field_of
from schemas.intake.salesforce import (
    Salesforce,
    SalesforceCase,
    SalesforceEntity,
    SalesforceLead,
    SalesforceOpportunity,
)
from streams.intake import values
from streams.intake.drafts import Draft, Fault, Mapped
from streams.intake.members import members
from streams.intake.minor_units import minor
from streams.intake.salesforce_changes import ANY, GAP, Change, Told, changes

SOURCE: Final = "/salesforce"
OTHER: Final = "other"
_WITHOUT_EVENTS: Final = frozenset(
    {"account", "asset", "campaign", "campaignmember", "contact", "contract", "event", "order", "product2"}
    | {"task", "user"}
)
"""Entities that are named among what is ignored; the rest is `other`."""


class Step(NamedTuple):
    """What a change says of each of its records; `event` is the part of the event's id that names it."""

    event: str
    type: str
    data: Mapping[str, Any]


Steps = Iterator[Step]
_OWN_IDS: Final = {"crm.record.removed": "id", "crm.customer.activated": ""}
"""The field that names the record, where it is not the subject's own: none of an event of the customer."""


class Entity(NamedTuple):
    subject: str
    """What its records are in the contract: lead, deal or ticket."""
    steps: Callable[[Told, Change, Any], Steps]


def mapped(payload: object, mapping: Salesforce) -> Mapped:
    """The events of a payload; nothing is raised, whatever it is."""
    found = Mapped()
    read: list[Change] = []
    for change in changes(payload):
        found.faults.append(change) if isinstance(change, Fault) else read.append(change)
    for change in sorted(read, key=lambda change: (change.time_ms, change.commit, change.number)):
        _add(found, change, mapping)
    return found


def _add(found: Mapped, change: Change, mapping: Salesforce) -> None:
    entity = _ENTITIES.get(change.entity)
    if change.kind.startswith(GAP):
        found.gaps[change.entity if entity else OTHER] += len(change.record_ids)
    elif entity is None:
        found.ignored[change.entity if change.entity in _WITHOUT_EVENTS else OTHER] += len(change.record_ids)
    else:
        _add_records(found, change, entity, getattr(mapping, change.entity), mapping)


def _add_records(
    found: Mapped, change: Change, entity: Entity, its: SalesforceEntity, mapping: Salesforce
) -> None:
    told = change.told(
        (*filter(None, [its.customer]), *map(field_of, its.dimensions.values()), *its.enriched)
    )
    steps = list(_steps(told, change, entity, its, mapping))
    names = list(_left_out(told, change, its, mapping))
    customer = told.id(its.customer)
    found.faults += told.faults.values()
    if its.customer in told.faults:  # nobody knows the key
        return
    for record in change.record_ids:
        if record.endswith(ANY):
            found.gaps[change.entity] += 1
            continue
        found.drafts += (_draft(change, entity.subject, record, customer, step) for step in steps)
        for name in names or ([] if steps else [change.kind.lower()]):
            found.ignored[f"{change.entity}.{name}"] += 1


# -- What no event can tell -------------------------------------------------------------------------------

CUSTOMER_CHANGED: Final = "customer_changed"
"""The customer is the key: earlier and later events of the record do not meet any more."""
OTHER_CURRENCY: Final = "other_currency"
"""Amounts of the deal that come without a currency are not in the mapping's, or no more in the one before."""


def _left_out(told: Told, change: Change, its: SalesforceEntity, mapping: Salesforce) -> Iterator[str]:
    """Names of what makes numbers wrong; also of a change that has events."""
    if change.kind == "UPDATE" and its.customer in change.changed | change.nulled:
        yield CUSTOMER_CHANGED
    if change.entity == "opportunity" and _is_in_other_currency(told, change, its, mapping):
        yield OTHER_CURRENCY


def _is_in_other_currency(told: Told, change: Change, its: SalesforceEntity, mapping: Salesforce) -> bool:
    has_changed = _CURRENCY in change.changed
    if has_changed and _AMOUNT not in told:
        return True
    currency = told.text(_CURRENCY)
    is_other = currency is not None and currency.upper() != mapping.currency
    return is_other and (change.creates or has_changed) and _CURRENCY not in its.enriched


def _draft(change: Change, subject: str, record: str, customer: str | None, step: Step) -> Draft:
    ids = {"customer_id": prefixed(customer or f"{subject}:{record}")}
    if own := _OWN_IDS.get(step.type, f"{subject}_id"):
        ids = {own: prefixed(record), **ids}
    id_ = f"{change.key}/{record}/{step.event}"
    return Draft(SOURCE, id_, step.type, values.rfc3339(change.time_ms) or "", {**ids, **step.data})


def prefixed(id_: str) -> str:
    return f"salesforce:{id_}"


# -- Steps ------------------------------------------------------------------------------------------------


def _steps(told: Told, change: Change, entity: Entity, its: SalesforceEntity, mapping: Salesforce) -> Steps:
    """The steps of a change, each with the dimensions that it tells."""
    if change.kind == "DELETE":
        yield Step("removed", "crm.record.removed", {"entity": entity.subject})
        return
    if change.kind == "UNDELETE":
        return
    dimensions = members(its.dimensions, told.text)
    made = False
    for step in entity.steps(told, change, mapping):
        made = True
        yield step._replace(data={**step.data, **dimensions})
    if not made and any(field_of(its.dimensions[name]) in change.changed for name in dimensions):
        yield Step("described", f"crm.x.{entity.subject}.described", dimensions)


def _lead(told: Told, change: Change, mapping: Salesforce) -> Steps:
    its: SalesforceLead = mapping.lead
    owner, status = told.id("OwnerId"), told.text("Status")
    owned = _there({"owner_id": owner and prefixed(owner)})
    if change.creates:
        origin = values.looked_up(told.text("LeadSource"), its.origins)
        yield Step("created", "crm.lead.created", _there({"origin": origin, **owned}))
    elif owned:
        yield Step("assigned", "crm.lead.assigned", owned)
    if values.is_one_of(status, its.contacted):
        contact = {"actor_kind": "human", "direction": "outbound"}
        yield Step("contacted", "crm.lead.contacted", contact)
    if stage := values.looked_up(status, its.qualified):
        yield Step("qualified", "crm.lead.qualified", {"stage": stage})
    if values.is_one_of(status, its.disqualified):
        yield Step("disqualified", "crm.lead.disqualified", {"reason": status})
    if told.flag("IsConverted"):
        deal = told.id("ConvertedOpportunityId")
        yield Step("converted", "crm.lead.converted", _there({"deal_id": deal and prefixed(deal)}))


def _opportunity(told: Told, change: Change, mapping: Salesforce) -> Steps:
    its: SalesforceOpportunity = mapping.opportunity
    stage, owner = told.text("StageName"), told.id("OwnerId")
    amount = _amount(told, mapping)
    outcome = _outcome(told, change, stage, its)
    name = stage and (values.looked_up(stage, its.stages) or stage)
    if change.creates:
        first = {"stage": name, "owner_id": owner and prefixed(owner), **amount}
        yield Step("created", "crm.deal.created", _there(first))
    elif name and not (outcome and _FLAGS.isdisjoint(change.changed)):  # else from one such stage to another
        yield Step("stage_changed", "crm.deal.stage_changed", {"to_stage": name, **amount})
    if amount:  # by itself also beside a win, which it counts above, as above what was told earlier
        yield Step("described", "crm.x.deal.described", {**amount, "revision": change.revision})
    if outcome == "won":
        yield Step("won", "crm.deal.won", amount or {"amount_minor": 0, "currency": mapping.currency})
        if its.activates and told.id(its.customer):  # an account, not the deal itself
            yield Step("activated", "crm.customer.activated", {})
    elif outcome == "lost":
        reason = told.text(its.lost_reason)
        yield Step("lost", "crm.deal.lost", _there({"reason": reason, **amount}))


_FLAGS: Final = frozenset({"IsWon", "IsClosed"})
_AMOUNT: Final = "Amount"
_CURRENCY: Final = "CurrencyIsoCode"


def _outcome(told: Told, change: Change, stage: str | None, its: SalesforceOpportunity) -> str | None:
    """Won, lost, or neither: by the stages of the mapping, else by the flags.

    Mostly those are told that changed: what has become closed without becoming won is lost, and so is what
    has ceased to be won without being opened.
    """
    for outcome, names in (("won", its.won), ("lost", its.lost)):
        if values.is_one_of(stage, names):
            return outcome
    is_won, is_closed = told.flag("IsWon"), told.flag("IsClosed")
    if is_won:
        return "won"
    closed = is_closed and (is_won is False or "IsClosed" in change.changed)
    ceased = "IsWon" in change.changed and is_won is False and is_closed is None
    return "lost" if closed or ceased else None


def _amount(told: Told, mapping: Salesforce) -> dict[str, Any]:
    """Amount and currency, if an amount is told: one that was cleared is 0."""
    if _AMOUNT not in told:
        return {}
    amount, currency = told.amount(_AMOUNT), told.text(_CURRENCY)
    if _AMOUNT in told.faults:
        return {}
    code = (currency or mapping.currency).upper()
    return {"amount_minor": minor(amount, code) if amount is not None else 0, "currency": code}


def _case(told: Told, change: Change, mapping: Salesforce) -> Steps:
    its: SalesforceCase = mapping.case
    status, is_closed = told.text("Status"), told.flag("IsClosed")
    has_moved = status is not None or "IsClosed" in change.changed
    if change.creates:
        first = {"priority": told.text("Priority"), "topic": told.text(its.topic)}
        yield Step("created", "crm.ticket.created", _there(first))
    if told.flag("IsEscalated"):
        yield Step("escalated", "crm.ticket.escalated", {})
    if has_moved and (is_closed or values.is_one_of(status, its.resolved)):
        yield Step("resolved", "crm.ticket.resolved", {})
    elif has_moved and not change.creates:
        yield Step("reopened", "crm.ticket.reopened", {})


def _there(data: Mapping[str, Any]) -> dict[str, Any]:
    """What has a value."""
    return {name: value for name, value in data.items() if value is not None and value != ""}


_ENTITIES: Final = {
    "lead": Entity("lead", _lead),
    "opportunity": Entity("deal", _opportunity),
    "case": Entity("ticket", _case),
}
