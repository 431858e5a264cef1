"""The checks of `open()`: whether the state in Redis may be gone on with over this log.

Each that fails raises Held, with a code for metrics and a text that names the remedy; in this order:

1. `eviction`     Redis might delete state in silence
2. `partitions`   the topic has another number of partitions than the state was made with
3. `emptied`      the group has counted this partition, and Redis knows nothing of it
4. `topic`        the log is another one than the state was made from
5. `fingerprint`  the state was made with another catalog (`PartitionStore.claim`, for it must be one step)

Records that retention deleted before they were read hold nothing: they are counted, and it goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.errors import Held
from streams.state import PartitionStore, refuse_eviction
from streams.worker.log import Log

KAFKA_S: Final = 10.0
"""How long Kafka may take to answer."""
AGAIN_S: Final = 60.0
"""How often an open table looks again at what may change under it."""
ANEW: Final = "give KPI_NAMESPACE a new name to count the topic anew, from its beginning"


class Checks:
    """The checks of one partition. Each raises Held, or KafkaError or RedisError when one does not answer."""

    def __init__(self, partition: TopicPartition, store: PartitionStore, log_: Log) -> None:
        self._partition = partition
        self._store = store
        self._log = log_
        self.partitions = 0
        """How many the topic had when it was checked last."""
        self._next = 0.0

    async def at_open(self) -> int:
        """The log's earliest offset, when the partition may be opened."""
        self._next = asyncio.get_running_loop().time() + AGAIN_S
        meta, position = await self._store.meta(), await self._store.position()
        await refuse_eviction(self._store.client)
        await self._check_partitions(meta)
        async with _in_time():
            if position is None:
                await self._check_emptied(meta)
            earliest, end = await self._log.bounds()  # read last: nobody has committed beyond `end` before
            if position is not None:
                _check_end(position.offset, end)
                await self._check_newest(meta, earliest)
        return earliest

    async def while_open(self) -> None:
        """When a minute has passed, in one round trip: what may have changed under an open table."""
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return
        self._next = now + AGAIN_S
        if self._log.partitions() != self.partitions:
            raise self._other_partitions({str(self.partitions)})
        await refuse_eviction(self._store.client)

    async def _check_partitions(self, meta: Mapping[str, str]) -> None:
        """A partition that was added has no meta: it goes by that of the others, before it counts anything.

        Its worker may not have heard yet that there are more than before.
        """
        self.partitions = self._log.partitions()
        known = meta.get("partitions")
        made_with = {known} if known else await self._store.others_meta("partitions", self.partitions)
        if made_with - {str(self.partitions)} or any(self._partition.partition >= int(n) for n in made_with):
            raise self._other_partitions(made_with)

    def _other_partitions(self, made_with: set[str]) -> Held:
        found = max(self._log.partitions(), self._partition.partition + 1)
        numbers = " and ".join(sorted(made_with))
        return Held(
            "partitions",
            f"the topic has {found} partitions, the state was made with {numbers}, and keys have moved: a "
            f"customer's older and newer events lie in two of them. Copy the topic by its keys, oldest first "
            f"and with its timestamps, into a new one with as many partitions as you want for good, and "
            f"count that: KPI_TOPIC, and a new KPI_NAMESPACE (`kpi rekey`, which copies, comes later)",
        )

    async def _check_emptied(self, meta: Mapping[str, str]) -> None:
        if meta:
            raise Held("emptied", f"Redis has state without an offset: restore it whole, or {ANEW}")
        if committed := await self._log.group_offset():
            raise Held(
                "emptied",
                f"the group has counted up to offset {committed}, but Redis has no state: it was emptied, "
                f"or is another one; restore it, or {ANEW} (so does deleting the consumer group)",
            )

    async def _check_newest(self, meta: Mapping[str, str], earliest: int) -> None:
        """The newest record that was counted, if the log still has it, must be the one that it was."""
        offset = int(meta.get("record_offset") or -1)
        if offset < earliest:
            return
        found, counted = await self._log.timestamp_at(offset), int(meta["record_ms"])
        if found is not None and found != counted:
            text = f"the record at offset {offset} has the timestamp {found}, what was counted had {counted}"
            raise Held("topic", f"{text}: the topic was made anew, and has regrown; {ANEW}")


def _check_end(offset: int, end: int) -> None:
    if offset > end:
        raise Held("topic", f"the topic ends at {end}, before our offset {offset}: it was made anew; {ANEW}")


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(KAFKA_S):
            yield
    except TimeoutError:
        raise KafkaTimeoutError(f"no answer within {KAFKA_S:g} s") from None
