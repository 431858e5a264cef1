"""The broker of docker-compose.yml: what its image makes of the environment, on a real Kafka. About 15 s."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.commands.topics import read_topic
from streams.embedded.processes import free_port
from streams.settings import Settings
from streams.worker.topics import create_topics
from tests.compose.files import services
from tests.servers import CLUSTER_ID, KafkaServer

KAFKA = services()["kafka"]


class ComposeKafka(KafkaServer):
    """Configured from the environment by the program that does it in the image; on ports of its own."""

    def __init__(self, directory: Path, libs: Path) -> None:
        super().__init__(directory, libs)
        self.outside, self._controller = free_port(), free_port()

    def _format(self) -> None:
        folders = {name: self.directory / name for name in ("default", "mounted")}
        for folder in folders.values():
            folder.mkdir(parents=True)
        options = [
            word for name, folder in folders.items() for word in (f"--{name}-configs-dir", str(folder))
        ]
        setup = [
            "kafka.docker.KafkaDockerWrapper",
            "setup",
            *options,
            "--final-configs-dir",
            str(self.directory),
        ]
        environment = {**os.environ, "CLUSTER_ID": CLUSTER_ID, **self._environment()}
        subprocess.run(self._java(*setup), check=True, env=environment, capture_output=True)

    def _environment(self) -> dict[str, str]:
        places = {
            "OUTSIDE://localhost:9092": f"OUTSIDE://127.0.0.1:{self.outside}",
            "INSIDE://kafka:9092": f"INSIDE://{self.address}",
            "INSIDE://:9092": f"INSIDE://:{self.port}",
            "OUTSIDE://:9093": f"OUTSIDE://:{self.outside}",
            "localhost:9094": f"localhost:{self._controller}",
            "/var/lib/kafka/data": str(self.directory / "data"),
        }
        return {name: _replaced(str(value), places) for name, value in KAFKA["environment"].items()}


def _replaced(text: str, places: dict[str, str]) -> str:
    for old, new in places.items():
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def broker(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeKafka]:
    with ComposeKafka(tmp_path_factory.mktemp("compose-kafka"), kafka_jars) as server:
        yield server


def settings_of(address: str, topic: str) -> Settings:
    return Settings(broker=f"kafka://{address}", topic=topic, dead_letters_topic=f"{topic}.letters")


async def test_what_a_producer_on_this_machine_publishes_is_read_inside(broker: ComposeKafka) -> None:
    outside = settings_of(f"127.0.0.1:{broker.outside}", "crm.events")
    inside = settings_of(broker.address, "crm.events")
    await create_topics(inside)
    async with AIOKafkaProducer(**outside.kafka_client()) as producer:
        await producer.send_and_wait("crm.events", b"one")
    assert [record.value for record in await read_topic(inside.kafka_client(), "crm.events")] == [b"one"]


async def test_a_topic_is_not_made_by_somebody_who_publishes(broker: ComposeKafka) -> None:
    settings = settings_of(broker.address, "not.there")
    async with AIOKafkaProducer(**settings.kafka_client(), request_timeout_ms=2_000) as producer:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("not.there", b"one")


async def test_it_starts_again_on_its_data(broker: ComposeKafka) -> None:
    settings = settings_of(broker.address, "kept")
    await create_topics(settings)
    async with AIOKafkaProducer(**settings.kafka_client()) as producer:
        await producer.send_and_wait("kept", b"one")
    broker.stop()
    broker.restart()
    assert [record.value for record in await read_topic(settings.kafka_client(), "kept")] == [b"one"]
