"""Why an event is refused, in the words of the file that it was made of."""

import re
from typing import Any, Final, NamedTuple

import msgspec

from schemas.imports import EventMapping, Value
from streams.engine.decode import Reject

_DATA: Final = "data."
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T")


class Why(NamedTuple):
    reason: str
    field: str | None
    message: str


def undecided(line: bytes) -> Why:
    """Of a row of which `when` cannot be said, as its line tells."""
    ((column, cell),) = msgspec.json.decode(line)["when"].items()
    remedy = "make it one under `rows`, or name it under `nulls` if it is no value"
    return Why("wrong_type", "when", f"when: {cell!r} in column {column} is no number: {remedy}")


def explained(event: EventMapping, reject: Reject) -> str:
    """The decoder's message, with the columns that the field is made of, and what they say."""
    value = _value(event, reject.field or "")
    if value is None:
        return reject.message
    columns = list(dict.fromkeys(name for _, name in value.columns()))
    if not columns:
        return reject.message
    named = f"column{'s' if len(columns) > 1 else ''} {', '.join(columns)}"
    if reject.reason == "missing_field":
        return f"{reject.field}: nothing in {named}"
    said = _said(reject)
    if reject.reason == "bad_time" and not _TIME.match(str(said)):  # a cell that could not be read
        return f"{reject.field}: {said!r} in {named} is not a time {_as(value.format)}"
    return f"{reject.message}; {named}: {said!r}"


def _as(format_: str | None) -> str:
    if format_ is not None:
        return f"as {format_}"
    return "as in ISO 8601; say under `format` how it is written, such as %d.%m.%Y"


def _value(event: EventMapping, field: str) -> Value | None:
    """What a field is made of."""
    if field.startswith(_DATA):
        return event.data.get(field.removeprefix(_DATA))
    return {"id": event.id, "time": event.time}.get(field)


def _said(reject: Reject) -> Any:
    """What stands in the line in that field."""
    found: Any = msgspec.json.decode(reject.record.value or b"{}")
    for name in (reject.field or "").split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
