"""Salesforce's change events as they are posted: what changed of which records, when, and in which order.

    changes(payload) -> Change | Fault, one by one

A payload is one event or an array of them, each the bare event (`ChangeEventHeader` beside the fields), that
of Pub/Sub API (`{"payload": .., "replayId": ..}`) or of CometD (`{"data": {"payload": .., "event": ..}}`).

All changes of a transaction have one time, and a number that orders them. The events are given a time for
each, a millisecond apart, and amounts a revision for each: nothing else tells the engine which came first.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from streams.intake import values
from streams.intake.drafts import Fault, Unreadable

_HEADER: Final = "ChangeEventHeader"
KINDS: Final = frozenset({"CREATE", "UPDATE", "DELETE", "UNDELETE"})
GAP: Final = "GAP_"
"""What changes begin with of which Salesforce tells no more than that they were."""
ANY: Final = "*"
"""The end of a record id that stands for all records of a kind."""
_LATEST_MS: Final = 999
"""How much later than its transaction a change may be said to be."""
_REVISIONS: Final = 100
"""For each millisecond: with 1,000, those of our days would be beyond the contract's 10^15."""
_BITMAP: Final = re.compile(r"^(\d+-)*0x[0-9A-Fa-f]*$")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of some records of one entity. `entity` is in lower case, `kind` in upper case."""

    path: str
    entity: str
    kind: str
    record_ids: tuple[str, ...]
    key: str
    """Names the change: no other of this org has it."""
    committed_ms: int
    """When the transaction was committed: the same for all its changes."""
    commit: int
    """Of transactions at the same time: which came first."""
    number: int
    """Within the transaction, from 1 on."""
    fields: Mapping[str, Any]
    """All that stands in the event, those inside compound fields as `Name.FirstName` too."""
    changed: frozenset[str]
    nulled: frozenset[str]

    @property
    def creates(self) -> bool:
        return self.kind == "CREATE"

    @property
    def time_ms(self) -> int:
        """When it happened: a millisecond for each change of the transaction before it, 999 at most."""
        return self.committed_ms + min(max(self.number - 1, 0), _LATEST_MS)

    @property
    def revision(self) -> int:
        """Orders what is told of one thing: by time, then by number; from the 99th on by `time_ms` alone."""
        return self.committed_ms * _REVISIONS + min(self.number, _REVISIONS - 1)

    def told(self, enriched: Iterable[str]) -> "Told":
        """The fields that may be read: those that changed, and of the others the enriched ones."""
        if self.creates:
            return Told(self.path, {name: one for name, one in self.fields.items() if one is not None})
        read: dict[str, Any] = dict.fromkeys(self.nulled)
        read |= {name: self.fields[name] for name in self.changed if name in self.fields}
        read |= {name: self.fields[name] for name in enriched if self.fields.get(name) is not None}
        return Told(self.path, read)


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
        return self._read(name, values.number, "a number")

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
    if not isinstance(payload, list):
        yield _change("", payload)
        return
    yield from (_change(f"[{at}]", one) for at, one in enumerate(payload))


def _change(path: str, event: object) -> Change | Fault:
    for wrapper in ("data", "payload"):
        if isinstance(event, dict) and _HEADER not in event and wrapper in event:
            event, path = event[wrapper], _inside(path, wrapper)
    header = values.member(event, _HEADER)
    if not isinstance(event, dict) or not isinstance(header, dict):
        return Fault(_inside(path, _HEADER), f"a change event has an object {_HEADER}; post events as JSON")
    try:
        return _read(path, header, _flat(event))
    except Unreadable as unreadable:
        return unreadable.fault


def _read(path: str, header: Mapping[str, Any], fields: Mapping[str, Any]) -> Change:
    """Raises Unreadable."""

    def read(name: str, reader: Callable[[object], _T | None], should_be: str) -> _T:
        found = reader(header.get(name))
        if found is None:
            raise Unreadable(_inside(_inside(path, _HEADER), name), f"{name} should be {should_be}")
        return found

    number = read("sequenceNumber", values.whole, "a whole number")
    kind = read("changeType", _kind, "CREATE, UPDATE, DELETE, UNDELETE or GAP_..")
    return Change(
        path=path,
        entity=read("entityName", _id, "the name of an object, such as Lead").lower(),
        kind=kind,
        record_ids=read("recordIds", _ids_of_gap if kind.startswith(GAP) else _ids, "a list of record ids"),
        key=f"{read('transactionKey', _id, 'the id of the transaction')}/{number}",
        committed_ms=read("commitTimestamp", _time, "milliseconds since 1970"),
        commit=values.whole(header.get("commitNumber")) or 0,
        number=number,
        fields=fields,
        changed=read("changedFields", _names, _NAMES),
        nulled=read("nulledFields", _names, _NAMES),
    )


def _kind(value: object) -> str | None:
    kind = (_id(value) or "").upper()
    return kind if kind in KINDS or kind.startswith(GAP) else None


def _time(value: object) -> int | None:
    time_ms = values.whole(value)
    return time_ms if time_ms is not None and values.rfc3339(time_ms + _LATEST_MS) else None


def _ids(value: object) -> tuple[str, ...] | None:
    """Each once; there is at least one."""
    found = _texts(value, values.MAX_ID)
    return tuple(dict.fromkeys(found)) if found else None


def _ids_of_gap(value: object) -> tuple[str, ...]:
    """What is lost is lost, also where nobody says whose it was."""
    return _ids(value) or (ANY,)


_NAMES: Final = "a list of names of fields; Pub/Sub API sends bitmaps, which the relay has to decode"


def _names(value: object) -> frozenset[str] | None:
    found = _texts(value or [], values.MAX_TEXT)
    return None if found is None or any(map(_BITMAP.match, found)) else frozenset(found)


def _texts(value: object, longest: int) -> list[str] | None:
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


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
