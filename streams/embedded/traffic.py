"""Believable CRM traffic, the same for the same seed: what a company's CRM, help desk and ledger publish.

    for time_ms, event in simulate(Traffic(seed=1, events_per_day=5000), start_ms):
        producer.send(topic, encode(event))

What happens is told in stories.py, how often and how fast stands in habits.py; world.py keeps the simulated
clock and the dice. Memory is bounded: at most `world.MEMBERS` customers are followed, and of leads, deals and
tickets only those that something is still to happen to, which is some weeks of arrivals.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import msgspec

from streams.embedded import habits, stories
from streams.embedded.world import DAY_MS, MEMBERS, Event, World

PILOT_EVENTS = 20_000
FIT_TRIES = 4
AIM = 0.98
"""`spread` aims this share of the asked number, and fills up the rest."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Traffic:
    """`events_per_day` is the long run's mean. `prefix` goes into every id, to keep two simulations apart."""

    seed: int = 1
    events_per_day: float = 5000
    prefix: str = ""


def simulate(traffic: Traffic, start_ms: int, end_ms: int | None = None) -> Iterator[tuple[int, Event]]:
    """`(time_ms, CloudEvent)` in order of time, from `start_ms` until before `end_ms`; None: for ever.

    The company has customers from the start: their `activated` events fill the first day. The first deals are
    won days and weeks later.
    """
    world = World(traffic.seed, traffic.prefix, start_ms)
    per_day = traffic.events_per_day
    for _ in range(min(MEMBERS, int(per_day * habits.BASE_CUSTOMERS))):
        world.begin(stories.veteran(world), int(world.rng.random() * DAY_MS))
    world.begin(stories.bookkeeping(world, per_day * habits.LEADS))
    for share, begin in _ARRIVALS if per_day else ():
        world.begin(stories.arrivals(world, per_day * share, begin))
    return world.run(end_ms)


_ARRIVALS = (
    (habits.LEADS, stories.new_lead),
    (habits.TICKETS, stories.new_ticket),
    (habits.NPS_SURVEYS, stories.new_nps_survey),
    (habits.EXPANSIONS, stories.new_expansion),
)


def spread(seed: int, events: int, until_ms: int, days: int) -> Iterator[tuple[int, Event]]:
    """Exactly so many `(time_ms, CloudEvent)` in order of time, over the `days` days that end at `until_ms`.

    Chance decides how many events a rate makes. So one company tells a little fewer, right up to the end, and
    a small second one fills up the rest and is cut off when all are told.
    """
    start_ms, end_ms = until_ms - days * DAY_MS, until_ms + 1
    rate = _pilot_rate(seed, events, start_ms, end_ms)
    large, told = _at_most(events, Traffic(seed, rate), start_ms, end_ms)
    missing = max(0, events - told)
    small = _at_least(missing, Traffic(seed, missing / days, prefix="b"), start_ms, end_ms)
    return heapq.merge(
        islice(simulate(large, start_ms, end_ms), events - missing),
        islice(simulate(small, start_ms, end_ms), missing),
        key=lambda timed: timed[0],
    )


def _pilot_rate(seed: int, events: int, start_ms: int, end_ms: int) -> float:
    """A first guess at the rate, from a run of few events."""
    rate = min(events, PILOT_EVENTS) * DAY_MS / (end_ms - start_ms)
    told = _count(Traffic(seed, rate), start_ms, end_ms)
    return rate * AIM * events / max(1, told)


def _at_most(events: int, traffic: Traffic, start_ms: int, end_ms: int) -> tuple[Traffic, int]:
    """Slowed down until it tells no more, and how many it tells.

    If only a handful is asked for, it stays above that: costs are booked at any rate.
    """
    told = _count(traffic, start_ms, end_ms)
    for _ in range(FIT_TRIES):
        if told <= events:
            break
        traffic = replace(traffic, events_per_day=traffic.events_per_day * AIM * events / told)
        told = _count(traffic, start_ms, end_ms)
    return traffic, told


def _at_least(events: int, traffic: Traffic, start_ms: int, end_ms: int) -> Traffic:
    """Sped up until it tells that many."""
    while _count(traffic, start_ms, end_ms) < events:
        traffic = replace(traffic, events_per_day=1.2 * traffic.events_per_day)
    return traffic


def _count(traffic: Traffic, start_ms: int, end_ms: int) -> int:
    return sum(1 for _ in simulate(traffic, start_ms, end_ms))


def encode(event: Event) -> bytes:
    """One line of NDJSON, without the newline."""
    return _encoder.encode(event)
