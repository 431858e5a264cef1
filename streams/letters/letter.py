"""A dead letter as people look for it: with the type and the source of the event that it was to be."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from schemas.dead_letter import DeadLetter, Replayed
from streams.engine.decode import structured

MOST: Final = 200
_CE_TYPE: Final = "ce_type"
_CE_SOURCE: Final = "ce_source"


class Original(NamedTuple):
    """The record that a letter is of, as the decoder wants it. `timestamp` is in milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Letter(NamedTuple):
    """A dead letter, and whether it was published again."""

    dead: DeadLetter
    partition: int
    """Of the dead letters' topic, in which it lies."""
    replayed: Replayed | None = None

    @property
    def id(self) -> str:
        return self.dead.record_key()

    def original(self) -> Original:
        dead = self.dead
        headers = [(name, _bytes(text)) for name, text in dead.headers]
        return Original(dead.offset, dead.timestamp_ms, _bytes(dead.key), dead.original(), headers)

    def is_whole(self) -> bool:
        """Whether all of the original value is there."""
        return self.dead.value is not None and self.dead.sha256 is None

    def event(self) -> Mapping[str, Any] | None:
        """The event as far as it is one: a JSON object, put together where it came in binary mode."""
        value = structured(self.original()) if self.is_whole() else None
        return None if value is None else json_object(value)

    def origin(self) -> "Origin":
        """Type and source, as far as they can be read."""
        of_headers = Origin(_text(self.dead.header(_CE_TYPE)), _text(self.dead.header(_CE_SOURCE)))
        if of_headers.type is not None:
            return of_headers
        event = self.event()
        if event is not None:
            return Origin(_text(event.get("type")), _text(event.get("source")))
        value = self.dead.original() or b""
        return Origin(_quoted(b"type", value), _quoted(b"source", value))


class Origin(NamedTuple):
    """What kind of event it was to be, and of which source; None where nothing tells. `MOST` characters."""

    type: str | None
    source: str | None


def json_object(value: bytes) -> dict[str, Any] | None:
    """None for what is no JSON object."""
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _text(value: object) -> str | None:
    return value[:MOST] if isinstance(value, str) else None


def _quoted(name: bytes, value: bytes) -> str | None:
    """The first text of that name in what is no JSON, or not all of it."""
    found = re.search(rb'"' + name + rb'"\s*:\s*"([^"\\]{1,200})"', value)
    return found[1].decode(errors="replace") if found else None
