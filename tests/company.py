"""A small company of which everything is told: every type of event, and something for every measure."""

from collections.abc import Sequence
from functools import lru_cache

from streams.embedded.traffic import Traffic, simulate
from tests.builders import Event, days, ms

END_MS = ms("2025-10-09")
DAYS = 330
SEED = 100
"""Of a few hundred that were tried, one that tells of everything."""


@lru_cache
def told() -> Sequence[Event]:
    """Some 2,500 events of eleven months, in order of time."""
    return [event for _, event in simulate(Traffic(SEED, events_per_day=6), END_MS - days(DAYS), END_MS)]
