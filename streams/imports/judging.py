"""Lines judged as the worker will judge them: by the decoder of the catalog in force."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.imports import ImportMapping
from streams.engine.decode import Decoder, Event, Reject
from streams.imports.database import Lines

EXAMPLES: Final = 3
"""So many rows are kept of each fault."""


class Line(NamedTuple):
    """An event's line as a record that is not yet one."""

    offset: int
    """The number of the row, from 1."""
    value: bytes
    event: int
    """Which of the mapping's events it is."""
    timestamp: int
    key: None = None
    headers: tuple[()] = ()


class FaultKey(NamedTuple):
    """What is counted together."""

    type: str
    reason: str
    field: str | None


@dataclass(slots=True)
class Fault:
    """Events that were skipped for one reason."""

    count: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)
    """(row, message) of the first ones."""


class Judge:
    """Counts what it judges; `now_ms` is when the records will have been published."""

    def __init__(self, decoder: Decoder, mapping: ImportMapping, now_ms: int) -> None:
        self._decoder = decoder
        self._mapping = mapping
        self._now_ms = now_ms
        self.rows = 0
        self.events: Counter[str] = Counter()
        self.faults: dict[FaultKey, Fault] = {}

    def judge(self, rows: Sequence[Lines]) -> tuple[list[Event], list[Reject]]:
        """The events of the next rows, in the order of the rows, and what of them cannot be counted."""
        now_ms = self._now_ms
        lines = [
            Line(row, line.encode(), event, now_ms)
            for row, lines in enumerate(rows, self.rows + 1)
            for event, line in enumerate(lines)
            if line is not None
        ]
        self.rows += len(rows)
        events, rejects = self._decoder.decode(lines)
        self.events.update(event.type for event in events)
        for reject in rejects:
            self._count(reject)
        return events, rejects

    def _count(self, reject: Reject) -> None:
        line = reject.record
        assert isinstance(line, Line)
        key = FaultKey(self._mapping.events[line.event].type, reject.reason, reject.field)
        fault = self.faults.setdefault(key, Fault())
        fault.count += 1
        if len(fault.examples) < EXAMPLES:
            fault.examples.append((line.offset, reject.message))
