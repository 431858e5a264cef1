"""Believable CRM traffic, the same for the same seed: what a company's CRM, help desk and ledger publish.

    for time_ms, event in simulate(Traffic(seed=1, events_per_day=5000), start_ms):
        producer.send(topic, encode(event))

What happens is told in stories/, how often and how fast stands in habits/; world.py keeps the simulated clock
and the dice. Memory is bounded: at most `people.MEMBERS` customers are followed, and of leads, deals and
tickets only those that something is still to happen to, which is some weeks of arrivals.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import msgspec

from streams.embedded.crisis import Crisis
from streams.embedded.habits import arrivals as habits
from streams.embedded.people import MEMBERS
from streams.embedded.stories import (
    campaigns,
    consents,
    customers,
    erasures,
    leads,
    machines,
    mistakes,
    orders,
    relations,
    staff,
    subscriptions,
    surveys,
    tickets,
)
from streams.embedded.stories.arrivals import Begin, arrivals
from streams.embedded.stories.ledger import bookkeeping
from streams.embedded.world import DAY_MS, USUAL, Care, Event, Odds, Story, World

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
    care: Care = USUAL
    crisis: Crisis | None = None


def simulate(traffic: Traffic, start_ms: int, end_ms: int | None = None) -> Iterator[tuple[int, Event]]:
    """`(time_ms, CloudEvent)` in order of time, from `start_ms` until before `end_ms`; None: for ever.

    The company has customers from the start: their `activated` events fill the first day. The first deals are
    won days and weeks later.
    """
    crisis = traffic.crisis
    crunch = crisis.crunch if crisis else None
    world = World(traffic.seed, traffic.prefix, start_ms, traffic.care, crunch)
    per_day = traffic.events_per_day
    for story in _already_there(world, per_day):
        world.begin(story, int(world.rng.random() * DAY_MS))
    world.begin(bookkeeping(world, per_day * habits.LEADS))
    for rhythm, begin in _ARRIVALS if per_day else ():
        share = sum(weight for weight, _ in begin)
        world.begin(arrivals(world, rhythm, per_day * share, Odds(*begin)))
    if per_day:
        incidents_per_day = min(per_day * habits.INCIDENTS, habits.INCIDENTS_PER_DAY)
        world.begin(arrivals(world, habits.MACHINES, incidents_per_day, Odds((1.0, machines.new_incident))))
    if crisis:
        world.begin(crisis.wave(world))
    return world.run(end_ms)


def _already_there(world: World, per_day: float) -> Iterator[Story]:
    """Customers and users from before the start."""
    for _ in range(min(MEMBERS, int(per_day * habits.BASE_CUSTOMERS))):
        yield customers.veteran(world)
    least, per_event, most = habits.BASE_USERS
    for _ in range(min(most, int(least + per_day * per_event)) if per_day else 0):
        yield staff.veteran(world)


_ARRIVALS: tuple[tuple[habits.Rhythm, tuple[tuple[float, Begin], ...]], ...] = (
    (
        habits.CUSTOMERS,
        (
            (habits.LEADS, leads.new_lead),
            (habits.TICKETS, tickets.new_ticket),
            (habits.NPS_SURVEYS, surveys.new_nps_survey),
            (habits.EXPANSIONS, customers.new_expansion),
            (habits.SUBSCRIPTION_CHANGES, subscriptions.new_change),
            (habits.ORDERS, orders.new_order),
            (habits.INTERACTIONS, relations.new_interaction),
            (habits.REFERENCES, relations.new_reference),
            (habits.TOUCHES, campaigns.new_touch),
            (habits.CONSENT_CHANGES, consents.new_change),
            (habits.ERASURES, erasures.new_erasure),
            (habits.MISTAKES, mistakes.new_mistake),
        ),
    ),
    (
        habits.STAFF,
        (
            (habits.ACTS, staff.new_act),
            (habits.TASKS, staff.new_task),
            (habits.TRAININGS, staff.new_training),
            (habits.RECORD_CHECKS, machines.new_record_check),
        ),
    ),
    (habits.MACHINES, ((habits.REQUESTS, machines.new_request),)),
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
