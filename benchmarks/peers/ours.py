"""Our worker as a contestant: `kpi worker` as it is, on a Redis of its own; its commits mark its progress."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from redis import Redis

from benchmarks.peers.job import DIMENSIONS, NUMBERS, PAIRS
from benchmarks.peers.marks import Sums
from benchmarks.peers.measure import Figures, Site, measure
from benchmarks.peers.topic import PARTITIONS
from streams.embedded.processes import free_port
from streams.engine.panes import HOUR
from streams.naming import ALL, PartitionKeys, partition_prefix, split_cell, split_pane_member
from streams.settings import Settings
from streams.state import Position
from tests.servers import RedisServer, redis_binary

WORKER: Final = (sys.executable, "-m", "streams.cli", "worker")
DURATIONS: Final = {"lead_response": PAIRS, "deal_cycle": PAIRS + 2, "resolution": PAIRS + 4}
"""Durations of both catalogs, and where their pairs stand in `NUMBERS`; their milliseconds come next."""
OF_THE_JOB: Final = {name: index for index, name in enumerate(NUMBERS[:PAIRS])}
"""Counts of the job's catalog, likewise."""
OF_THE_SHIPPED: Final = {"leads": 0, "deals_won": 3, "tickets_resolved": 5}
"""Those of the shipped catalog's that the job has, too."""
SLICED: Final = (ALL, *DIMENSIONS)


@dataclass(frozen=True, slots=True)
class Ours:
    """`kpi worker` with a catalog (None: the shipped one) that has these counts and the three durations."""

    slug: str
    name: str
    catalog: Path | None
    counts: Mapping[str, int]
    guarantee: str = "exactly once, and each event once"
    version: str = "this tree"

    @property
    def numbers(self) -> Collection[int]:
        """Which of `NUMBERS` it arrives at."""
        return {*self.counts.values(), *range(PAIRS, len(NUMBERS))}

    def prepare(self) -> None:
        """Its environment is the one that this runs in."""

    def run(self, site: Site) -> tuple[Figures, Sums]:
        """Process the whole topic; StartError when it dies or stalls."""
        server = RedisServer(redis_binary("installed"), site.directory / self.slug / "redis", aof=True)
        with server, Redis.from_url(server.url) as redis:
            environment = self._settings(site, server.url).environment()
            progress = _Committed(redis, self.slug, site.events, self.counts)
            return measure(self.slug, WORKER, environment, site, progress, [site.kafka.pid, server.pid])

    def _settings(self, site: Site, redis_url: str) -> Settings:
        """Panes leave their tiers by the events' own time, so that it writes all that it would write live."""
        return Settings(
            broker=f"kafka://{site.kafka.address}",
            redis=SecretStr(redis_url),
            catalog=self.catalog,
            topic=site.topic,
            dead_letters_topic=f"{site.topic}.dead-letters",
            namespace=self.slug,
            worker_port=free_port(),
            ends_at="events",
        )


class _Committed:
    """What the worker has committed. It has started when it first owns a partition, before it fetches."""

    def __init__(self, redis: Redis, namespace: str, events: int, counts: Mapping[str, int]) -> None:
        self._redis = redis
        self._events = events
        self._counts = counts
        self._keys = [PartitionKeys(partition_prefix(namespace, number)) for number in range(PARTITIONS)]

    def started(self) -> bool:
        return bool(self._positions())

    def finished(self) -> bool:
        return sum(position.offset for position in self._positions()) >= self._events

    def ready(self) -> bool:
        return True

    def sums(self) -> Sums:
        return sums(self._hours(), self._counts)

    def _positions(self) -> list[Position]:
        stored: Any = self._redis.mget([keys.offset for keys in self._keys])
        return [Position.parse(value) for value in stored if value is not None]

    def _hours(self) -> Iterator[tuple[int, str, int]]:
        """(hour in ms, cell, value) of each partition."""
        for keys in self._keys:
            members: Any = self._redis.zrange(keys.panes, 0, -1)
            for tier, start_ms in (split_pane_member(member.decode()) for member in members):
                cells: Any = self._redis.hgetall(keys.pane(tier, start_ms)) if tier == HOUR else {}
                yield from ((start_ms, cell.decode(), int(value)) for cell, value in cells.items())


def sums(hours: Iterable[tuple[int, str, int]], counts: Mapping[str, int]) -> Sums:
    """The job's sums from (hour in ms, cell, value) of hour panes, of one partition or several."""
    found: Sums = {}
    for hour_ms, cell, amount in hours:
        part, dimension, member = split_cell(cell)
        index = _index(part, counts)
        if index is not None and dimension in SLICED:
            found.setdefault(f"{hour_ms}|{dimension}|{member}", [0] * len(NUMBERS))[index] += amount
    return found


def _index(part: str, counts: Mapping[str, int]) -> int | None:
    """Where a pane's part stands in `NUMBERS`; the buckets of a duration count its pairs."""
    name, _, kind = part.partition(".")
    if kind:
        pairs = DURATIONS.get(name)
        return None if pairs is None else pairs + (kind == "sum")
    return counts.get(name)
