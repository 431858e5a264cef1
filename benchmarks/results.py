"""What a benchmark found, as Markdown: for the terminal, and for its section of RESULTS.md.

    save(Section("throughput", "Throughput", table, notes), "python -m benchmarks.throughput")

A section stands between two comments that name it; whatever else is in the file stays as it is.
"""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's result. The first of `rows` is the table's head."""

    name: str
    title: str
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """Title, table and notes."""
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"## {self.title}\n\n{_table(self.rows)}\n{notes}\n"


def save(section: Section, command: str, servers: str = "") -> None:
    """Put the section, with date, machine and command, in the place of the one that was there."""
    begin, end = f"<!-- {section.name}: begin -->", f"<!-- {section.name}: end -->"
    origin = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, `{command}`, on {machine()}{servers and f', {servers}'}."
    )
    title, _, body = section.markdown().partition("\n\n")
    block = f"{begin}\n{title}\n\n{origin}\n\n{body}{end}\n"
    text = RESULTS.read_text() if RESULTS.exists() else "# Results\n\n"
    before, found, rest = text.partition(begin)
    after = rest.partition(f"{end}\n")[2] if found else ""
    RESULTS.write_text(f"{before}{block}{after}" if found else f"{text.rstrip()}\n\n{block}")


def machine() -> str:
    """What it ran on, in one line."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = (
        f"{os.cpu_count()} cores of {_processor()}",
        f"{memory_gib:.0f} GiB",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"load {os.getloadavg()[1]:.1f} in the five minutes before",
    )
    return ", ".join(parts)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _table(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, in columns that also line up on a terminal; numbers to the right."""
    cells = [list(row) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [_line(row, widths) for row in cells]
    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if not column else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "| " + " | ".join([first, *others]) + " |"
