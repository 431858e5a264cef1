"""Reading a topic as it is now: all of it, or only its newest records."""

from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

FETCH_MS: Final = 10_000
"""How long one fetch of a record that is there may take."""


async def read_topic(kafka_client: dict[str, Any], topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """Every record that a committed reader may see, partition by partition; no group is joined."""
    consumer = AIOKafkaConsumer(
        topic,
        **kafka_client,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        records: list[ConsumerRecord[bytes, bytes]] = []
        ends = await consumer.end_offsets(consumer.assignment())
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                fetched = await consumer.getmany(partition, timeout_ms=1_000)
                records += fetched.get(partition, [])
        return records
    finally:
        await consumer.stop()


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
        await consumer.stop()
