"""When stories begin."""

from collections.abc import Callable

from streams.embedded.habits.arrivals import Rhythm
from streams.embedded.world import DAY_MS, HOUR_MS, Odds, Story, World

Begin = Callable[[World], None]


def arrivals(world: World, rhythm: Rhythm, per_day: float, begin: Odds[Begin]) -> Story:
    """One of `begin` is called `per_day` times on an average day, by the rhythm of hours and weekdays."""
    while True:
        yield from _until_next(world, rhythm, per_day)
        world.draw(begin)(world)


def _until_next(world: World, rhythm: Rhythm, per_day: float) -> Story:
    """Poisson arrivals have no memory: what does not come within the hour is drawn anew at the next rate."""
    while True:
        hour_left_ms = HOUR_MS - world.now_ms % HOUR_MS
        pause_ms = world.rng.expovariate(per_day * rhythm.factor(world.now_ms) / DAY_MS)
        if pause_ms < hour_left_ms:
            yield int(pause_ms)
            return
        yield hour_left_ms
