"""What is open from one time until another: a level with ages and a waiting list."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from schemas.measures import Open
from schemas.words import span_ms
from streams.engine import facts
from streams.engine.facts import Row
from streams.engine.faults import PlanFault
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
)
from streams.engine.moments import not_before
from streams.engine.panes import DAY_MS

_LATEST_MS: Final = 3650 * DAY_MS
"""So that every due time is one that calendars know."""


def open_until(compiler: Compiler, spec: Open) -> Measure:
    """A level with `name.age` panes (+1 at the beginning while it is open) and a waiting list.

    With `due` it is open from then on only, and not at all when it was closed by then. So it may contribute
    after now, to panes and waiting list alike: it is for whoever reads them to leave out what is not due yet.
    """
    begin = compiler.times(spec.open, "open")
    ends = [compiler.times(name, "until", at) for at, name in enumerate(spec.until)]
    due = _due(compiler, spec)
    age = f"{compiler.name}.age"

    def contribute(seen: Seen) -> Iterable[Contribution]:
        begins = begin(seen.row)
        if not begins:
            return ()
        since = begins[0][0]
        until = _closed(seen.row, ends, since)
        if due is not None:
            due_ms = due(seen.row, since)
            if due_ms is None or (until is not None and until <= due_ms):
                return ()
            since = due_ms
        stayed = stay(seen, compiler.name, since, until)
        if until is not None:
            return stayed
        return (*stayed, (age, since, seen.members(None), 1), compiler.total(seen, 1))

    functions = ("start", "end", "oldest")
    return make_measure(
        compiler, "open", spec, contribute, functions=functions, age=age, future=due is not None
    )


def _closed(row: Row, ends: Iterable[Callable[[Row], Sequence[facts.Time]]], since: int) -> int | None:
    """The first end that is not before `since`, in milliseconds."""
    until = None
    for end in ends:
        closed = not_before(end(row), since)
        if closed is not None and (until is None or closed < until):
            until = closed
    return until


def _due(compiler: Compiler, spec: Open) -> Callable[[Row, int], int | None] | None:
    """When a row is due that is open since some time, both in milliseconds; None: when nothing says so."""
    if spec.due is None and spec.due_after is None:
        return None
    read = compiler.register_field(spec.due, datetime, "due") if spec.due else lambda _: None
    after_ms = span_ms(spec.due_after) if spec.due_after else None
    if after_ms is not None and after_ms > _LATEST_MS:
        raise PlanFault(f"{spec.due_after} is too long: ten years (3650d) at most", "due_after")

    def due(row: Row, since: int) -> int | None:
        told: int | None = read(row)
        if told is not None or after_ms is None:
            return told
        return since + after_ms

    return due


def stay(seen: Seen, part: str, since: int, until: int | None) -> list[Contribution]:
    """In from `since` to `until`, and at each change of a slice out of the old and into the new."""
    members = seen.members(since)
    stay: list[Contribution] = [(part, since, members, 1)]
    for time in seen.moved():
        if since < time and (until is None or time < until):
            after = seen.members(time)
            stay += [(part, time, members, -1), (part, time, after, 1)]
            members = after
    if until is not None:
        stay.append((part, until, members, -1))
    return stay
