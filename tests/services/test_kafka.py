from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.servers import KafkaServer


async def send(kafka: KafkaServer, topic: str, value: bytes, codec: str | None = None) -> TopicPartition:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, compression_type=codec) as producer:
        await producer.send_and_wait(topic, value, partition=3)
    return TopicPartition(topic, 3)


async def first(kafka: KafkaServer, tp: TopicPartition) -> bytes | None:
    """The value of the partition's first record."""
    async with AIOKafkaConsumer(bootstrap_servers=kafka.address, auto_offset_reset="none") as consumer:
        consumer.assign([tp])
        consumer.seek(tp, 0)
        value: bytes | None = (await consumer.getone()).value
        return value


@pytest.mark.parametrize("codec", ["lz4", "snappy", "zstd"])
async def test_compressed_records_go_through_a_real_kafka(kafka: KafkaServer, codec: str) -> None:
    tp = await send(kafka, f"codec-{codec}", b"value" * 100, codec)
    assert await first(kafka, tp) == b"value" * 100


async def test_kafka_comes_back_on_its_port_with_its_records_after_kill_9(
    kafka_jars: Path, tmp_path: Path
) -> None:
    with KafkaServer(tmp_path, kafka_jars) as kafka:
        tp = await send(kafka, "survivors", b"value")
        kafka.kill9()
        kafka.restart()
        assert await first(kafka, tp) == b"value"
