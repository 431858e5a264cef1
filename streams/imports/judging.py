"""Lines judged as the worker will judge them: by the decoder of the catalog in force."""

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Final, NamedTuple

import msgspec

from streams.engine.decode import Event, Reject
from streams.imports.conditions import UNDECIDED
from streams.imports.counts import Counts, Fault, named_events
from streams.imports.database import Lines
from streams.imports.explaining import Why, explained, undecided
from streams.imports.job import Job

EXAMPLES: Final = 3
"""So many rows are kept of each fault."""
TOLD_APART: Final = 2_000_000
"""Of so many events it is found out whether they are the same as another one."""
_UNDECIDED: Final = UNDECIDED.encode()


class Line(msgspec.Struct, frozen=True, gc=False):
    """An event's line as a record that is not yet one."""

    offset: int
    """The number of the row, from 1."""
    value: bytes
    event: int
    """Which of the mapping's events it is."""
    timestamp: int
    key: None = None
    headers: tuple[()] = ()


class Refused(NamedTuple):
    """An event that is skipped."""

    row: int
    type: str
    reason: str
    field: str | None
    message: str
    line: bytes


class Judge:
    """Judges the rows of a file, one batch after the other, and counts. `before`: of the rows before."""

    def __init__(self, job: Job, before: Counts) -> None:
        self._job = job
        self._rows, self._older, self._repeated = before.rows, before.older, before.repeated
        self._digests: set[int] = set()
        self._names = named_events(job.mapping)
        self._events = Counter({name: before.events.get(name, 0) for name in self._names})
        self._faults = {(one.type, one.reason, one.field): one for one in deepcopy(before.faults)}

    def judge(self, rows: Sequence[Lines]) -> tuple[list[Event], list[Refused]]:
        """The events of the next rows, in the order of the rows, and what of them cannot be counted."""
        now_ms = self._job.now_ms
        lines = [
            Line(row, line, event, now_ms)
            for row, lines in enumerate(rows, self._rows + 1)
            for event, line in enumerate(lines)
            if line is not None
        ]
        self._rows += len(rows)
        found, rejects = self._job.plan.decoder.decode(lines)
        events = self._new_enough(found)
        self._tell_apart(events)
        names = self._names
        self._events.update([names[event.record.event] for event in events])
        return events, [self._refused(reject) for reject in rejects]

    def counts(self) -> Counts:
        """Of all rows up to now."""
        faults = list(self._faults.values())
        return Counts(self._rows, dict(self._events), self._older, faults, self._repeated)

    def _tell_apart(self, events: Sequence[Event]) -> None:
        if len(self._digests) < TOLD_APART:
            known = len(self._digests)
            self._digests.update([event.digest for event in events])
            self._repeated += len(events) - (len(self._digests) - known)

    def _new_enough(self, events: list[Event]) -> list[Event]:
        since_ms = self._job.since_ms
        if since_ms is None:
            return events
        newer = [event for event in events if event.time_ms >= since_ms]
        self._older += len(events) - len(newer)
        return newer

    def _refused(self, reject: Reject) -> Refused:
        line = reject.record
        assert isinstance(line, Line)
        event = self._job.mapping.events[line.event]
        why = Why(reject.reason, reject.field, explained(event, reject))
        if line.value.startswith(_UNDECIDED):
            why = undecided(line.value)
        refused = Refused(line.offset, event.type, *why, line.value)
        fault = self._faults.setdefault(key := (event.type, why.reason, why.field), Fault(*key))
        fault.count += 1
        if len(fault.examples) < EXAMPLES:
            fault.examples.append((line.offset, why.message))
        return refused
