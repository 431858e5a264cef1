"""What `kpi dead-letters` prints for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.commands.report import plain
from streams.letters.letter import Letter
from streams.letters.masking import Mask, shortened
from streams.letters.order import Order
from streams.letters.replaying import Tally
from streams.letters.rows import Row
from streams.letters.stats import DAY_MS, Stats
from streams.letters.times import time_text

_GROUP_WIDTH: Final = 78
_STEP_WIDTH: Final = 11


def print_rows(console: Console, rows: Sequence[Row]) -> None:
    """The newest first; two lines each, so that a narrow terminal has room for the message."""
    if not rows:
        console.print("no dead letters")
        return
    table = _table("id, time (UTC)", "reason, field", "type", "message")
    for row in rows:
        table.add_row(
            _lines(row.id, _moment(row.timestamp_ms)),
            _lines(row.reason, row.field),
            _lines(row.type),
            _lines(row.message, _replayed(row)),
        )
    console.print(table)


def _replayed(row: Row) -> str:
    if row.replayed_at_ms is None:
        return ""
    return f"published again {_moment(row.replayed_at_ms)}{', changed' if row.fixed else ''}"


def print_stats(console: Console, stats: Stats) -> None:
    """The largest group first, and of each the newest hours or days, as many as there is room for."""
    groups = stats.sorted()
    if not groups:
        console.print("no dead letters")
        return
    shown = max(1, (console.width - _GROUP_WIDTH) // _STEP_WIDTH)
    starts = sorted({start for _, _, group in groups for start in group.steps})[-shown:]
    table = _table("reason", "type", "number", "first, last (UTC)")
    for start in starts:
        table.add_column(_step_name(start, stats.step_ms), justify="right", no_wrap=True)
    for reason, type_, group in groups:
        steps = [f"{group.steps[start]:,}" if group.steps[start] else "" for start in starts]
        times = _lines(_moment(group.first_ms), _moment(group.last_ms) if group.number > 1 else "")
        table.add_row(_lines(reason), _lines(type_), f"{group.number:,}", times, *steps)
    console.print(table)
    console.print(f"{sum(group.number for _, _, group in groups):,} dead letters", highlight=False)


def stats_documents(stats: Stats) -> list[dict[str, Any]]:
    """One for each reason and type."""
    return [
        {
            "reason": reason,
            "type": type_ or None,
            "number": group.number,
            "first": time_text(group.first_ms),
            "last": time_text(group.last_ms),
            "steps": {time_text(start) or str(start): group.steps[start] for start in sorted(group.steps)},
        }
        for reason, type_, group in stats.sorted()
    ]


def _step_name(start_ms: int, step_ms: int) -> str:
    """11-22 17h, or 11-22."""
    moment = _moment(start_ms)
    return moment[5:10] if step_ms == DAY_MS else f"{moment[5:13]}h"


def letter_document(letter: Letter, mask: Mask) -> dict[str, Any]:
    """A letter whole, with personal data masked."""
    dead, replayed = letter.dead, letter.replayed
    origin, key = letter.origin(), letter.original().key
    return {
        "id": letter.id,
        "time": time_text(dead.timestamp_ms),
        "reason": dead.reason,
        "field": mask.field(letter) or None,
        "message": mask.message(letter),
        "type": mask.type(origin) or None,
        "source": mask.source(origin) or None,
        "key": shortened(None if key is None else key.decode(errors="replace")),
        "headers": len(dead.headers),
        "size": dead.size,
        "whole": letter.is_whole(),
        "replayed_at": time_text(replayed.replayed_at_ms) if replayed else None,
        "replayed_to": replayed.replayed_to if replayed else None,
        "fixed": replayed.fixed if replayed else False,
        "event": mask.event(letter),
    }


def print_letter(console: Console, document: Mapping[str, Any]) -> None:
    """Each field in a line, the event behind them."""
    for name, value in document.items():
        if name != "event" and value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            console.print(Text(f"{name:12}{plain(text)}"), soft_wrap=True)
    text = json.dumps(document["event"], indent=2, ensure_ascii=False)
    console.print(Text("\n".join(plain(line) for line in text.splitlines())), soft_wrap=True)


def print_tally(console: Console, tally: Tally, verb: str, mask: Mask) -> None:
    """How many are published, and what stays behind and why."""
    for line in _tally_lines(tally, verb, mask):
        console.print(Text(plain(line)), soft_wrap=True)


def _tally_lines(tally: Tally, verb: str, mask: Mask) -> Iterable[str]:
    yield f"{tally.published:,} {verb}{_through(tally.order)}"
    for verdict in tally.examples:
        letter = verdict.letter
        yield f"  {letter.id}  {letter.dead.reason}  {mask.type(letter.origin())}"
    if tally.published > len(tally.examples):
        yield "  ..."
    for reason, number in tally.refused.most_common():
        first = tally.messages[reason]
        message = mask.text(first.message, first.letter)
        yield f"{number:,} not published, refused again: {reason}: {message}"
        yield f"  {first.letter.id}{'  and others' if number > 1 else ''}"
    for why, number in tally.impossible.most_common():
        yield f"{number:,} not published: {why}"
    if tally.left:
        yield (
            f"{tally.left:,} not published in this run: they may be refused again, and too many bad ones "
            "hold a partition. See first whether those of this run come back"
        )


def _through(order: Order) -> str:
    changes = ", ".join(change.text for change in order.fix.changes)
    return f", through {changes}" if changes else ", unchanged"


def _moment(time_ms: int) -> str:
    """2026-01-31 12:00:00"""
    text = time_text(time_ms)
    return f"{time_ms} ms" if text is None else text[:19].replace("T", " ")


def _table(*names: str) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for name in names:
        table.add_column(name, overflow="fold", no_wrap=name not in ("type", "message"))
    return table


def _lines(*texts: str) -> Text:
    return Text("\n".join(plain(text) for text in texts if text))
