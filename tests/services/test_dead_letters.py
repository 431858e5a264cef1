"""Dead letters on a real Kafka, which refuses what is larger than its topic takes. About 2 s."""

import hashlib
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.dead_letter import DeadLetter
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.worker.dead_letters import PREFIX_BYTES, DeadLetters, letter_producer
from tests.builders import Record, shipped
from tests.servers import KafkaServer

SOURCE = TopicPartition("crm.events", 3)
LIMITS = {"ours": 3_000_000, "kafkas-default": 1_048_588, "small": 300_000}
BULKY = Record(
    7, 0, b"k" * 200_000, b"x" * 700_000, [("small", b"1"), ("big", b"h" * 200_000), ("behind", b"2")]
)


@pytest.fixture
async def producer(kafka: KafkaServer) -> AsyncIterator[AIOKafkaProducer]:
    """The worker's."""
    async with letter_producer(Settings(broker=f"kafka://{kafka.address}")) as producer:
        yield producer


async def topic_that_takes(kafka: KafkaServer, name: str) -> str:
    """A new topic for records up to one of `LIMITS`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    try:
        configs = {"cleanup.policy": "compact", "max.message.bytes": str(LIMITS[name])}
        topic = NewTopic(f"letters.{name}", 1, 1, topic_configs=configs)
        await admin.create_topics([topic])
    finally:
        await admin.close()
    return f"letters.{name}"


async def written(
    kafka: KafkaServer, producer: AIOKafkaProducer, topic: str, *bad: Record
) -> list[DeadLetter]:
    _, rejects = shipped().decoder.decode(bad)
    await DeadLetters(producer, topic).write(SOURCE, rejects)
    found = await read_topic({"bootstrap_servers": kafka.address}, topic)
    return [DeadLetter.from_json(one.value or b"") for one in found]


async def test_our_topic_takes_every_letter_whole(kafka: KafkaServer, producer: AIOKafkaProducer) -> None:
    topic = await topic_that_takes(kafka, "ours")
    largest = Record(1, 0, b"key", b"\xff" * 1_000_000)
    letters = await written(kafka, producer, topic, largest, BULKY)
    assert [letter.original() for letter in letters] == [largest.value, BULKY.value]
    assert [letter.sha256 for letter in letters] == [None, None]
    assert len(letters[1].headers) == 3


@pytest.mark.parametrize("limit", ["kafkas-default", "small"])
async def test_a_letter_that_its_topic_refuses_is_shortened_and_its_neighbours_are_not(
    kafka: KafkaServer, producer: AIOKafkaProducer, limit: str
) -> None:
    topic = await topic_that_takes(kafka, limit)
    neighbours = [Record(at, 0, b"key", b"nonsense %d" % at) for at in (6, 8)]
    letters = await written(kafka, producer, topic, neighbours[0], BULKY, neighbours[1])
    shortened = next(letter for letter in letters if letter.offset == 7)
    value = BULKY.value or b""
    assert shortened.original() == value[:PREFIX_BYTES]
    assert (shortened.size, shortened.sha256) == (len(value), hashlib.sha256(value).hexdigest())
    assert shortened.headers == [("small", "MQ==")]
    assert {letter.original() for letter in letters} >= {one.value for one in neighbours}
