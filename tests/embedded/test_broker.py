import builtins
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from streams.embedded.broker import PARTITIONS, EmbeddedBroker
from streams.errors import MissingPart
from streams.kafka.topics import create_topics
from streams.settings import Settings

TOPIC = "crm.events"
SENT_MS = 1_700_000_000_000
HEADERS = [("h", b"1")]
CODECS = [None, "gzip", "lz4", "snappy", "zstd"]


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@asynccontextmanager
async def producer(broker: EmbeddedBroker, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=broker.address, **options) as started:
        yield started


@asynccontextmanager
async def consumer(broker: EmbeddedBroker, *topics: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer as our worker has it."""
    ours = {"auto_offset_reset": "none", "isolation_level": "read_committed", "enable_auto_commit": False}
    async with AIOKafkaConsumer(*topics, bootstrap_servers=broker.address, **ours, **options) as started:
        yield started


@pytest.mark.parametrize("codec", CODECS)
async def test_a_record_comes_back_as_it_was_sent(broker: EmbeddedBroker, codec: str | None) -> None:
    topic = f"codec-{codec}"
    async with producer(broker, compression_type=codec, enable_idempotence=True) as sender:
        sent = await sender.send_and_wait(topic, b"value", b"key", timestamp_ms=SENT_MS, headers=HEADERS)
    tp = TopicPartition(topic, sent.partition)
    async with consumer(broker) as reader:
        reader.assign([tp])
        reader.seek(tp, 0)
        record = await reader.getone()
    assert (record.key, record.value, record.offset, record.timestamp) == (b"key", b"value", 0, SENT_MS)
    assert list(record.headers) == HEADERS


async def test_a_topic_appears_with_four_partitions_when_first_asked_for(broker: EmbeddedBroker) -> None:
    async with producer(broker) as sender:
        assert len(await sender.partitions_for("asked-for")) == PARTITIONS


async def test_first_end_and_last_stable_offsets_are_known(broker: EmbeddedBroker) -> None:
    tp = TopicPartition("offsets", 1)
    async with producer(broker) as sender:
        for _ in range(3):
            await sender.send_and_wait(tp.topic, b"value", partition=tp.partition)
    async with consumer(broker) as reader:
        assert await reader.beginning_offsets([tp]) == {tp: 0}
        assert await reader.end_offsets([tp]) == {tp: 3}
        reader.assign([tp])
        reader.seek(tp, 3)
        assert reader.last_stable_offset(tp) is None
        await reader.getmany(tp, timeout_ms=700)
        assert (reader.last_stable_offset(tp), reader.highwater(tp)) == (3, 3)


async def test_a_lone_member_of_a_group_gets_all_partitions_and_may_commit(broker: EmbeddedBroker) -> None:
    async with producer(broker) as sender:
        await sender.partitions_for(TOPIC)
    async with consumer(broker, TOPIC, group_id="group") as reader:
        assert len(reader.assignment()) == PARTITIONS
        tp = TopicPartition(TOPIC, 0)
        with pytest.raises(NoOffsetForPartitionError):
            await reader.getone(tp)
        await reader.commit({tp: 7})
        assert await reader.committed(tp) == 7


async def test_an_offset_that_is_not_there_is_an_error_and_not_a_silent_reset(broker: EmbeddedBroker) -> None:
    tp = TopicPartition("range", 0)
    async with producer(broker) as sender:
        await sender.send_and_wait(tp.topic, b"value", partition=0)
    async with consumer(broker) as reader:
        reader.assign([tp])
        reader.seek(tp, 1_000)
        with pytest.raises(OffsetOutOfRangeError):
            await reader.getone(tp)


def test_after_stop_nothing_listens_and_stopping_twice_is_harmless() -> None:
    broker = EmbeddedBroker()
    broker.stop()
    broker.stop()
    host, port = broker.address.split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_it_says_nothing_on_the_terminal() -> None:
    program = "from streams.embedded.broker import EmbeddedBroker; EmbeddedBroker().stop()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_without_its_package_the_line_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_it(name: str, *arguments: Any) -> Any:
        if name == "confluent_kafka":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_it)
    with pytest.raises(MissingPart, match=r"pip install confluent-kafka"):
        EmbeddedBroker()


async def test_whoever_tries_to_make_topics_on_it_is_told_what_to_set(broker: EmbeddedBroker) -> None:
    settings = Settings(broker=f"kafka://{broker.address}", topic="not.there")
    with pytest.raises(KafkaError, match="KPI_CREATE_TOPICS=false"):
        await create_topics(settings)
