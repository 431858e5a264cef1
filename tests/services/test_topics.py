"""Making topics on a real Kafka. About 1 s."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import InvalidTopicError

from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.servers import KafkaServer


def settings_of(kafka: KafkaServer, name: str) -> Settings:
    return Settings(
        broker=f"kafka://{kafka.address}",
        topic=name,
        dead_letters_topic=f"{name}.letters",
        topic_partitions=7,
    )


async def partitions(settings: Settings) -> dict[str, int]:
    """Topic -> how many it has, once Kafka knows them; right after they were made it does not."""
    admin = AIOKafkaAdminClient(**settings.kafka_client())
    await admin.start()
    try:
        while True:
            found = await admin.describe_topics([settings.topic, settings.dead_letters_topic])
            if all(topic["partitions"] for topic in found):
                return {topic["topic"]: len(topic["partitions"]) for topic in found}
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def test_many_workers_that_start_at_once_make_the_topics_once(kafka: KafkaServer) -> None:
    settings = settings_of(kafka, "made-at-once")
    await asyncio.gather(*(create_topics(settings) for _ in range(4)))
    assert await partitions(settings) == {"made-at-once": 7, "made-at-once.letters": 7}


async def test_topics_that_are_there_are_left_as_they_are(kafka: KafkaServer) -> None:
    settings = settings_of(kafka, "there")
    await create_topics(settings)
    await create_topics(settings.model_copy(update={"topic_partitions": 9}))
    assert await partitions(settings) == {"there": 7, "there.letters": 7}


async def test_a_topic_that_kafka_refuses_is_an_error(kafka: KafkaServer) -> None:
    with pytest.raises(InvalidTopicError, match="no name for a topic"):
        await create_topics(settings_of(kafka, "no name for a topic"))
