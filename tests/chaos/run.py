"""One run: bursts and faults, and then every partition against a recount of the topic."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.chaos.bursts import Bursts
from tests.chaos.cluster import PARTITIONS, Cluster
from tests.chaos.faults import FAULTS, Owners
from tests.services.recount import Recount, differences, stored
from tests.worker.builders import engine

BURST: Final = 7_000
"""Lines to a burst. The workers are at most two bursts behind."""
ALMOST: Final = 0.9
"""Partitions do not all have the same share of a burst."""
LATER_S: Final = 0.1
CHUNK_RECORDS: Final = 20_000
SHOWN_CHARS: Final = 150
"""Of a difference, which may quote a whole waiting list."""

Say = Callable[[str], None]


@dataclass(slots=True)
class Summary:
    """What a run did, and what it showed."""

    events: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    """Bursts that were done before their fault could strike."""
    fenced: int = 0
    ended: int = 0
    compared: int = 0
    """Cells, rows and waiting subjects."""
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        faults = ", ".join(f"{kind} {number}" for kind, number in sorted(self.faults.items()))
        return "\n".join(
            [
                f"{self.events:,} events in {self.seconds:.0f} s; faults: {faults or 'none'}",
                f"{self.fenced} commits fenced, {self.missed} bursts done too soon for their fault, "
                f"{self.ended} workers ended by themselves",
                f"{self.compared:,} cells compared, {len(self.differences)} differences",
                *(f"  {one[:SHOWN_CHARS]}" for one in self.differences),
            ]
        )


def plan(seed: int, **numbers: int) -> list[str]:
    """So many faults of each kind, in the order that the seed makes."""
    kinds = [kind for kind, number in numbers.items() for _ in range(number)]
    random.Random(seed).shuffle(kinds)
    return kinds


async def chaos(cluster: Cluster, kinds: Iterable[str], bursts: Bursts, at_least: int, say: Say) -> Summary:
    """Publish bursts, strike each by one fault, go on to `at_least` lines, and compare when all is committed.

    Raises Stalled when the workers stop to work.
    """
    summary, started, rng = Summary(), time.monotonic(), random.Random(bursts.seed)

    def tell(text: str) -> None:
        seconds = int(time.monotonic() - started)
        say(f"{seconds // 60:3d}:{seconds % 60:02d}  {text}")

    for kind in kinds:
        sooner = 1.0
        while (done := await _strike(cluster, bursts, kind, sooner, rng)) is None:
            summary.missed += 1
            sooner /= 2
        summary.faults[kind] += 1
        tell(done)
    while bursts.published < at_least:
        await publish(cluster, bursts)
    tell(f"{bursts.published:,} events published, waiting for the last ones")
    await cluster.work_is_left(0)
    summary.events = bursts.published
    for partition in PARTITIONS:
        compared, found = await compare(cluster, partition)
        summary.compared += compared
        summary.differences += [f"partition {partition}: {one}" for one in found]
    summary.fenced, summary.ended = cluster.fenced(), cluster.ended
    summary.seconds = time.monotonic() - started
    return summary


async def _strike(
    cluster: Cluster, bursts: Bursts, kind: str, sooner: float, rng: random.Random
) -> str | None:
    """A burst, and the fault while the workers are at it; None when no work was left that it could strike.

    Of its partitions, mostly one batch each, some are done and some are not. `sooner` is 1 at first, and less
    when that came too late.
    """
    owners = await publish(cluster, bursts)
    at_work = {partition for _, partitions in owners for partition in partitions}
    done = rng.randrange(len(at_work)) / len(at_work) * ALMOST * sooner
    left = await cluster.left(at_work)
    await cluster.work_is_left(int(left * (1 - done)), at_work)
    await asyncio.sleep(rng.random() * LATER_S * sooner)
    return await FAULTS[kind](cluster, owners, rng)


async def publish(cluster: Cluster, bursts: Bursts) -> Owners:
    """A burst, once the workers are no more than one behind; who works on what when it may be read."""
    owners: Owners = []

    async def ready() -> None:
        await cluster.work_is_left(BURST)
        owners[:] = await cluster.owners()

    cluster.ends |= await bursts.publish(BURST, ready)
    return owners


# -- The comparison ---------------------------------------------------------------------------------------


async def compare(cluster: Cluster, partition: int) -> tuple[int, list[str]]:
    """(cells that were compared, differences) of one partition."""
    recount, records = Recount(engine()), 0
    async for chunk in _records(cluster, partition):
        recount.add(chunk)
        records += len(chunk)
    store = cluster.store(partition)
    expected, found = recount.state(store), await stored(cluster.redis, store, engine())
    said = []
    if found.offset < expected.offset or records == 0:
        said.append(f"{found.offset} committed, of {records} records up to {expected.offset}")
    expected.offset = found.offset  # behind the last record there is its transaction's marker
    return max(expected.cells(), found.cells()), said + differences(expected, found)


async def _records(cluster: Cluster, partition: int) -> AsyncIterator[list[Any]]:
    """All records of a partition that may be read, chunk by chunk."""
    tp = TopicPartition(cluster.settings.topic, partition)
    async with AIOKafkaConsumer(
        **cluster.settings.kafka_client(), isolation_level="read_committed", auto_offset_reset="none"
    ) as consumer:
        consumer.assign([tp])
        consumer.seek(tp, 0)
        end = (await consumer.end_offsets([tp]))[tp]
        while await consumer.position(tp) < end:
            fetched = await consumer.getmany(tp, timeout_ms=1_000, max_records=CHUNK_RECORDS)
            if tp in fetched:
                yield list(fetched[tp])
