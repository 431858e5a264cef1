"""Many customers: what a million of them take in Redis, and that the worker's memory does not grow with them.

Each customer is one `crm.customer.activated`, of a dimension's usual variety, a thousand a second up to now.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.company import LIVE_PER_S, SEED, Line, line_of
from benchmarks.site import Site, peak_bytes
from benchmarks.throughput import WORKER, Stored, stored
from streams.clock import clock_ms
from streams.embedded.habits.people import CHANNELS, PLANS
from streams.embedded.stories.people import stranger
from streams.embedded.world import Story, World

EVERY_MS: Final = 1_000 // LIVE_PER_S


@dataclass(frozen=True, slots=True)
class Figures:
    """What so many customers take."""

    customers: int
    seconds: float
    worker_bytes: int
    stored: Stored


def measure(site: Site, customers: int) -> Figures:
    """Publish the customers and let a worker count them."""
    settings = site.settings("customers")
    site.publish(settings, activated(customers, clock_ms()))
    started_s = time.monotonic()
    with site.process("worker", settings, WORKER) as worker:
        worker.wait_until(lambda: site.committed(settings.namespace) >= customers, timeout=customers / 1_000)
        took_s = time.monotonic() - started_s
        return Figures(customers, took_s, peak_bytes(worker.pid), stored(site, settings.namespace))


def activated(customers: int, until_ms: int) -> Iterator[Line]:
    """So many new customers, the last of them just before `until_ms`."""
    world = World(SEED, "", until_ms - customers * EVERY_MS)
    world.begin(_joining(world, customers))
    return (line_of(time_ms, event) for time_ms, event in world.run(until_ms))


def _joining(world: World, customers: int) -> Story:
    for _ in range(customers):
        customer = stranger(world, world.draw(CHANNELS))
        world.tell("crm.customer.activated", customer.about(kind="new", plan=world.draw(PLANS)))
        yield EVERY_MS
