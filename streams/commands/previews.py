"""`kpi import --dry-run`: what an import would do, for people."""

import json
from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.json import JSON
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from streams.commands.report import plain
from streams.engine.panes import DAY, DAY_MS, KEEP_MS
from streams.human import rfc3339
from streams.imports.judging import EXAMPLES
from streams.imports.preview import Preview

EXAMPLE_WIDTH = 60
"""Characters of a cell that are shown."""


def print_preview(console: Console, path: Path, found: Preview) -> None:
    """In the order in which a person wants it: events, counts, what is skipped, what is not used."""
    counts = found.counts
    _title(console, f"{path}: {counts.rows:,} rows, {found.about}")
    for type_, (row, line) in found.seen.firsts.items():
        console.print(Text(f"First {type_}, of row {row}:"))
        console.print(JSON(line.decode(), indent=2))
    console.print(_counts(found))
    if counts.faults or found.unreadable:
        _title(console, "What would be skipped")
        for text in _skipped(found):
            console.print(Padding(Text(plain(text.lstrip())), (0, 0, 0, 2 + len(text) - len(text.lstrip()))))
    for note in _notes(found):
        console.print(Text(f"- {plain(note)}"))


def _title(console: Console, text: str) -> None:
    console.print(Text(plain(text), style="bold"))


def _counts(found: Preview) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("event")
    table.add_column("events", justify="right")
    for type_, number in found.counts.events.items():
        table.add_row(type_, f"{number:,}")
    table.add_row("all", f"{found.counts.accepted:,}", style="bold")
    return table


def _skipped(found: Preview) -> Iterator[str]:
    """What is skipped for one reason, and indented below it some rows of it."""
    for fault in found.counts.faults:
        yield f"{fault.count:,} x {fault.type}: {fault.reason}" + (f" ({fault.field})" if fault.field else "")
        for row, message in fault.examples:
            yield f"    row {row}: {message}"
    if found.unreadable:
        yield f"{len(found.unreadable):,} x lines that are no rows"
        for line in found.unreadable[:EXAMPLES]:
            yield f"    line {line.line}: {json.dumps(line.text[:EXAMPLE_WIDTH])}: {line.message}"


def _notes(found: Preview) -> Iterator[str]:
    seen = found.seen
    if seen.first_ms is not None and seen.last_ms is not None:
        yield f"From {rfc3339(seen.first_ms)} to {rfc3339(seen.last_ms)}."
    if found.no_event:
        yield f"{found.no_event:,} rows become no event: no `when` holds of them."
    if found.counts.repeated:
        yield f"{found.counts.repeated:,} events have the id of an earlier one: only one of each counts."
    if seen.old:
        days = KEEP_MS[DAY] // DAY_MS
        yield f"{seen.old:,} events are older than {days} days: see docs/importing.md, History."
    if found.unused:
        yield f"Columns that no event reads: {', '.join(found.unused)}."
