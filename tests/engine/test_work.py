"""Work: events merged bit by bit change what they change at once, and panes that are gone are left out."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest

from streams.engine.decode import Event
from streams.engine.engine import Engine
from streams.engine.facts import NEVER, Row
from streams.engine.panes import TIERS
from streams.engine.work import Effect, RowKey
from tests.builders import ms, shipped
from tests.worker.builders import UNTIL_MS, history

ENGINE = Engine(shipped(), sweeps=False)
EVENTS: Sequence[Event] = ENGINE.decode(history(600))[0]


def worked(events: Sequence[Event], size: int, rows: Mapping[RowKey, bytes] | None = None) -> Effect:
    """The effect of the events, merged so many at a time; `rows` are there already."""
    work = ENGINE.begin()
    for first in range(0, len(events), size):
        some = events[first : first + size]
        work.merge(some, {key: _row(key, rows or {}) for key in work.missing(some)})
    return work.effect()


def _row(key: RowKey, rows: Mapping[RowKey, bytes]) -> Row | None:
    return ENGINE.decode_row(key[0], rows[key]) if key in rows else None


@pytest.mark.parametrize("size", [1, 7, 100])
def test_events_merged_bit_by_bit_are_as_merged_at_once(size: int) -> None:
    once, bits = worked(EVENTS, len(EVENTS)), worked(EVENTS, size)
    assert bits.rows == once.rows
    assert (bits.panes, bits.totals, bits.waiting) == (once.panes, once.totals, once.waiting)
    assert (bits.outcomes, bits.newest_ms, bits.forgotten) == (once.outcomes, once.newest_ms, once.forgotten)


@pytest.mark.parametrize("seed", range(5))
def test_work_upon_rows_that_are_there_adds_what_is_missing(seed: int) -> None:
    """In any order, and some events a second time."""
    rng = Random(seed)
    events = rng.sample(EVENTS, len(EVENTS))
    half = len(events) // 2
    first = worked(events[:half], 50)
    second = worked([*events[half:], *rng.sample(events[:half], 50)], 50, first.rows)
    once = worked(EVENTS, len(EVENTS))
    assert _decoded({**first.rows, **second.rows}) == _decoded(once.rows)
    for name in ("panes", "totals"):
        parts = [getattr(first, name), getattr(second, name)]
        assert _sums(parts) == _sums([getattr(once, name)])


def _decoded(rows: Mapping[RowKey, bytes]) -> Mapping[RowKey, Row | None]:
    """The keys of a map may stand in any order in the bytes of a row."""
    return {key: _row(key, rows) for key in rows}


def _sums(parts: Sequence[Any]) -> dict[Any, int]:
    """Sums of the numbers at the same path, without zeros."""
    sums: dict[Any, int] = {}
    for part in parts:
        for outer, value in part.items():
            for path, number in value.items() if isinstance(value, dict) else [((), value)]:
                sums[outer, path] = sums.get((outer, path), 0) + number
    return {path: number for path, number in sums.items() if number}


def test_no_difference_is_told_that_is_zero() -> None:
    effect = worked(EVENTS, len(EVENTS))
    cells = [number for panes in effect.panes.values() for number in panes.values()]
    assert 0 not in [*cells, *effect.totals.values()]


@pytest.mark.parametrize("seed", range(20))
def test_panes_that_are_gone_are_left_out_and_no_other(seed: int) -> None:
    """Whatever is gone, the others are as they would be without."""
    rng = Random(seed)
    span_ms = UNTIL_MS - ms("2025-08-01")
    gone_ms = {tier: rng.choice([NEVER, UNTIL_MS, UNTIL_MS - rng.randrange(span_ms)]) for tier in TIERS}
    gone_ms["hour"] = min(gone_ms["hour"], gone_ms["minute"])  # finer tiers are kept for a shorter time
    gone_ms["day"] = min(gone_ms["day"], gone_ms["hour"])
    whole = worked(EVENTS, len(EVENTS)).panes
    work = ENGINE.begin()
    work.merge(EVENTS, dict.fromkeys(ENGINE.keys(EVENTS)))
    left = {(tier, start): cells for (tier, start), cells in whole.items() if start > gone_ms[tier]}
    assert work.effect(gone_ms).panes == left
