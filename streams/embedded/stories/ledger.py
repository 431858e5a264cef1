"""The ledger: what every month's leads cost, by channel and campaign, and what the CRM costs and brings."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from streams.embedded.habits import ledger as habits
from streams.embedded.habits.people import CHANNELS
from streams.embedded.world import Event, Story, World

_Booked = tuple[str, float, Event]
"""Category, amount per lead in minor units, and what else is said of it."""


def bookkeeping(world: World, leads_per_day: float) -> Story:
    """At the start, and then on the first of every month, that month's costs and benefits are booked."""
    while True:
        first, following = _month(world.now_ms)
        leads = leads_per_day * (following - first).days
        period = {"period_start": str(first), "period_end": str(following - timedelta(days=1))}
        for category, per_lead_minor, about in _costs():
            when = {} if category in habits.AT_ONCE else period
            world.begin(_cost(world, {"category": category, **about, **when}, leads * per_lead_minor))
        for method, per_lead_minor in habits.BENEFITS.items():
            world.begin(_benefit(world, method, leads * per_lead_minor))
        yield _midnight_ms(following) - world.now_ms


def _costs() -> Iterator[_Booked]:
    for share, channel in CHANNELS.shares():
        for category, per_lead_minor, dims in channel.costs():
            yield category, share * per_lead_minor, {"currency": channel.currency, **dims}
    for category, per_lead_minor in habits.OVERHEADS.items():
        yield category, per_lead_minor, {"currency": "USD"}


def _cost(world: World, about: Event, expected_minor: float) -> Story:
    about = {"cost_id": world.new_id("cost"), **about}
    yield world.after(habits.BOOKED)
    world.tell("crm.cost.recorded", about, amount_minor=_noisy_minor(world, expected_minor))
    if world.chance(habits.RESTATED):
        yield world.after(habits.RESTATEMENT)
        world.tell("crm.cost.recorded", about, amount_minor=_noisy_minor(world, expected_minor), revision=1)


def _benefit(world: World, method: str, expected_minor: float) -> Story:
    yield world.after(habits.BOOKED)
    about = {"benefit_id": world.new_id("benefit"), "currency": "USD"}
    world.tell("crm.benefit.recorded", about, method=method, amount_minor=_noisy_minor(world, expected_minor))


def _noisy_minor(world: World, expected_minor: float) -> int:
    return int(expected_minor * world.rng.uniform(*habits.NOISE))


def _month(at_ms: int) -> tuple[date, date]:
    """The first days of the month that holds `at_ms` and of the one after it."""
    first = datetime.fromtimestamp(at_ms // 1000, UTC).date().replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
