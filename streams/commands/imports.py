"""`kpi import`: files of the past to events, in a file or in Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from streams.commands.report import plain
from streams.engine.plan import Plan
from streams.errors import SettingsError
from streams.imports.mapping import CheckedMapping, read_mapping
from streams.imports.run import Imported, Watcher


def mapping_of(path: Path, plan: Plan) -> CheckedMapping:
    """The mapping at `path`; SettingsError when it cannot be read, MappingError when it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--mapping {path}: {getattr(error, 'strerror', None) or error}") from None
    return read_mapping(text, str(path), plan)


# -- What is said -----------------------------------------------------------------------------------------


class _Bar:
    """A bar for each file, with what is done a second, and how long the rest will take."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._events = 0

    def begin(self, path: Path, rows: int | None) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._events = 0
        self._task = self._progress.add_task(path.name, total=rows, events=0)

    def advance(self, rows: int, events: int) -> None:
        assert self._task is not None
        self._events += events
        self._progress.update(self._task, advance=rows, events=self._events)


class _Silent:
    def begin(self, path: Path, rows: int | None) -> None: ...

    def advance(self, rows: int, events: int) -> None: ...


@contextmanager
def watched(console: Console) -> Iterator[Watcher]:
    """Shows how far an import is, where somebody watches."""
    if not console.is_terminal:
        yield _Silent()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} rows, {task.fields[events]:,} events"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar)


def print_imported(console: Console, done: Imported) -> None:
    """What became of the rows of a file: events by type, and what was skipped, with its first rows."""

    def say(text: str) -> None:
        console.print(plain(text), markup=False, highlight=False)

    judge = done.judge
    say(f"{done.path}: {judge.rows:,} rows, {judge.events.total():,} events, {done.skipped:,} skipped")
    for type_, number in sorted(judge.events.items()):
        say(f"  {number:>12,}  {type_}")
    for (type_, reason, field), fault in judge.faults.items():
        say(f"  {fault.count:>12,}  skipped: {type_}: {reason}" + (f" ({field})" if field else ""))
        for row, message in fault.examples:
            say(f"{'':16}row {row}: {message}")
    if done.unreadable:
        say(f"  {len(done.unreadable):>12,}  skipped: lines that are no rows")
        for line in done.unreadable[:3]:
            say(f"{'':16}line {line.line}: {line.message}")
