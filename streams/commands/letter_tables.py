"""What `kpi dead-letters` prints."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.commands.report import plain
from streams.human import rfc3339
from streams.letters.replaying import Tally
from streams.letters.rows import Row


def print_rows(console: Console, rows: Sequence[Row]) -> None:
    """The newest first."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("id", "time", "reason", "field", "type", "message"):
        table.add_column(name, overflow="fold")
    for row in rows:
        cells = (row.id, rfc3339(row.timestamp_ms), row.reason, row.field, row.type, row.message)
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console.print(table)


def print_tally(console: Console, tally: Tally, verb: str) -> None:
    """How many, and what stays behind and why."""
    lines = [f"{tally.published:,} {verb}"]
    lines += [f"{number:,} would be refused again: {reason}" for reason, number in tally.refused.items()]
    lines += [f"{number:,} cannot be published: {why}" for why, number in tally.impossible.items()]
    if tally.left:
        lines.append(f"{tally.left:,} left for another run: look first whether those of this one come back")
    for line in lines:
        console.print(Text(plain(line)), soft_wrap=True)
