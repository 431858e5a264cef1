"""Reading a whole topic, from its first record to the end that it has now."""

from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord


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
