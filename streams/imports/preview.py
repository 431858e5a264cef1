"""What an import would do: its first events, counts, what is skipped and why, and what is not used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas.imports import EventMapping
from streams.engine.decode import Event
from streams.engine.panes import DAY, KEEP_MS
from streams.imports.counts import Counts
from streams.imports.database import ROWS, Database, Lines, Unreadable, database
from streams.imports.job import Job
from streams.imports.judging import Judge
from streams.imports.mapping import columns_of
from streams.imports.query import lines_query
from streams.imports.run import Watcher


@dataclass(slots=True)
class Seen:
    """What there was among the events that would be written."""

    firsts: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Event type -> row and line of its first event."""
    first_ms: int | None = None
    last_ms: int | None = None
    old: int = 0
    """Events that are older than a worker remembers."""

    def see(self, events: Sequence[Event]) -> None:
        for event in events:
            self.firsts.setdefault(event.type, (event.record.offset, event.record.value))
            self.old += event.time_ms < event.now_ms - KEEP_MS[DAY]
        times = [event.time_ms for event in events]
        known = [time_ms for time_ms in (self.first_ms, self.last_ms) if time_ms is not None]
        if times:
            self.first_ms, self.last_ms = min(times + known), max(times + known)


@dataclass(frozen=True, slots=True)
class Preview:
    """Of one file."""

    about: str
    """How it is read, in words."""
    counts: Counts
    seen: Seen
    no_event: int
    """Rows that no event is made of."""
    unused: Sequence[str]
    """Columns that the mapping does not read."""
    unreadable: Sequence[Unreadable]


def preview(path: Path, job: Job, watcher: Watcher) -> Preview:
    """What would become of the rows of a file. BadFile and MappingError as of an import."""
    with (
        TemporaryDirectory(prefix="kpi-import-") as scratch,
        database(path, job.checked, job.directory, Path(scratch)) as rows,
    ):
        return _of_rows(rows, job, watcher)


def _of_rows(rows: Database, job: Job, watcher: Watcher) -> Preview:
    judge, seen, no_event = Judge(job, Counts()), Seen(), 0
    watcher.begin(rows.input.source, rows.rows)
    for batch in rows.batches(lines_query(job.checked, ROWS, rows.columns, job.plan)):
        events, _ = judge.judge(batch)
        seen.see(events)
        no_event += _empty(batch)
        watcher.advance(len(batch), len(events))
    unreadable, mapped = rows.unreadable(), job.checked.mapping.events
    return Preview(
        about=rows.input.about,
        counts=judge.counts(),
        seen=seen,
        no_event=no_event,
        unused=_unused(rows, mapped),
        unreadable=unreadable,
    )


def _empty(batch: Sequence[Lines]) -> int:
    return sum(not any(lines) for lines in batch)


def _unused(rows: Database, events: Sequence[EventMapping]) -> list[str]:
    used = {name for event in events for _, name in columns_of(event)}
    return [name for name in rows.columns if name not in used]
