"""The programs of examples/producers on a real Kafka: whichever runs, it is the same event. About 8 s."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from aiokafka import ConsumerRecord
from pydantic import SecretStr

from streams.commands.stack import child
from streams.embedded.processes import free_port
from streams.kafka.reading import read_topic
from streams.kafka.topics import create_topics
from streams.settings import Settings
from streams.worker.placement import murmur2_place
from tests.builders import shipped
from tests.pages import ROOT
from tests.servers import KafkaServer, answers_http, unavailable

PRODUCERS: Final = ROOT / "examples" / "producers"
KEY: Final = b"cust-7"
TOKEN: Final = "a-token-of-12-or-more"
JVM: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
SHELL: Final = ("sh", "-eu")


class Program(NamedTuple):
    """How a program is run, and how many events it publishes."""

    command: Sequence[str]
    events: int = 1


def programs(jars: Path) -> Mapping[str, Program]:
    return {
        "with_aiokafka.py": Program([sys.executable]),
        "with_confluent.py": Program([sys.executable]),
        "Publish.java": Program(["java", *JVM, "-cp", f"{jars}/*"]),
        "publish.mjs": Program(["node"]),
        "kcat.sh": Program(SHELL),
        "structured.sh": Program(SHELL),
        "batch.sh": Program(SHELL, events=2),
        "binary.sh": Program(SHELL),
    }


@pytest.fixture(scope="module")
def settings(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Topics of our own, and webhooks that publish into them."""
    settings = Settings(
        broker=f"kafka://{kafka.address}",
        topic="published.events",
        dead_letters_topic="published.letters",
        intake_port=free_port(),
        intake_tokens=SecretStr(TOKEN),
    )
    asyncio.run(create_topics(settings))
    with child("intake", settings, tmp_path_factory.mktemp("intake")) as intake:
        intake.wait_until(lambda: answers_http(settings.intake_port, "/readyz"))
        yield settings


@pytest.fixture(scope="module")
def published(settings: Settings, kafka_jars: Path) -> Sequence[ConsumerRecord[bytes, bytes]]:
    """What is in the topic when all programs have run, side by side, for some are slow to start."""
    for tool in ("curl", "javac", "kcat", "node"):
        shutil.which(tool) or unavailable(f"no {tool} on the PATH")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KAFKA": settings.bootstrap_servers(),
        "TOPIC": settings.topic,
        "INTAKE": f"http://127.0.0.1:{settings.intake_port}",
        "TOKEN": TOKEN,
    }
    running = {
        name: subprocess.Popen(
            [*program.command, PRODUCERS / name],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for name, program in programs(kafka_jars).items()
    }
    for name, process in running.items():
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, f"{name}: {said.decode()}"
    return asyncio.run(read_topic(settings.kafka_client(), settings.topic))


def test_every_program_of_the_examples_is_run(kafka_jars: Path) -> None:
    assert {file.name for file in PRODUCERS.iterdir() if file.is_file()} == programs(kafka_jars).keys()


def test_every_program_publishes_its_event_and_none_is_refused(
    published: Sequence[ConsumerRecord[bytes, bytes]], kafka_jars: Path
) -> None:
    events, rejects = shipped().decoder.decode(published)
    assert not rejects
    assert len(events) == sum(program.events for program in programs(kafka_jars).values())
    created = [event for event in events if event.type == "crm.lead.created"]
    assert len(created) == len(programs(kafka_jars))
    assert len({event.digest for event in created}) == 1
    assert {event.data.channel for event in created} == {"web"}


def test_every_program_puts_the_customer_into_the_same_partition(
    published: Sequence[ConsumerRecord[bytes, bytes]], settings: Settings
) -> None:
    place = murmur2_place(KEY, settings.topic_partitions)
    assert {(record.key, record.partition) for record in published} == {(KEY, place)}
