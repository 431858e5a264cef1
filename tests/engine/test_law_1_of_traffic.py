"""Law 1 of everything: every event type and every measure of the shipped catalog, on a company's own stories.

What a company publishes in eleven months is dealt out into hands of a few hundred events, whole stories each,
so that subjects meet as they do in life. Then people correct what they said, and networks repeat it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.events import EVENT_TYPES
from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode
from streams.engine.arrivals import BUILT_IN
from streams.engine.endings import ERASED_TYPE
from tests.builders import Event, Ledger, record, shipped
from tests.company import told

HANDS = 8
MESS = Mess(duplicates=0.2, displaced=0.3, late=0.05, bad=0.02, window=40, farthest=400)
LARGE = 1_000
"""More than any score and any year of a scale: what is larger is an amount or a duration."""
SEEDS = st.integers(0, 10**9)
AS_DRAWN = (Phase.generate,)
"""A smaller seed makes no smaller history."""


@lru_cache
def hands() -> Sequence[Sequence[Event]]:
    """All of them, dealt out by record key."""
    stories: defaultdict[str, list[Event]] = defaultdict(list)
    for event in told():
        stories[event["partitionkey"]].append(event)
    dealt: list[list[Event]] = [[] for _ in range(HANDS)]
    for story in sorted(stories.values(), key=len, reverse=True):
        min(dealt, key=len).extend(story)
    return dealt


def without_erasures(events: Sequence[Event]) -> list[Event]:
    """An erasure is the one event whose place in the log matters: what comes after it is not counted."""
    return [event for event in events if event["type"] != ERASED_TYPE]


def corrected(events: Sequence[Event], random: Random) -> list[Event]:
    """With a fifth of them said once more: amended, at another event's time, or under an id that is taken."""
    chosen = random.sample(events, len(events) // 5)
    return [*events, *(_again(event, random.choice(events), random) for event in chosen)]


def _again(event: Event, other: Event, random: Random) -> Event:
    id_ = random.choice((event["id"], other["id"], f"{event['id']}-again"))
    time = random.choice((event["time"], other["time"]))
    data = {name: _amended(value, random) for name, value in event["data"].items()}
    return {**event, "id": id_, "time": time, "data": {**data, "revision": random.choice((0, 1, 2))}}


def _amended(value: Any, random: Random) -> Any:
    """An amount or a yes that may be another; a score may grow no further, and words have to be known."""
    if isinstance(value, bool):
        return random.choice((True, False))
    return value + random.choice((0, 700)) if isinstance(value, int) and value > LARGE else value


def in_one_batch(lines: Iterable[bytes]) -> Ledger:
    return Ledger().take_records([record(line) for line in lines])


def in_batches(lines: Sequence[bytes], random: Random) -> Ledger:
    """What these give, in batches of any size."""
    ledger, left = Ledger(), [record(line) for line in lines]
    while left:
        size = random.choice((1, 3, 40, 200))
        batch, left = left[:size], left[size:]
        ledger.take_records(batch)
    return ledger


def disturbed(events: Sequence[Event], random: Random) -> list[bytes]:
    """Their lines, some twice and among broken ones: as a network delivers them, or in any order at all."""
    lines = list(messy(map(encode, events), MESS, random.randrange(10**9)))
    if random.random() < 0.5:
        random.shuffle(lines)
    return lines


@pytest.mark.parametrize("hand", range(HANDS))
@settings(max_examples=2, phases=AS_DRAWN)
@given(seed=SEEDS)
def test_panes_totals_and_waiting_lists_are_those_of_one_pass_in_order(hand: int, seed: int) -> None:
    random = Random(seed)
    events = corrected(without_erasures(hands()[hand]), random)
    expected = in_one_batch(map(encode, sorted(events, key=itemgetter("time"))))
    assert not expected.rejects
    assert in_batches(disturbed(events, random), random).state() == expected.state()


@settings(max_examples=3, phases=AS_DRAWN)
@given(seed=SEEDS)
def test_where_customers_are_erased_they_are_those_of_one_pass_over_the_same_log(seed: int) -> None:
    """However it is cut into batches."""
    random = Random(seed)
    erased = {event["partitionkey"] for event in told() if event["type"] == ERASED_TYPE}
    about_them = [event for event in told() if event["partitionkey"] in erased]
    log = disturbed(corrected(about_them, random), random) + list(map(encode, about_them))
    expected, found = in_one_batch(log), in_batches(log, random)
    assert found.state() == expected.state()
    assert found.outcomes == expected.outcomes
    assert {outcome for _, outcome in found.outcomes} == {"applied", "unchanged", "erased"}


def test_the_hands_tell_every_type_of_event_and_reach_every_measure() -> None:
    """Else these tests would say nothing of them."""
    events = corrected(without_erasures(told()), Random(1))
    measures = {
        cell.partition("|")[0].partition(".")[0] for cell in in_one_batch(map(encode, events)).cells()
    }
    assert {event["type"] for event in told()} == EVENT_TYPES.keys()
    assert measures | BUILT_IN.keys() == shipped().measures.keys()
