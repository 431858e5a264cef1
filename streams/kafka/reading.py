"""Reading a topic as it is now: all of it, or only its newest records."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaTimeoutError

WAIT_MS: Final = 20
"""A partition is read to its end: nobody waits there for more."""
FETCH_MS: Final = 10_000
"""How long one fetch of a record that is there may take."""


class TopicReader:
    """Reads a topic up to where it ended when this was entered; no group is joined.

    Each partition can be read more than once. Nothing is kept of what was read.
    """

    def __init__(
        self, kafka_client: dict[str, Any], topic: str, ends: Mapping[TopicPartition, int] | None = None
    ) -> None:
        """`ends` are those of an earlier reader: what came since is left out then."""
        self._client = kafka_client
        self._topic = topic
        self.ends = ends
        self._consumer: AIOKafkaConsumer | None = None

    @property
    def partitions(self) -> list[int]:
        """None when there is no such topic, which is not made either."""
        return sorted(partition.partition for partition in self.ends or ())

    async def __aenter__(self) -> Self:
        numbers = await partitions_of(self._client, self._topic)
        if not numbers:
            self.ends = {}
            return self
        self._consumer = AIOKafkaConsumer(
            **self._client,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=WAIT_MS,
        )
        try:
            await self._consumer.start()
            if self.ends is None:
                here = [TopicPartition(self._topic, number) for number in numbers]
                self.ends = await self._consumer.end_offsets(here)
        except BaseException:  # a cancellation, too
            await stopped(self._consumer)
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._consumer is not None:
            await stopped(self._consumer)

    async def records(self, partition: int) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
        """Every record that a committed reader may see; KafkaTimeoutError when Kafka stops answering."""
        assert self._consumer is not None and self.ends is not None
        source = TopicPartition(self._topic, partition)
        end = self.ends[source]
        self._consumer.assign([source])
        await self._consumer.seek_to_beginning(source)
        while (position := await self._consumer.position(source)) < end:
            fetched = await self._consumer.getmany(source, timeout_ms=FETCH_MS)
            for record in fetched.get(source, []):
                if record.offset < end:
                    yield record
            if await self._consumer.position(source) == position:
                raise KafkaTimeoutError(f"no record of {source} came within {FETCH_MS / 1000:g} s")


async def stopped(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer that is in no group.

    While a fetch is under way to a broker that has gone, aiokafka's own `stop` ends half-way, by the fetch's
    cancellation, which is not ours.
    """
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait([stopping])
    if stopping.cancelled():
        await consumer._client.close()


async def partitions_of(kafka_client: dict[str, Any], topic: str) -> list[int]:
    """The partitions of a topic; none when there is no such topic, which is not made by asking."""
    client = AIOKafkaClient(**kafka_client)
    try:
        await client.bootstrap()
        cluster = await client.fetch_all_metadata()
        return sorted(cluster.partitions_for_topic(topic) or ())
    finally:
        await client.close()


async def read_topic(kafka_client: dict[str, Any], topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """Every record that a committed reader may see, partition by partition."""
    async with TopicReader(kafka_client, topic) as reader:
        return [record for partition in reader.partitions async for record in reader.records(partition)]


async def newest_headers(
    kafka_client: dict[str, Any], topic: str, partitions: Sequence[int]
) -> list[Sequence[tuple[str, bytes]]]:
    """The headers of the newest record of each partition that has any; none of a transaction's end."""
    consumer = AIOKafkaConsumer(**kafka_client, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in partitions])
        begins = await consumer.beginning_offsets(consumer.assignment())
        ends = await consumer.end_offsets(consumer.assignment())
        found: list[Sequence[tuple[str, bytes]]] = []
        for partition, end in ends.items():
            if end > begins[partition]:
                consumer.seek(partition, end - 1)
                fetched = await consumer.getmany(partition, timeout_ms=FETCH_MS, max_records=1)
                found += [record.headers for record in fetched.get(partition, [])] or [()]
        return found
    finally:
        await stopped(consumer)
