"""What `kpi waiting` prints for people."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.commands.report import plain
from streams.human import format_seconds, rfc3339
from streams.serve.waiting import WaitingList


def print_waiting(console: Console, found: WaitingList) -> None:
    """The oldest first, each with its age and, where the catalog has one, its link."""
    console.print(_heading(found), highlight=False, soft_wrap=True)
    if found.waiters:
        console.print(_waiters(found))


def _waiters(found: WaitingList) -> Table:
    has_links = any(waiter.link for waiter in found.waiters)
    table = Table(box=SIMPLE_HEAD)
    table.add_column("waits", justify="right", no_wrap=True)
    table.add_column(" / ".join(found.waiters[0].fields), overflow="fold")
    table.add_column("since", no_wrap=True)
    if has_links:
        table.add_column("link", overflow="fold")
    for waiter in found.waiters:
        cells = [format_seconds(waiter.age_ms / 1000), waiter.name, rfc3339(waiter.since_ms)]
        table.add_row(*(Text(plain(cell)) for cell in [*cells, waiter.link or ""][: len(table.columns)]))
    return table


def _heading(found: WaitingList) -> str:
    """leads_waiting as of ..: 134 for 1 h 0 min or longer, the 20 oldest of them"""
    older_ms, shown = found.question.older_ms, len(found.waiters)
    number = f"{found.number:,}" if found.number else "nobody"
    older = f" for {format_seconds(older_ms / 1000)} or longer" if older_ms else ""
    oldest = f", the {shown} oldest of them" if shown < found.number else ""
    return f"{found.question.measure} as of {rfc3339(found.as_of_ms)}: {number}{older}{oldest}"
