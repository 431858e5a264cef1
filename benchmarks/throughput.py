"""How fast one worker catches up, and what that costs: events/s, CPU and memory per event, Redis' bytes.

1. The events are made, encoded and published (lz4, 4 partitions), before anything is measured.
2. A worker, the real `kpi worker`, starts and commits all of them. Every 50 ms it is noted how many
   are committed, and how much CPU the processes have used.
3. The figures are those between the first commit that was seen and the last one: a process needs a second
   or two to start, and the company's founding (company.py) is like no other day.
4. The state must equal a recount of the topic; a fast wrong run is no result.
"""

import asyncio
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.company import PARTITIONS, Line
from benchmarks.site import PATIENCE_S, Site, cpu_s, machine_cpu_s, peak_bytes
from streams import naming
from streams.clock import clock_ms
from streams.embedded.processes import Child
from streams.engine.engine import Engine
from streams.engine.plan import read_plan
from streams.kafka.reading import read_topic
from streams.naming import PartitionKeys, partition_prefix
from streams.settings import Settings
from streams.state import connect
from tests.services import recount

LOOK_S: Final = 0.05
WORKER: Final = (sys.executable, "-m", "streams.cli", "worker")


@dataclass(frozen=True, slots=True)
class Moment:
    """What could be seen at one moment. CPU in seconds."""

    at_s: float
    committed: int
    worker_cpu_s: float
    redis_cpu_s: float
    kafka_cpu_s: float
    other_cpu_s: float
    """Of all other processes of the machine, but for this one."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What Redis holds at the end; its own measure of its keys (MEMORY USAGE)."""

    rows: int
    row_bytes: int
    cells: int
    cell_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """A worker's way from its start to the end of the topic."""

    started_s: float
    first: Moment
    """The first commit that was seen, of those that the figures are about."""
    last: Moment
    commits: int
    commit_s: float
    """Seconds within commits, all together; with the time that Redis takes."""
    outcomes: dict[str, int]
    stored: Stored
    worker_bytes: int
    differences: Sequence[str]
    """Between the state and the recount, in words."""

    @property
    def events(self) -> int:
        return self.last.committed - self.first.committed

    @property
    def events_per_s(self) -> float:
        return self.events / (self.last.at_s - self.first.at_s)

    @property
    def events_per_s_from_start(self) -> float:
        return self.last.committed / (self.last.at_s - self.started_s)

    @property
    def others_share(self) -> float:
        """Cores that other processes took meanwhile."""
        return (self.last.other_cpu_s - self.first.other_cpu_s) / (self.last.at_s - self.first.at_s)

    def cpu_us(self, process: str) -> float:
        """Microseconds of CPU per event of `worker`, `redis` or `kafka`."""
        field = f"{process}_cpu_s"
        return float(getattr(self.last, field) - getattr(self.first, field)) / self.events * 1e6


def measure(
    site: Site,
    name: str,
    lines: Sequence[Line],
    command: Sequence[str] = WORKER,
    *,
    founding: int = 0,
    verify: bool = True,
) -> Run:
    """Publish the lines to a topic of their own, and let one worker count them.

    The figures begin when the first `founding` events are committed.
    """
    settings = site.settings(name)
    published = site.publish(settings, lines)
    started_s = time.monotonic()
    with site.process("worker", settings, command) as worker:
        moments = [
            moment
            for moment in _moments(site, settings.namespace, worker, published)
            if moment.committed > founding
        ]
        commits, commit_s = _commits(settings)
        worker_bytes = peak_bytes(worker.pid)
    return Run(
        started_s,
        moments[0],
        moments[-1],
        commits,
        commit_s,
        _outcomes(site, settings.namespace),
        stored(site, settings.namespace),
        worker_bytes,
        asyncio.run(differences(settings)) if verify else (),
    )


def _moments(site: Site, namespace: str, worker: Child, records: int) -> Iterator[Moment]:
    """What is seen until all records are committed; TimeoutError, StartError when that does not come."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        worker.check()
        worker_s, redis_s, kafka_s = map(cpu_s, (worker.pid, site.redis_server.pid, site.kafka.pid))
        other_s = machine_cpu_s() - worker_s - redis_s - kafka_s - time.process_time()
        committed = site.committed(namespace)
        moment = Moment(time.monotonic(), committed, worker_s, redis_s, kafka_s, other_s)
        yield moment
        if moment.committed >= records:
            return
        if moment.at_s > deadline:
            raise TimeoutError(f"{moment.committed} of {records} records after {PATIENCE_S:g} s")
        time.sleep(LOOK_S)


def _commits(settings: Settings) -> tuple[int, float]:
    """(commits, seconds within them) by the worker's own metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{settings.worker_port}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }
    return int(samples[f"{naming.COMMIT_SECONDS}_count"]), samples[f"{naming.COMMIT_SECONDS}_sum"]


# -- What is in Redis at the end --------------------------------------------------------------------------


def _outcomes(site: Site, namespace: str) -> dict[str, int]:
    """Outcome -> events, of all partitions."""
    outcomes: dict[str, int] = {}
    for number in range(PARTITIONS):
        totals: Any = site.redis.hgetall(PartitionKeys(partition_prefix(namespace, number)).totals)
        for cell, value in totals.items():
            name = cell.decode()
            if name.startswith(naming.COUNTER) and not naming.is_time(name):
                outcomes[name[1:]] = outcomes.get(name[1:], 0) + int(value)
    return outcomes


def stored(site: Site, namespace: str) -> Stored:
    """How many rows and cells a namespace has, and what they take."""
    rows = list(_hashes(site, f"{{{namespace}:*}}:rows:*"))
    panes = list(_hashes(site, f"{{{namespace}:*}}:panes:*"))
    return Stored(
        sum(fields for fields, _ in rows),
        sum(size for _, size in rows),
        sum(fields for fields, _ in panes),
        sum(size for _, size in panes),
    )


def _hashes(site: Site, pattern: str) -> Iterator[tuple[int, int]]:
    """(fields, bytes) of each hash."""
    for key in site.redis.scan_iter(match=pattern, count=1_000):
        yield int(site.redis.hlen(key)), int(site.redis.memory_usage(key, samples=0) or 0)


async def differences(settings: Settings) -> list[str]:
    """What differs between the state and a recount of the topic: of all that has not left its tier by now."""
    engine = Engine(read_plan(*settings.catalog_text()), sweeps=False)
    records = await read_topic(settings.kafka_client(), settings.topic)
    said: list[str] = []
    async with connect(settings.redis_url()) as redis:
        for number in range(PARTITIONS):
            store = recount.partition_store(redis, settings.namespace, number, engine)
            found = await recount.stored(redis, store, engine)
            now_ms = clock_ms()
            expected = recount.recount(engine, [one for one in records if one.partition == number], store)
            for state in (expected, found):
                state.panes = recount.kept(state.panes, store, now_ms)
            said += recount.differences(expected, found)
    return said
