"""What `kpi import` shows while it works, and what it says at the end."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from streams.commands.report import plain
from streams.imports.counts import Fault
from streams.imports.journal import DIRECTORY
from streams.imports.run import Imported, Watcher

SAY_S: Final = 10.0
"""So often a line tells how far it is, where nobody watches."""


# -- Meanwhile --------------------------------------------------------------------------------------------


class _Rate:
    """What has been done since a file was begun."""

    def __init__(self) -> None:
        self.rows = self.events = 0
        self.began_s = time.monotonic()

    def add(self, rows: int, events: int) -> None:
        self.rows += rows
        self.events += events

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self.began_s, 1e-3)
        return f"{self.rows:,} rows, {self.events:,} events, {self.events / seconds:,.0f} events/s"


class _Bar:
    """A bar for each file, with how much is done a second, and how long the rest will take."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._rate = _Rate()

    def begin(self, path: Path, rows: int | None, done: int = 0) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._rate = _Rate()
        self._task = self._progress.add_task(plain(path.name), total=rows, completed=done, rate=self._rate)

    def advance(self, rows: int, events: int) -> None:
        assert self._task is not None
        self._rate.add(rows, events)
        self._progress.advance(self._task, rows)


class _Spoken:
    """A line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._path, self._rows, self._done = Path(), 0, 0
        self._rate = _Rate()
        self._said_s = time.monotonic()

    def begin(self, path: Path, rows: int | None, done: int = 0) -> None:
        self._path, self._rows, self._done, self._rate = path, rows or 0, done, _Rate()

    def advance(self, rows: int, events: int) -> None:
        self._rate.add(rows, events)
        if time.monotonic() - self._said_s > SAY_S:
            self._said_s = time.monotonic()
            _say(self._console, f"{self._path}: {self._rate}{self._left()}")

    def _left(self) -> str:
        left = self._rows - self._done - self._rate.rows
        if left <= 0:
            return ""
        seconds = left * (time.monotonic() - self._rate.began_s) / self._rate.rows
        return f", about {seconds:,.0f} s left"


@contextmanager
def watched(console: Console) -> Iterator[Watcher]:
    """Shows how far an import is: a bar on a terminal, else a line now and then."""
    if not console.is_terminal:
        yield _Spoken(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar)


# -- At the end -------------------------------------------------------------------------------------------


def print_imported(console: Console, done: Imported) -> None:
    """What became of the rows of a file: events by type, and what was skipped, with its first rows."""
    counts = done.counts
    _say(console, f"{done.path}: {_how_far(done)}")
    for type_, number in counts.events.items():
        _say(console, f"  {number:>12,}  {type_}")
    if counts.repeated:
        _say(
            console,
            f"  {counts.repeated:>12,}  of them have the id of an earlier one: only one of each counts",
        )
    if counts.older:
        _say(console, f"  {counts.older:>12,}  left out: before --since")
    for fault in counts.faults:
        _say(console, f"  {fault.count:>12,}  skipped: {_about(fault)}")
        _examples(console, [f"row {row}: {message}" for row, message in fault.examples])
    if counts.unreadable:
        _say(console, f"  {counts.unreadable:>12,}  skipped: lines that are no rows")
        _examples(
            console, [f"{line.path.name}, line {line.line}: {line.message}" for line in done.unreadable[:3]]
        )


def print_interrupted(console: Console, *, into_kafka: bool) -> None:
    """How to go on."""
    if into_kafka:
        _say(console, f"stopped; the same command goes on there ({DIRECTORY} says where that is)")
    else:
        _say(console, "stopped; nothing was written")


def _how_far(done: Imported) -> str:
    counts = done.counts
    if done.is_complete and done.done_before == counts.rows and not done.seconds:
        return f"imported before, all {counts.rows:,} rows; --again publishes it again, to no effect"
    before = f" ({done.done_before:,} of them before)" if done.done_before else ""
    told = f"{counts.rows:,} rows{before}, {counts.accepted:,} events, {done.skipped:,} skipped"
    return f"{told}, {done.seconds:,.1f} s" if done.is_complete else f"{told}; not complete"


def _about(fault: Fault) -> str:
    return f"{fault.type}: {fault.reason}" + (f" ({fault.field})" if fault.field else "")


def _examples(console: Console, texts: Sequence[str]) -> None:
    for text in texts:
        _say(console, f"{'':16}{text}")


def _say(console: Console, text: str) -> None:
    console.print(plain(text), markup=False, highlight=False)
