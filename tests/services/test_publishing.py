"""The programs of examples/producers on a real Kafka: whatever it is published with, it is the same event."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest
from aiokafka import ConsumerRecord

from streams.kafka.reading import read_topic
from streams.kafka.topics import create_topics
from streams.settings import Settings
from streams.worker.placement import murmur2_place
from tests.builders import shipped
from tests.pages import ROOT
from tests.servers import KafkaServer, unavailable

PRODUCERS: Final = ROOT / "examples" / "producers"
KEY: Final = b"cust-7"
JVM: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


def commands(jars: Path) -> Mapping[str, Sequence[str]]:
    """Program -> how it is run."""
    return {
        "with_aiokafka.py": [sys.executable],
        "with_confluent.py": [sys.executable],
        "Publish.java": ["java", *JVM, "-cp", f"{jars}/*"],
        "kcat.sh": ["sh", "-eu"],
    }


@pytest.fixture(scope="module")
def settings(kafka: KafkaServer) -> Settings:
    return Settings(
        broker=f"kafka://{kafka.address}", topic="published.events", dead_letters_topic="published.letters"
    )


@pytest.fixture(scope="module")
def published(settings: Settings, kafka_jars: Path) -> Sequence[ConsumerRecord[bytes, bytes]]:
    """What is in the topic when all programs have run, side by side, for some are slow to start."""
    for program in ("java", "kcat"):
        shutil.which(program) or unavailable(f"no {program} on the PATH")
    asyncio.run(create_topics(settings))
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KAFKA": settings.bootstrap_servers(),
        "TOPIC": settings.topic,
    }
    running = {
        program: subprocess.Popen(
            [*command, PRODUCERS / program],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for program, command in commands(kafka_jars).items()
    }
    for program, process in running.items():
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, f"{program}: {said.decode()}"
    return asyncio.run(read_topic(settings.kafka_client(), settings.topic))


def test_every_program_publishes_its_event_and_none_is_refused(
    published: Sequence[ConsumerRecord[bytes, bytes]], kafka_jars: Path
) -> None:
    events, rejects = shipped().decoder.decode(published)
    assert not rejects
    assert len(events) == len(commands(kafka_jars))
    assert len({event.digest for event in events}) == 1
    assert {event.data.channel for event in events} == {"web"}


def test_every_program_puts_the_customer_into_the_same_partition(
    published: Sequence[ConsumerRecord[bytes, bytes]], settings: Settings
) -> None:
    place = murmur2_place(KEY, settings.topic_partitions)
    assert {(record.key, record.partition) for record in published} == {(KEY, place)}
