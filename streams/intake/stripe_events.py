"""Stripe's events as they come: an object, what of it was otherwise before, when, and whose.

What cannot be read raises `Unreadable`, with the path in the payload.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.intake.fields import Dimensions
from streams.intake import values
from streams.intake.drafts import Draft, Unreadable
from streams.intake.members import members

SOURCE: Final = "/stripe"
OBJECT: Final = "data.object"
BEFORE: Final = "data.previous_attributes"
"""Where the object stands, and what of it was otherwise before."""


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
            raise Unreadable(f"{OBJECT}.{name}", f"{name} should be a text")
        return found

    def time(self, name: str) -> int | None:
        """A time of the object in milliseconds, if it has it."""
        seconds = values.whole(self.object.get(name))
        return None if seconds is None else seconds * 1000

    def currency(self) -> str:
        return self.text("currency").upper()

    def dimensions(self, of: Dimensions) -> dict[str, str]:
        """Dimension -> member, by the paths in the object."""
        return members(of, lambda path: values.text(values.at_path(self.object, path)))

    def ids(self, own: str) -> dict[str, str]:
        """`own`: the field that the object's id has in the contract."""
        return {own: prefixed(self.text("id")), "customer_id": prefixed(self.text("customer"))}

    def draft(self, id_: str, type_: str, time_ms: int, data: Mapping[str, Any]) -> Draft:
        time = values.rfc3339(time_ms)
        if time is None:
            raise Unreadable(OBJECT, "a time in it lies beyond the year 2200")
        return Draft(self.source, id_, type_, time, data)


def read_event(payload: Mapping[str, Any], type_: str) -> Event:
    """Raises Unreadable."""
    id_ = values.text(payload.get("id"), values.MAX_ID)
    if id_ is None:
        raise Unreadable("id", "id should be the event's id, such as evt_1")
    seconds = values.whole(payload.get("created"))
    if seconds is None or values.rfc3339(seconds * 1000) is None:
        raise Unreadable("created", "created should be seconds since 1970")
    object_ = values.at_path(payload, OBJECT)
    if not isinstance(object_, dict):
        raise Unreadable(OBJECT, "an event has an object; thin events have none")
    before = values.at_path(payload, BEFORE)
    return Event(
        id_, type_, _source(payload), seconds * 1000, object_, before if isinstance(before, dict) else {}
    )


def _source(payload: Mapping[str, Any]) -> str:
    """A connected account is a source of its own."""
    account = values.text(payload.get("account"), values.MAX_ID)
    return f"{SOURCE}/{account}" if account else SOURCE


def prefixed(id_: str) -> str:
    return f"stripe:{id_}"


def amount_of(value: object, path: str) -> int:
    """Stripe's minor units. Raises Unreadable."""
    amount = values.number(value)
    if amount is None or amount % 1:
        name = path.rpartition(".")[2]
        raise Unreadable(path, f"{name} should be a whole number of minor units")
    return int(amount)
