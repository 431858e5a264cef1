"""Zendesk's events of tickets -> ours, by the mapping's section.

What a status means depends on the one before, which Zendesk sends along; so nothing is remembered here:
- A ticket that is closed after it was solved is resolved twice. Resolved stays what it was first; but where
  the first message was lost on the way, the second one says that the ticket is not open any more.
- Leaving a status that is resolved for one that is open is a reopening; deleting and archiving are not.
- Where the mapping makes a ticket its requester's, another requester gives its later events another key. No
  event can mend that, so it is counted under a name of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from schemas.intake import Zendesk
from schemas.intake.zendesk import Ending
from streams.intake.drafts import Draft, Fault, Mapped, Unreadable
from streams.intake.zendesk_dimensions import dimensions
from streams.intake.zendesk_events import (
    Happening,
    Id,
    Text,
    Ticket,
    happening,
    is_there,
    rfc3339,
)
from streams.intake.zendesk_triggers import of_trigger
from streams.intake.zendesk_types import type_of

Data = Mapping[str, Any]


def mapped(payload: object, mapping: Zendesk) -> Mapped:
    """Never raises, whatever the payload is. A list of events is read as well: a relay may collect them."""
    result = Mapped()
    for prefix, one in _each(payload):
        try:
            _map(one, mapping, result)
        except Unreadable as unreadable:
            path = ".".join(filter(None, (prefix, unreadable.fault.path)))
            result.faults.append(Fault(path, unreadable.fault.message))
    result.drafts.sort(key=lambda draft: (draft.time, draft.source, draft.id))
    return result


def _each(payload: object) -> Iterator[tuple[str, object]]:
    if isinstance(payload, list):
        yield from ((f"[{at}]", one) for at, one in enumerate(payload))
    else:
        yield "", payload


def _map(payload: Any, mapping: Zendesk, result: Mapped) -> None:
    if isinstance(payload, dict) and "specversion" in payload:
        result.drafts.append(of_trigger(payload))
        return
    domain, type_ = type_of(payload)
    kind = KINDS.get(type_) if domain == "ticket" else None
    drafts = list(kind(happening(payload), mapping)) if kind else []
    if not drafts:
        name = type_ if domain != "ticket" else _ignored(type_, payload, mapping)
        result.ignored[f"{domain}.{name}"] += 1
    result.drafts += drafts


# -- Drafts -----------------------------------------------------------------------------------------------


def _draft(of: Happening, type_: str, data: Data, *, suffix: str = "", time: str | None = None) -> Draft:
    """`suffix` tells apart what one event of Zendesk's becomes."""
    told = {name: value for name, value in data.items() if value is not None}
    return Draft(of.source, of.id + suffix, type_, time or of.time, told)


def _about(of: Happening, mapping: Zendesk) -> Data:
    """What every event of the ticket carries."""
    return {
        **dimensions(of.detail, mapping),
        "ticket_id": _own(of.ticket.id),
        "customer_id": _customer(of, mapping),
    }


def _own(id_: Id) -> str:
    return f"zendesk:{id_}"


def _customer(of: Happening, mapping: Zendesk) -> str:
    whose = _whose(of.ticket, mapping)
    if whose is None:
        message = "is missing, and with it the customer; `customer: ticket` in the mapping needs none"
        raise Unreadable(f"{of.ticket_path}.requester_id", message)
    return whose


def _whose(ticket: Ticket, mapping: Zendesk) -> str | None:
    if mapping.customer == "ticket":
        return f"zendesk:ticket:{ticket.id}"
    if mapping.customer == "organization" and is_there(ticket.organization_id):
        return f"zendesk:organization:{ticket.organization_id}"
    return f"zendesk:{ticket.requester_id}" if is_there(ticket.requester_id) else None


CUSTOMER_CHANGED: Final = "customer_changed"
_OF_CUSTOMERS: Final = {"requester_changed": "requester_id", "organization_changed": "organization_id"}
"""Type -> the field of the ticket that has changed, which may tell the customer."""


def _ignored(type_: str, payload: dict[str, Any], mapping: Zendesk) -> str:
    """The name under which it is counted that there is no event for this one."""
    field = _OF_CUSTOMERS.get(type_)
    if field is None or mapping.customer == "ticket":
        return type_
    of = happening(payload)
    before = msgspec.structs.replace(of.ticket, **{field: of.read(_Change).previous})
    return type_ if _whose(before, mapping) == _whose(of.ticket, mapping) else CUSTOMER_CHANGED


# -- What happens to tickets ------------------------------------------------------------------------------


def _created(of: Happening, mapping: Zendesk) -> Iterator[Draft]:
    ticket = of.ticket
    data = {
        **_about(of, mapping),
        "priority": ticket.priority and ticket.priority.lower(),
        "topic": ticket.type and ticket.type.lower(),
        "created_by": _creator(ticket),
    }
    time = rfc3339(ticket.created_at, f"{of.ticket_path}.created_at") if ticket.created_at else None
    yield _draft(of, "crm.ticket.created", data, time=time)
    if _status(ticket.status) in mapping.resolved:
        yield _draft(of, "crm.ticket.resolved", _about(of, mapping), suffix="/resolved")


def _creator(ticket: Ticket) -> str | None:
    """Who submits a ticket for somebody else is an agent."""
    if ticket.submitter_id is None or ticket.requester_id is None:
        return None
    return "customer" if _same(ticket.submitter_id, ticket.requester_id) else "agent"


def _same(one: Id | None, other: Id | None) -> bool:
    return one is not None and other is not None and str(one) == str(other)


class _StatusChange(msgspec.Struct, frozen=True):
    current: Text
    previous: Text | None = None


def _status_changed(of: Happening, mapping: Zendesk) -> Iterator[Draft]:
    change = of.read(_StatusChange)
    current, previous = _status(change.current), _status(change.previous)
    if current in mapping.resolved:
        yield _draft(of, "crm.ticket.resolved", _about(of, mapping))
    elif current in mapping.open and (previous is None or previous in mapping.resolved):
        yield _draft(of, "crm.ticket.reopened", _about(of, mapping))


def _status(text: str | None) -> str | None:
    return text and text.lower()


class _Author(msgspec.Struct, frozen=True):
    id: Id | None = None
    is_staff: bool | None = None


class _Comment(msgspec.Struct, frozen=True):
    is_public: bool
    author: _Author


class _Commented(msgspec.Struct, frozen=True):
    comment: _Comment


def _commented(of: Happening, mapping: Zendesk) -> Iterator[Draft]:
    comment = of.read(_Commented).comment
    author = comment.author
    is_bot = author.id is not None and str(author.id) in mapping.bots
    data = {
        **_about(of, mapping),
        "actor_kind": "bot" if is_bot else "human",
        "public": comment.is_public,
        "author_role": _role(author, of),
    }
    yield _draft(of, "crm.ticket.replied", data)


def _role(author: _Author, of: Happening) -> str:
    """Who asks is the customer of this ticket, of the staff or not."""
    if _same(author.id, of.ticket.requester_id):
        return "customer"
    if author.is_staff is None:
        raise Unreadable(
            f"{of.path}.comment.author.is_staff", "is missing: nobody can tell agent from customer"
        )
    return "agent" if author.is_staff else "customer"


class _Change(msgspec.Struct, frozen=True):
    current: Id | None = None
    previous: Id | None = None


def _regrouped(of: Happening, mapping: Zendesk) -> Iterator[Draft]:
    group = of.read(_Change).current
    team = mapping.escalated_to.get(str(group)) if group is not None else None
    if team is not None:
        yield _draft(of, "crm.ticket.escalated", {**_about(of, mapping), "to_team": team})


def _ended(by: Ending) -> "Kind":
    def ended(of: Happening, mapping: Zendesk) -> Iterator[Draft]:
        if by in mapping.removed_by:
            who = _customer(of, mapping)
            data = {"entity": "ticket", "id": _own(of.ticket.id), "customer_id": who, "reason": by}
            yield _draft(of, "crm.record.removed", data)

    return ended


# -- Satisfaction -----------------------------------------------------------------------------------------


def _asked(of: Happening, mapping: Zendesk) -> Iterator[Draft]:
    data = {**_about(of, mapping), "invitation_id": _survey(of), "kind": "csat"}
    yield _draft(of, "crm.survey.sent", data)


def _survey(of: Happening) -> str:
    """A ticket has one rating; another one corrects it."""
    return f"zendesk:csat:{of.ticket.id}"


def _rated(of: Happening, mapping: Zendesk) -> Iterator[Draft]:
    rating = of.event.get("satisfaction_score", of.event.get("satisfaction_rating"))
    rating = rating if isinstance(rating, dict) else {"score": rating}
    found = _score(rating.get("score"), mapping)
    if found is not None:
        score, scale = found
        data = {
            **_about(of, mapping),
            "response_id": _survey(of),
            "invitation_id": _survey(of),
            "kind": "csat",
            "score": score,
            "scale_min": scale[0],
            "scale_max": scale[1],
            "has_comment": bool(rating.get("comment")),
        }
        yield _draft(of, "crm.survey.answered", data)


STARS: Final = range(1, 6)
"""The scale of a rating that is a number."""


def _score(rating: object, mapping: Zendesk) -> tuple[int, tuple[int, int]] | None:
    """(score, its scale); None for what is no answer, such as `offered`."""
    if isinstance(rating, str):
        score = mapping.ratings.get(rating.lower())
        return None if score is None else (score, (0, 1))
    if isinstance(rating, int) and rating in STARS and not isinstance(rating, bool):
        return rating, (STARS[0], STARS[-1])
    return None


# -- What becomes of what ---------------------------------------------------------------------------------

Kind = Callable[[Happening, Zendesk], Iterator[Draft]]

KINDS: Final[Mapping[str, Kind]] = {
    "created": _created,
    "status_changed": _status_changed,
    "comment_added": _commented,
    "group_assignment_changed": _regrouped,
    "soft_deleted": _ended("soft_deleted"),
    "permanently_deleted": _ended("permanently_deleted"),
    "marked_as_spam": _ended("marked_as_spam"),
    "merged": _ended("merged"),
    "csat_requested": _asked,
    "csat_received": _rated,
}
