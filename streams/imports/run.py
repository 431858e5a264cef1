"""An import: a file in, events out to where they are wanted, and what became of the rows."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from streams.clock import clock_ms
from streams.engine.decode import Event
from streams.imports.counts import Counts
from streams.imports.database import ROWS, Database, Lines, Unreadable, database
from streams.imports.job import Job
from streams.imports.journal import Journal, Look, OtherRows, Place, Rest, looks
from streams.imports.judging import Judge, Refused
from streams.imports.query import lines_query
from streams.imports.rejects import RejectsFile

SETTLE_S: Final = 2.0
"""So often all that was written is waited for, and noted in the journal."""


class Sink(Protocol):
    """Where events go."""

    def write(self, events: Sequence[Event]) -> None: ...

    def settle(self) -> None:
        """Return when all that was written is safe."""


class Watcher(Protocol):
    """Is told how far an import is."""

    def begin(self, path: Path, rows: int | None, done: int = 0) -> None:
        """A file of about so many rows, if that is known; `done` of them were imported before."""

    def advance(self, rows: int, events: int) -> None: ...


@dataclass(slots=True)
class Imported:
    """What became of one file."""

    path: Path
    counts: Counts
    unreadable: list[Unreadable] = field(default_factory=list)
    """The lines that `counts` speaks of; empty when they were read by an earlier run."""
    is_complete: bool = False
    done_before: int = 0
    """Rows that an earlier run had imported."""
    seconds: float = 0.0

    @property
    def skipped(self) -> int:
        return self.counts.skipped


@dataclass(frozen=True, slots=True)
class _Notes:
    """What is noted of a file that looked like this, if there is a journal."""

    journal: Journal | None
    looks: list[Look]

    def write(self, counts: Counts, digest: str, *, is_done: bool) -> None:
        if self.journal is not None:
            self.journal.write(Place(self.looks, counts, digest, clock_ms(), is_done))


@dataclass(frozen=True, slots=True)
class Import:
    """How events get from files to a sink."""

    job: Job
    sink: Sink
    watcher: Watcher
    go_on: Callable[[], bool]
    """Asked after each batch of rows; when it says no, the rest is left."""
    rejects: RejectsFile | None = None
    """Where what is skipped is written to."""

    def file(self, path: Path, journal: Journal | None = None) -> Imported:
        """Every row of a file to its events, after those of which the journal says that they are done.

        BadFile when it cannot be read, MappingError when columns are missing, and what the sink raises.
        """
        began_s = time.monotonic()
        place = journal.read() if journal else None
        look = looks([path, *self.job.tables()])
        if place and place.is_done and place.looks == look and self.rejects is None:
            return Imported(path, place.counts, is_complete=True, done_before=place.counts.rows)
        with (
            TemporaryDirectory(prefix="kpi-import-") as scratch,
            database(path, self.job.checked, self.job.directory, Path(scratch)) as found,
        ):
            done = self._after(place, path, found, _Notes(journal, look))
        done.seconds = time.monotonic() - began_s
        return done

    def _after(self, place: Place | None, path: Path, found: Database, notes: _Notes) -> Imported:
        """The rows after a place; all of them, when those before it are others by now."""
        rejected = self.rejects.place() if self.rejects else 0
        try:
            return _Rows(self, path, found, notes, place).run()
        except OtherRows:
            if self.rejects is not None:
                self.rejects.back(rejected)
            return _Rows(self, path, found, notes, None).run()


class _Rows:
    """The rows of one file, from a place on."""

    def __init__(self, how: Import, path: Path, found: Database, notes: _Notes, place: Place | None) -> None:
        self._how, self._path, self._found, self._notes = how, path, found, notes
        self._before = place.counts if place else Counts()
        self._judge = Judge(how.job, self._before)
        self._rest = Rest.after(place)

    def run(self) -> Imported:
        """1. write batch after batch, 2. wait until it is safe, 3. only then note it in the journal."""
        found = self._found
        query = lines_query(self._how.job.checked, ROWS, found.columns, self._how.job.plan)
        self._how.watcher.begin(self._path, found.rows, self._before.rows)
        is_complete = self._write(found.batches(query))
        unreadable = found.unreadable() if is_complete else []
        if self._how.rejects is not None:
            self._how.rejects.lines(unreadable)
        counts = replace(self._judge.counts(), unreadable=len(unreadable))
        self._settle(counts, is_done=is_complete)
        return Imported(self._path, counts, unreadable, is_complete, self._before.rows)

    def _write(self, batches: Iterable[Sequence[Lines]]) -> bool:
        """Whether it came to the end."""
        how = self._how
        settled_s = time.monotonic()
        for batch in self._rest.of(batches, self._rejected_before()):
            events, refused = self._judge.judge(batch)
            how.sink.write(events)
            self._reject(refused)
            how.watcher.advance(len(batch), len(events))
            if not how.go_on():
                return False
            if time.monotonic() - settled_s > SETTLE_S:
                self._settle(self._judge.counts(), is_done=False)
                settled_s = time.monotonic()
        return True

    def _rejected_before(self) -> Callable[[Sequence[Lines]], None]:
        """Writes what an earlier run has skipped: the file is to tell of all rows, as the summary does."""
        if self._how.rejects is None:
            return lambda rows: None
        judge = Judge(self._how.job, Counts())
        return lambda rows: self._reject(judge.judge(rows)[1])

    def _reject(self, refused: Sequence[Refused]) -> None:
        if self._how.rejects is not None:
            self._how.rejects.events(self._path, refused)

    def _settle(self, counts: Counts, *, is_done: bool) -> None:
        self._how.sink.settle()
        self._notes.write(counts, str(self._rest.digest), is_done=is_done)
