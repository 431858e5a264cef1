"""HubSpot's notices to events of leads, deals and tickets.

A notice names one object and at most one of its properties: no customer of a deal, no amount with its stage.
So a deal and a ticket are relationships of their own, a win says 0, and what was told of the amount, before
or after, counts above that (`crm.x.deal.described`).

A move into a closed stage is the win or the loss itself, and no change of stage beside it: a deal that moves
on from one stage that means won to another stays won since the first.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.intake.hubspot import HubSpot, HubSpotDeal, HubSpotObject, Meaning
from streams.intake import values
from streams.intake.drafts import Draft, Fault, Mapped, Unreadable
from streams.intake.members import members
from streams.intake.minor_units import minor
from streams.intake.notices import Ignored, Notice, notices


class Step(NamedTuple):
    """What a notice says; `event` is the part of the event's id that tells the steps of a notice apart."""

    event: str
    type: str
    data: Mapping[str, Any]


Steps = Iterator[Step | Ignored]


def mapped(payload: object, mapping: HubSpot) -> Mapped:
    """The events of a payload; nothing is raised, whatever it is."""
    found = Mapped()
    for one in notices(payload):
        if isinstance(one, Notice):
            _add_steps(found, one, mapping)
        else:
            _add_unmapped(found, one)
    found.drafts.sort(key=lambda draft: (draft.time, draft.source, draft.id, draft.line()))
    return found


def _add_unmapped(found: Mapped, one: Fault | Ignored) -> None:
    if isinstance(one, Fault):
        found.faults.append(one)
    else:
        found.ignored[one.name] += 1


def _add_steps(found: Mapped, notice: Notice, mapping: HubSpot) -> None:
    try:
        steps = list(_STEPS[notice.happening](notice, mapping)) or [Ignored(notice.happening)]
    except Unreadable as unreadable:
        found.faults.append(unreadable.fault)
        return
    for step in steps:
        if isinstance(step, Step):
            found.drafts.append(_draft(notice, step))
        else:
            _add_unmapped(found, step)


# -- Events -----------------------------------------------------------------------------------------------

_SUBJECTS: Final = {"contact": "lead", "deal": "deal", "ticket": "ticket"}
_OWN_IDS: Final[Mapping[str, str]] = {
    "crm.record.removed": "id",
    "crm.erasure.requested": "request_id",
    "crm.customer.activated": "customer_id",
    "crm.customer.churned": "customer_id",
}
"""The field that names what an event is about, where it is not the id of lead, deal or ticket."""


def _draft(notice: Notice, step: Step) -> Draft:
    subject = _SUBJECTS[notice.entity]
    of = notice.object_id if subject == "lead" else f"{subject}:{notice.object_id}"
    own = _OWN_IDS.get(step.type, f"{subject}_id")
    ids = {own: prefixed(notice.object_id), "customer_id": prefixed(of)}
    source, id_ = f"/hubspot/{notice.portal}", f"{notice.key}/{step.event}"
    return Draft(source, id_, step.type, values.rfc3339(notice.time_ms) or "", {**ids, **step.data})


def prefixed(id_: str) -> str:
    return f"hubspot:{id_}"


# -- Steps ------------------------------------------------------------------------------------------------


def _lead_created(notice: Notice, mapping: HubSpot) -> Steps:
    origin = values.looked_up(notice.source, mapping.contact.origins)
    yield Step("created", "crm.lead.created", {"origin": origin} if origin else {})


def _created(notice: Notice, mapping: HubSpot) -> Steps:
    yield Step("created", f"crm.{notice.entity}.created", {})


def _removed(notice: Notice, mapping: HubSpot) -> Steps:
    yield Step("removed", "crm.record.removed", {"entity": _SUBJECTS[notice.entity]})


def _erasure(notice: Notice, mapping: HubSpot) -> Steps:
    yield Step("erasure", "crm.erasure.requested", {})


def _contact(notice: Notice, mapping: HubSpot) -> Steps:
    its = mapping.contact
    if table := values.looked_up(notice.changed, its.means):
        for meaning in values.looked_up(notice.value, table) or ():
            yield _meant(meaning, notice)
    if its.owner and values.same(its.owner) == notice.changed and notice.value:
        yield Step("assigned", "crm.lead.assigned", {"owner_id": prefixed(notice.value)})
    yield from _described(notice, its)


def _deal(notice: Notice, mapping: HubSpot) -> Steps:
    its = mapping.deal
    if notice.changed == _DEAL_STAGE and notice.value:
        yield _moved(notice.value, its, mapping.currency)
    if notice.changed == values.same(its.amount):
        yield _amount(notice, mapping.currency)
    if notice.changed == _DEAL_CURRENCY and notice.value.upper() not in ("", mapping.currency):
        yield Ignored(_OTHER_CURRENCY)
    yield from _described(notice, its)


def _ticket(notice: Notice, mapping: HubSpot) -> Steps:
    its = mapping.ticket
    if notice.changed == _TICKET_STAGE and notice.value:
        outcome = "resolved" if values.is_one_of(notice.value, its.resolved) else "reopened"
        yield Step(outcome, f"crm.ticket.{outcome}", {})
    yield from _described(notice, its)


def _described(notice: Notice, its: HubSpotObject) -> Steps:
    """The dimensions that a property tells; nothing is known of them when it was cleared."""
    dimensions = its.told_by.get(notice.changed)
    if dimensions and (told := members(dimensions, lambda _: notice.value or None)):
        yield Step("described", f"crm.x.{_SUBJECTS[notice.entity]}.described", told)


_STEPS: Final[Mapping[str, Callable[[Notice, HubSpot], Steps]]] = {
    "contact.creation": _lead_created,
    "contact.deletion": _removed,
    "contact.privacyDeletion": _erasure,
    "contact.propertyChange": _contact,
    "deal.creation": _created,
    "deal.deletion": _removed,
    "deal.propertyChange": _deal,
    "ticket.creation": _created,
    "ticket.deletion": _removed,
    "ticket.propertyChange": _ticket,
}

# -- What a contact's properties mean ---------------------------------------------------------------------

_MEANT: Final[Mapping[Meaning, tuple[str, Mapping[str, Any]]]] = {
    "mql": ("crm.lead.qualified", {"stage": "mql"}),
    "sql": ("crm.lead.qualified", {"stage": "sql"}),
    "accepted": ("crm.lead.qualified", {"stage": "accepted"}),
    "contacted": ("crm.lead.contacted", {"direction": "outbound"}),
    "disqualified": ("crm.lead.disqualified", {}),
    "converted": ("crm.lead.converted", {}),
    "activated": ("crm.customer.activated", {}),
    "churned": ("crm.customer.churned", {"churn_kind": "unknown"}),
}
_PEOPLE: Final = frozenset({"CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_ANDROID", "MOBILE_IOS", "SALES"})
"""Sources of a change behind which there is a person; behind the others are workflows and integrations."""


def _meant(meaning: Meaning, notice: Notice) -> Step:
    type_, data = _MEANT[meaning]
    if meaning == "contacted":
        data = {**data, "actor_kind": "human" if notice.source in _PEOPLE else "bot"}
    if meaning == "disqualified":
        data = {"reason": notice.value}
    return Step(meaning, type_, data)


# -- Where a deal stands and what it is worth -------------------------------------------------------------

_DEAL_STAGE: Final = "dealstage"
_DEAL_CURRENCY: Final = "deal_currency_code"
_TICKET_STAGE: Final = "hs_pipeline_stage"
_OTHER_CURRENCY: Final = "deal.otherCurrency"
"""The name under which it is counted that a deal has another currency than the mapping says."""


def _moved(stage: str, its: HubSpotDeal, currency: str) -> Step:
    if values.is_one_of(stage, its.won):
        return Step("won", "crm.deal.won", {"amount_minor": 0, "currency": currency})
    if values.is_one_of(stage, its.lost):
        return Step("lost", "crm.deal.lost", {})
    name = values.looked_up(stage, its.stages) or stage
    return Step("stage_changed", "crm.deal.stage_changed", {"to_stage": name})


def _amount(notice: Notice, currency: str) -> Step:
    """An amount that was cleared is 0. The newest counts, also above that of a win without one."""
    amount = values.number(notice.value or 0)
    if amount is None:
        raise notice.unreadable("a decimal number such as 1500.00")
    told = {"amount_minor": minor(amount, currency), "currency": currency, "revision": notice.time_ms}
    return Step("amount", "crm.x.deal.described", told)
