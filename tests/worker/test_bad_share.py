"""The share of bad records is judged record by record, whatever the batches are."""

from collections import deque
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from streams.engine.decode import Reject
from streams.errors import Held
from streams.worker.bad_share import WINDOW, BadShare
from tests.builders import Record

Bad = set[int]


def records(first: int, number: int) -> list[Record]:
    return [Record(offset, 0, None, b"", []) for offset in range(first, first + number)]


def add(share: BadShare, bad: Bad, first: int, number: int) -> None:
    taken = records(first, number)
    share.add(taken, [Reject(one, "not_json", None, "") for one in taken if one.offset in bad])


def taken_until_held(share: BadShare, bad: Bad, batches: Sequence[int]) -> int | None:
    """The first offset of the batch that was one too many."""
    first = 0
    for number in batches:
        try:
            add(share, bad, first, number)
        except Held:
            return first
        first += number
    return None


def first_too_many(bad: Bad, end: int, most: float) -> int | None:
    """The same, one record at a time, by counting all."""
    last: deque[bool] = deque(maxlen=WINDOW)
    for offset in range(end):
        last.append(offset in bad)
        if len(last) == WINDOW and sum(last) > most * WINDOW:
            return offset
    return None


def splits(rng: Random, end: int) -> Iterator[int]:
    while end:
        yield (number := min(end, rng.choice((1, 7, 250, 1_000, 1_300))))
        end -= number


@pytest.mark.parametrize("seed", range(12))
def test_the_batch_with_the_first_record_too_many_is_refused_however_records_are_batched(seed: int) -> None:
    rng, end = Random(seed), 4_000
    parts = [rng.choice((0.0, 0.3, 0.6, 0.9)) for _ in range(8)]
    bad = {offset for offset in range(end) if rng.random() < parts[offset * 8 // end]}
    expected = first_too_many(bad, end, 0.5)
    batches = list(splits(rng, end))
    held = taken_until_held(BadShare(0.5), bad, batches)
    if expected is None:
        assert held is None
    else:
        assert held == max(first for first in _firsts(batches) if first <= expected)


def _firsts(batches: Sequence[int]) -> list[int]:
    return [sum(batches[:number]) for number in range(len(batches))]


def test_before_so_many_were_seen_nothing_is_too_much() -> None:
    share = BadShare(0.5)
    add(share, set(range(999)), 0, 999)
    share.check()
    with pytest.raises(Held):
        add(share, {999}, 999, 1)


def test_bad_ones_that_were_first_count_when_a_good_one_fills_the_window() -> None:
    share = BadShare(0.5)
    add(share, set(range(600)), 0, 999)
    with pytest.raises(Held):
        add(share, set(), 999, 1)


@pytest.mark.parametrize(("bad", "held"), [(500, False), (501, True)])
def test_half_is_still_fine(bad: int, held: bool) -> None:
    assert (taken_until_held(BadShare(0.5), set(range(bad)), [1_000]) is not None) is held


def test_a_share_of_one_never_holds_and_of_none_at_the_first() -> None:
    everything = set(range(3_000))
    assert taken_until_held(BadShare(1.0), everything, [1_000] * 3) is None
    assert taken_until_held(BadShare(0.0), {1_500}, [1_000] * 3) == 1_000


def test_a_batch_that_is_taken_again_counts_once() -> None:
    share, bad = BadShare(0.5), set(range(1_000, 1_501))
    add(share, bad, 0, 1_000)
    share.keep(1_000)
    for _ in range(3):
        add(share, bad, 1_000, 400)
        share.back_to(1_000)
    add(share, bad, 1_000, 500)
    with pytest.raises(Held):
        add(share, bad, 1_500, 1)


def test_what_somebody_else_has_counted_meanwhile_begins_a_new_window() -> None:
    share = BadShare(0.5)
    add(share, set(range(500)), 0, 1_000)
    share.keep(1_000)
    share.back_to(1_700)
    add(share, set(range(1_700, 2_699)), 1_700, 999)
    share.check()


def test_once_too_many_it_stays_so_and_says_the_reasons_and_what_to_do() -> None:
    share, taken = BadShare(0.5), records(0, 1_000)
    reasons = ["not_json"] * 400 + ["bad_time"] * 101
    rejects = [Reject(one, reason, None, "") for one, reason in zip(taken, reasons, strict=False)]  # type: ignore[arg-type]
    with pytest.raises(Held):
        share.add(taken, rejects)
    share.back_to(0)
    with pytest.raises(Held) as held:
        share.check()
    assert held.value.reason == "dead_letters"
    assert "not_json 400, bad_time 101" in str(held.value)
    assert "KPI_DEAD_LETTER_SHARE" in str(held.value) and "restart" in str(held.value)
