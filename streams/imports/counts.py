"""What became of the rows of a file."""

import dataclasses
from dataclasses import dataclass

from schemas.imports import ImportMapping


@dataclass(slots=True)
class Fault:
    """Events that were skipped for one reason."""

    type: str
    reason: str
    field: str | None
    count: int = 0
    examples: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    """(row, message) of the first ones."""


@dataclass(slots=True)
class Counts:
    """Of the rows up to one of them."""

    rows: int = 0
    events: dict[str, int] = dataclasses.field(default_factory=dict)
    """Of each event of the mapping, by its name: how many. 0 may be a fault in its `when`."""
    older: int = 0
    """Events from before the time that the import was to begin at."""
    faults: list[Fault] = dataclasses.field(default_factory=list)

    repeated: int = 0
    """Events with source and id of an earlier one of the same run: of such only one counts."""
    unreadable: int = 0
    """Lines that are no rows; known when all of the file was read."""

    @property
    def accepted(self) -> int:
        return sum(self.events.values())

    @property
    def refused(self) -> int:
        return sum(fault.count for fault in self.faults)

    @property
    def skipped(self) -> int:
        """Events that were refused, and lines that are no rows."""
        return self.refused + self.unreadable


def named_events(mapping: ImportMapping) -> list[str]:
    """What the mapping's events are called: type, and place where several are of one type."""
    types = [event.type for event in mapping.events]
    return [type_ if types.count(type_) == 1 else f"{type_} (events.{at})" for at, type_ in enumerate(types)]
