"""Salesforce's change events as they are posted: what changed of which records, when, and in which order.

    changes(payload) -> Change | Fault, one by one

A payload is one event or an array of them, each the bare event (`ChangeEventHeader` beside the fields), that
of Pub/Sub API (`{"payload": .., "replayId": ..}`) or of CometD (`{"data": {"payload": .., "event": ..}}`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from streams.intake import values
from streams.intake.drafts import Fault

_HEADER: Final = "ChangeEventHeader"
KINDS: Final = frozenset({"CREATE", "UPDATE", "DELETE", "UNDELETE"})
GAP: Final = "GAP_"
"""What changes begin with of which Salesforce tells no more than that they were."""
ANY: Final = "*"
"""The end of a record id that stands for all records of a kind."""
_BITMAP: Final = re.compile(r"^(\d+-)*0x[0-9A-Fa-f]*$")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of some records of one entity. `entity` is in lower case, `kind` in upper case."""

    path: str
    entity: str
    kind: str
    record_ids: tuple[str, ...]
    key: str
    """Names the change: no other of this org has it."""
    time_ms: int
    order: tuple[int, int]
    """Of changes at the same time: commit number, number within the transaction."""
    fields: Mapping[str, Any]
    """All that stands in the event, those inside compound fields as `Name.FirstName` too."""
    changed: frozenset[str]
    nulled: frozenset[str]

    @property
    def creates(self) -> bool:
        return self.kind == "CREATE"

    def told(self, enriched: Iterable[str]) -> "Told":
        """The fields that may be read: those that changed, and of the others the enriched ones."""
        if self.creates:
            return Told(self.path, {name: one for name, one in self.fields.items() if one is not None})
        read: dict[str, Any] = dict.fromkeys(self.nulled)
        read |= {name: self.fields[name] for name in self.changed if name in self.fields}
        read |= {name: self.fields[name] for name in enriched if self.fields.get(name) is not None}
        return Told(self.path, read)


_T = TypeVar("_T")


class Told:
    """Reads fields of a change; of those that hold something else than they should, `faults` tell."""

    def __init__(self, path: str, fields: Mapping[str, Any]) -> None:
        self.path = path
        self.fields = fields
        self.faults: dict[str, Fault] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def text(self, name: str | None) -> str | None:
        return self._read(name, values.text, f"a text of at most {values.MAX_TEXT} characters")

    def id(self, name: str | None) -> str | None:
        return self._read(name, _id, f"an id of at most {values.MAX_ID} characters")

    def flag(self, name: str) -> bool | None:
        return self._read(name, values.flag, "true or false")

    def amount(self, name: str) -> Decimal | None:
        return self._read(name, _amount, "an amount from 0 on")

    def _read(self, name: str | None, reader: Callable[[object], _T | None], kind: str) -> _T | None:
        value = self.fields.get(name) if name else None
        if name is None or value is None or value == "":
            return None
        found = reader(value)
        if found is None:
            message = f"{name} should be {kind}, as Salesforce's JSON has it: without Avro's type around it"
            self.faults[name] = Fault(f"{self.path}.{name}" if self.path else name, message)
        return found


def changes(payload: object) -> Iterator[Change | Fault]:
    """Each change of a payload, or what is wrong with it."""
    many = payload if isinstance(payload, list) else [payload]
    for at, one in enumerate(many):
        yield _change(f"[{at}]" if isinstance(payload, list) else "", one)


def _change(path: str, event: object) -> Change | Fault:
    for wrapper in ("data", "payload"):
        if isinstance(event, dict) and _HEADER not in event and wrapper in event:
            event, path = event[wrapper], _inside(path, wrapper)
    header = event.get(_HEADER) if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(header, dict):
        return Fault(_inside(path, _HEADER), f"a change event has an object {_HEADER}; post events as JSON")
    return _read(path, _inside(path, _HEADER), header, _flat(event))


def _read(path: str, at: str, header: Mapping[str, Any], fields: Mapping[str, Any]) -> Change | Fault:
    entity = values.text(header.get("entityName"), values.MAX_ID)
    kind = (values.text(header.get("changeType"), values.MAX_ID) or "").upper()
    record_ids = _texts(header.get("recordIds"), values.MAX_ID)
    key, number = (
        values.text(header.get("transactionKey"), values.MAX_ID),
        values.whole(header.get("sequenceNumber")),
    )
    time_ms = values.whole(header.get("commitTimestamp"))
    changed, nulled = (_texts(header.get(name) or []) for name in ("changedFields", "nulledFields"))
    for name, is_right, should in (
        ("entityName", entity, "the name of an object, such as Lead"),
        ("changeType", kind in KINDS or kind.startswith(GAP), "CREATE, UPDATE, DELETE, UNDELETE or GAP_.."),
        ("recordIds", record_ids, "a list of record ids"),
        ("transactionKey", key, "the id of the transaction"),
        ("sequenceNumber", number is not None, "a whole number"),
        ("commitTimestamp", values.rfc3339(time_ms), "milliseconds since 1970"),
        ("changedFields", changed is not None, "a list of names of fields"),
        ("nulledFields", nulled is not None, "a list of names of fields"),
    ):
        if not is_right:
            return Fault(_inside(at, name), f"{name} should be {should}")
    assert entity and record_ids and time_ms is not None and changed is not None and nulled is not None
    if any(map(_BITMAP.match, (*changed, *nulled))):
        message = "Pub/Sub API sends bitmaps; let the relay make names of them (docs/intake/salesforce.md)"
        return Fault(_inside(at, "changedFields"), message)
    return Change(
        path=path,
        entity=entity.lower(),
        kind=kind,
        record_ids=tuple(dict.fromkeys(record_ids)),
        key=f"{key}/{number}",
        time_ms=time_ms,
        order=(values.whole(header.get("commitNumber")) or 0, number or 0),
        fields=fields,
        changed=frozenset(changed),
        nulled=frozenset(nulled),
    )


def _texts(value: object, longest: int = values.MAX_TEXT) -> list[str] | None:
    """A list of texts; None when something else is in it."""
    if not isinstance(value, list):
        return None
    found = [text for one in value if (text := values.text(one, longest)) is not None]
    return found if len(found) == len(value) else None


def _flat(event: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event by name; of compound fields their parts as well."""
    fields = {name: value for name, value in event.items() if name != _HEADER}
    for name, value in list(fields.items()):
        if isinstance(value, dict):
            fields |= {f"{name}.{part}": inner for part, inner in value.items()}
    return fields


def _id(value: object) -> str | None:
    return values.text(value, values.MAX_ID)


def _amount(value: object) -> Decimal | None:
    found = values.number(value)
    return found if found is not None and found >= 0 else None


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
