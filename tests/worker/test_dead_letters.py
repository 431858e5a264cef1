"""A dead letter that is read back holds all that is known of the bad record, byte for byte. About 2 s."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.dead_letter import DeadLetter
from streams.embedded.broker import EmbeddedBroker
from streams.engine.decode import Reject
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.worker.dead_letters import PREFIX_BYTES, DeadLetters, letter_producer
from tests.builders import Record, lead_created, record, shipped
from tests.worker.builders import PUBLISHED_MS

SOURCE = TopicPartition("crm.events", 3)
NOT_UTF8 = b'{"id": "\xff\xfe\x00"}'


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
async def producer(broker: EmbeddedBroker) -> AsyncIterator[AIOKafkaProducer]:
    """The worker's."""
    async with letter_producer(Settings(broker=f"kafka://{broker.address}")) as producer:
        yield producer


def reject_of(bad: Record) -> Reject:
    events, rejects = shipped().decoder.decode([bad])
    assert not events
    return rejects[0]


async def letters_of(
    broker: EmbeddedBroker, producer: AIOKafkaProducer, topic: str, *bad: Record
) -> dict[int, DeadLetter]:
    """Written, and read back from the topic: offset of the bad record -> its letter."""
    await DeadLetters(producer, topic).write(SOURCE, [reject_of(one) for one in bad])
    found = await read_topic({"bootstrap_servers": broker.address}, topic)
    letters = [(one.key, DeadLetter.from_json(one.value or b"")) for one in found]
    assert all(key == letter.record_key().encode() for key, letter in letters)
    return {letter.offset: letter for _, letter in letters}


async def test_it_says_why_where_and_what(broker: EmbeddedBroker, producer: AIOKafkaProducer) -> None:
    headers = [("trace", b"\x00\xff"), ("empty", None), ("trace", b"second")]
    bad = Record(41, PUBLISHED_MS, b"key-\xff", NOT_UTF8, headers)
    letter = (await letters_of(broker, producer, "whole", bad))[41]
    assert letter.reason == "not_utf8"
    assert letter.field is None
    assert "byte 8" in letter.message
    assert (letter.topic, letter.partition, letter.offset) == ("crm.events", 3, 41)
    assert letter.timestamp_ms == PUBLISHED_MS
    assert letter.original() == NOT_UTF8
    assert (letter.size, letter.sha256) == (len(NOT_UTF8), None)
    assert letter.key == "a2V5Lf8="
    assert letter.headers == [("trace", "AP8="), ("empty", None), ("trace", "c2Vjb25k")]
    assert letter.header("trace") == "\x00�"


async def test_it_names_the_field_at_fault(broker: EmbeddedBroker, producer: AIOKafkaProducer) -> None:
    bad = record(lead_created("lead-1", customer_id=7), at=PUBLISHED_MS, offset=1)
    letter = (await letters_of(broker, producer, "field", bad))[1]
    assert (letter.reason, letter.field) == ("wrong_type", "data.customer_id")
    assert letter.original() == bad.value


async def test_a_tombstone_has_no_original(broker: EmbeddedBroker, producer: AIOKafkaProducer) -> None:
    letter = (await letters_of(broker, producer, "tombstone", Record(2, 0, b"key", None)))[2]
    assert (letter.reason, letter.value, letter.size, letter.sha256) == ("tombstone", None, 0, None)
    assert letter.original() is None


async def test_the_same_record_met_again_has_the_same_key(
    broker: EmbeddedBroker, producer: AIOKafkaProducer
) -> None:
    bad = record("nonsense", at=PUBLISHED_MS, offset=5)
    for _ in range(2):
        await letters_of(broker, producer, "again", bad)
    found = await read_topic({"bootstrap_servers": broker.address}, "again")
    assert [one.key for one in found] == [b"crm.events/3/5"] * 2
    assert found[0].value == found[1].value


async def test_all_of_a_batch_are_written(broker: EmbeddedBroker, producer: AIOKafkaProducer) -> None:
    bad = [record(f"nonsense {at}", at=PUBLISHED_MS, offset=at) for at in range(300)]
    letters = await letters_of(broker, producer, "many", *bad)
    assert {at: letter.original() for at, letter in letters.items()} == {one.offset: one.value for one in bad}


async def test_of_a_record_that_is_too_large_a_prefix_is_kept(
    broker: EmbeddedBroker, producer: AIOKafkaProducer
) -> None:
    value = b"{" + bytes(range(256)) * 5_000
    letter = (await letters_of(broker, producer, "large", Record(3, 0, b"key", value)))[3]
    assert_truncated(letter, "too_large", value)


async def test_a_record_at_the_limit_is_kept_whole(
    broker: EmbeddedBroker, producer: AIOKafkaProducer
) -> None:
    value = b"\xff" * 1_000_000
    letter = (await letters_of(broker, producer, "limit", Record(3, 0, b"key", value)))[3]
    assert letter.original() == value
    assert letter.sha256 is None


def assert_truncated(letter: DeadLetter, reason: str, value: bytes) -> None:
    assert letter.reason == reason
    assert letter.original() == value[:PREFIX_BYTES]
    assert letter.size == len(value)
    assert letter.sha256 == hashlib.sha256(value).hexdigest()


# What makes a letter large, beside the value. Each alone must not keep the worker from going on.
BULKY: dict[str, Record] = {
    "value": Record(1, 0, b"key", b"x" * 900_000),
    "key": Record(1, 0, b"k" * 900_000, b"x"),
    "header": Record(1, 0, b"key", b"x", [("small", b"1"), ("big", b"h" * 900_000)]),
    "headers": Record(1, 0, b"key", b"x", [(f"h{number}", b"h" * 300) for number in range(3_000)]),
    "header's name": Record(1, 0, b"key", b"x", [("n" * 900_000, b"1")]),
    "message": Record(1, 0, b"key", b'{"type": "%s"}' % (b"t" * 900_000)),
    "message of escapes": Record(1, 0, b"key", b'{"type": "%s"}' % (rb"\u0001" * 150_000)),
}


@pytest.mark.parametrize("what", BULKY)
async def test_a_letter_that_its_topic_would_refuse_is_shortened_until_it_fits(
    broker: EmbeddedBroker, what: str
) -> None:
    """Here the producer refuses it, by a limit as small as a topic's usual one."""
    topic = f"bulky-{what.replace(' ', '-').replace(chr(39), '')}"
    async with AIOKafkaProducer(bootstrap_servers=broker.address, max_request_size=500_000) as small:
        letter = (await letters_of(broker, small, topic, BULKY[what]))[1]
    value = BULKY[what].value or b""
    assert_truncated(letter, letter.reason, value)
    assert letter.headers[:1] == [("small", "MQ==")] or what != "header"


async def test_a_writer_that_fails_says_so(broker: EmbeddedBroker) -> None:
    producer: Any = AIOKafkaProducer(bootstrap_servers=broker.address, max_request_size=100)
    async with producer:
        with pytest.raises(KafkaError):
            await DeadLetters(producer, "tiny").write(SOURCE, [reject_of(record("nonsense"))])
