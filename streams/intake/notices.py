"""HubSpot's notices as they are posted: what happened to which object, and when.

    notices(payload) -> Notice | Ignored | Fault, one by one

A payload is an array of notices, or one alone. Those of the newer platform say `object.creation` and the type
of the object beside it; they are read as the older `contact.creation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from streams.intake import values
from streams.intake.drafts import Fault, Unreadable

_ENTITIES: Final = ("contact", "company", "deal", "ticket", "product", "line_item", "conversation", "object")
_HAPPENINGS: Final = (
    *("creation", "deletion", "propertyChange", "merge", "restore", "associationChange", "privacyDeletion"),
    "newMessage",
)
_NAMES: Final = {
    f"{entity}.{happening}".lower(): f"{entity}.{happening}"
    for entity in _ENTITIES
    for happening in _HAPPENINGS
}
"""All that can be ignored under a name of its own, by its name in lower case."""
OTHER: Final = "other"
_LONGEST_ID: Final = 40
_OBJECT: Final = "object."
_OBJECT_TYPES: Final = {"0-1": "contact.", "0-2": "company.", "0-3": "deal.", "0-5": "ticket."}
"""https://developers.hubspot.com/docs/guides/crm/understanding-the-crm#object-type-ids"""
_TOLD: Final = frozenset(
    f"{entity}.{happening}"
    for entity in ("contact", "deal", "ticket")
    for happening in ("creation", "deletion", "propertyChange")
) | {"contact.privacyDeletion"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of one object. `happening` is such as `deal.propertyChange`."""

    path: str
    happening: str
    portal: str
    object_id: str
    time_ms: int
    key: str
    """Names the change within its portal, whichever attempt to deliver it this is."""
    changed: str
    """The property, in lower case; empty where none changed."""
    told: object
    """What stands there as its value: of most properties nobody asks."""
    source: str
    """Who changed it, in upper case, such as CRM_UI."""

    @property
    def entity(self) -> str:
        """contact, deal or ticket."""
        return self.happening.partition(".")[0]

    @property
    def value(self) -> str:
        """The property's value, which HubSpot writes as a text; empty when it was cleared."""
        if self.told is None or (isinstance(self.told, str) and not self.told.strip()):
            return ""
        told = str(self.told).lower() if isinstance(self.told, bool | float) else self.told
        found = values.text(told)
        if found is None:
            raise self.unreadable(f"a text of at most {values.MAX_TEXT} characters")
        return found

    def unreadable(self, wanted: str) -> Unreadable:
        """What to raise when the value is not as it should be."""
        return Unreadable(_inside(self.path, "propertyValue"), f"{self.changed} should be {wanted}")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A notice of which there is no event, by a name of a closed set."""

    name: str


def notices(payload: object) -> Iterator[Notice | Ignored | Fault]:
    """Each notice of a payload, or what is wrong with it."""
    if not isinstance(payload, list):
        yield _noticed("", payload)
        return
    for at, one in enumerate(payload):
        yield _noticed(f"[{at}]", one)


def _noticed(path: str, one: object) -> Notice | Ignored | Fault:
    if not isinstance(one, dict):
        return Fault(path, "a notice is a JSON object; HubSpot posts an array of them")
    try:
        happening = _happening(path, one)
        return _notice(path, happening, one) if happening in _TOLD else Ignored(happening)
    except Unreadable as unreadable:
        return unreadable.fault


def _happening(path: str, one: dict[str, Any]) -> str:
    told = values.text(one.get("subscriptionType"))
    if told is None:
        message = "should be a text such as deal.propertyChange: post HubSpot's notices as they come"
        raise Unreadable(_inside(path, "subscriptionType"), message)
    name = told.lower()
    if name.startswith(_OBJECT):
        type_ = _OBJECT_TYPES.get(values.text(one.get("objectTypeId")) or "", _OBJECT)
        name = type_ + name.removeprefix(_OBJECT)
    return _NAMES.get(name, OTHER)


def _notice(path: str, happening: str, one: dict[str, Any]) -> Notice:
    ids = {name: _id(path, one, name) for name in ("portalId", "subscriptionId", "eventId", "objectId")}
    time_ms = values.whole(one.get("occurredAt"))
    if time_ms is None or values.rfc3339(time_ms) is None:
        message = "should be a time in milliseconds since 1970, as HubSpot writes it, before the year 2200"
        raise Unreadable(_inside(path, "occurredAt"), message)
    changes = happening.endswith(".propertyChange")
    return Notice(
        path=path,
        happening=happening,
        portal=ids["portalId"],
        object_id=ids["objectId"],
        time_ms=time_ms,
        key="/".join((ids["subscriptionId"], ids["eventId"], ids["objectId"], str(time_ms))),
        changed=_property(path, one).lower() if changes else "",
        told=one.get("propertyValue"),
        source=(values.text(one.get("changeSource")) or "").upper(),
    )


def _id(path: str, one: dict[str, Any], name: str) -> str:
    found = values.text(one.get(name), _LONGEST_ID)
    if found is None:
        message = f"should be HubSpot's number, or a text of at most {_LONGEST_ID} characters"
        raise Unreadable(_inside(path, name), f"is missing, and {message}" if name not in one else message)
    return found


def _property(path: str, one: dict[str, Any]) -> str:
    found = values.text(one.get("propertyName"))
    if found is None:
        raise Unreadable(_inside(path, "propertyName"), "should be the name of the property that changed")
    return found


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
