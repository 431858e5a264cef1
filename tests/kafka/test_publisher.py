"""Publishing when Kafka does not answer."""

import asyncio

import pytest

from streams.embedded.broker import EmbeddedBroker
from streams.kafka.publisher import Publisher, Sent
from streams.kafka.reading import read_topic
from streams.settings import Settings


async def test_a_publisher_whose_kafka_is_gone_ends_all_the_same() -> None:
    """Left to itself it would send what it holds for ever."""
    with EmbeddedBroker() as broker:
        settings = Settings(broker=f"kafka://{broker.address}", topic="gone")
        publisher = await Publisher(settings, answer_ms=200).__aenter__()
        await publisher.publish([Sent(b"{}")])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await publisher.publish([Sent(b"{}")])
    await publisher.end(0.2)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_publisher_that_ends_brings_to_an_end_what_it_holds() -> None:
    with EmbeddedBroker() as broker:
        settings = Settings(broker=f"kafka://{broker.address}", topic="held")
        publisher = await Publisher(settings).__aenter__()
        publishing = asyncio.create_task(publisher.publish([Sent(b"{}")] * 100))
        await asyncio.sleep(0)
        await publisher.end(10)
        await publishing
        assert len(await read_topic(settings.kafka_client(), "held")) == 100
