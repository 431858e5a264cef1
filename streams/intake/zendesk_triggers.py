"""What Zendesk's triggers and automations send: JSON of somebody's own, taken if it is an event."""

from typing import Any, Final

import msgspec

from streams.intake.drafts import Draft, Unreadable
from streams.intake.zendesk_events import Own, Text, read, rfc3339

SPOKEN_FOR: Final = ("crm.ticket.", "crm.survey.", "crm.x.")
"""What an event's type may begin with: Zendesk speaks for its own records only."""


class _CloudEvent(msgspec.Struct, frozen=True):
    id: Own
    source: Text
    type: Text
    time: Text
    data: dict[str, Any]


def of_trigger(payload: dict[str, Any]) -> Draft:
    """Unreadable where it is none."""
    event = read(payload, _CloudEvent, "")
    if not event.type.startswith(SPOKEN_FOR):
        raise Unreadable("type", f"begins with none of {', '.join(SPOKEN_FOR)}: POST it to /events instead")
    try:
        msgspec.json.encode(event.data)
    except ValueError as error:  # halves of surrogate pairs, numbers of thousands of digits
        raise Unreadable("data", f"cannot be written as JSON: {error.__class__.__name__}") from None
    return Draft(event.source, str(event.id), event.type, rfc3339(event.time, "time"), event.data)
