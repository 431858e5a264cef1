"""An import: files in, events out to where they are wanted, and what became of the rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from streams.engine.decode import Event
from streams.engine.plan import Plan
from streams.imports.database import ROWS, Unreadable, database
from streams.imports.judging import Judge
from streams.imports.mapping import CheckedMapping
from streams.imports.query import lines_query


class Sink(Protocol):
    """Where the events go."""

    def write(self, events: Sequence[Event]) -> None: ...


class Watcher(Protocol):
    """Is told how far an import is."""

    def begin(self, path: Path, rows: int | None) -> None:
        """A file is opened; it has about so many rows, if that is known."""

    def advance(self, rows: int, events: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """How files are imported."""

    checked: CheckedMapping
    directory: Path
    """What the mapping's files are relative to."""
    plan: Plan
    now_ms: int
    """When the records will have been published."""


@dataclass(slots=True)
class Imported:
    """What became of one file."""

    path: Path
    judge: Judge
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        """Events that were refused, and lines that are no rows."""
        return len(self.unreadable) + sum(fault.count for fault in self.judge.faults.values())


def import_file(path: Path, job: Job, sink: Sink, watcher: Watcher, go_on: Callable[[], bool]) -> Imported:
    """Every row of a file to its events. BadFile when it cannot be read, MappingError when columns are missing.

    `go_on` is asked after each batch of rows; when it says no, the rest is left.
    """
    mapping = job.checked.mapping
    done = Imported(path, Judge(job.plan.decoder, mapping, job.now_ms))
    with TemporaryDirectory(prefix="kpi-import-") as scratch:
        with database(path, job.checked, job.directory, Path(scratch)) as rows:
            watcher.begin(path, rows.rows)
            for batch in rows.batches(lines_query(job.checked, ROWS, rows.columns, job.plan)):
                events, _ = done.judge.judge(batch)
                sink.write(events)
                watcher.advance(len(batch), len(events))
                if not go_on():
                    return done
            done.unreadable = rows.unreadable()
    return done
