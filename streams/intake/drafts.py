"""What a mapper makes of a vendor's payload: events, what it leaves out, and what it cannot read.

Bad is a value here: a mapper raises for no payload, whatever stands in it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec


class Draft(NamedTuple):
    """An event as a mapper makes it. Whether it keeps to the contract the worker judges, as of all others.

    `id` is made of the vendor's own: a redelivery is the same event.
    """

    source: str
    id: str
    type: str
    time: str
    """RFC 3339."""
    data: Mapping[str, Any]

    def line(self) -> bytes:
        """The structured mode's value."""
        return msgspec.json.encode({"specversion": "1.0", **self._asdict()})


class Fault(NamedTuple):
    """What stands in a payload and cannot be read."""

    path: str
    """Such as `[3].objectId` or `detail.id`."""
    message: str


class Unreadable(Exception):
    """Carries a fault out of what reads a payload; a mapper lets none out."""

    def __init__(self, path: str, message: str) -> None:
        self.fault = Fault(path, message)
        super().__init__(message)


@dataclass(slots=True)
class Mapped:
    """`drafts` are in the order in which they happened, whatever the order of the payload."""

    drafts: list[Draft] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    """What this mapping has no event for -> how many, such as `contact.merge`: a closed set of names."""
    gaps: Counter[str] = field(default_factory=Counter)
    """Kind of record -> how many changes the vendor says that it has lost."""
    faults: list[Fault] = field(default_factory=list)
