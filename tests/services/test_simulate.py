"""Invented traffic in a real Kafka. About 10 s."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.commands.company import Company
from streams.commands.simulate import Mark, simulate
from streams.kafka.reading import read_topic
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.servers import KafkaServer


@asynccontextmanager
async def simulating(settings: Settings) -> AsyncIterator[None]:
    task = asyncio.create_task(simulate(settings, Company(1, 50, 100, seed=1), lambda text: None))
    yield
    assert not task.done(), task.exception()
    task.cancel()
    await asyncio.wait([task])


async def more_than(settings: Settings, number: int) -> list[Mark | None]:
    """The marks of all records, when there are more than so many."""
    while len(records := await read_topic(settings.kafka_client(), settings.topic)) <= number:
        await asyncio.sleep(0.1)
    return [Mark.of(record.headers) for record in records]


async def test_it_begins_in_an_empty_topic_and_goes_on_when_it_is_started_again(kafka: KafkaServer) -> None:
    settings = Settings(broker=f"kafka://{kafka.address}", topic="simulated", dead_letters_topic="letters")
    await create_topics(settings)
    async with simulating(settings):
        before = await more_than(settings, 1_000)
    async with simulating(settings):
        marks = await more_than(settings, len(before) + 100)
    assert len({mark and mark.began_ms for mark in marks}) == 1
