"""The services of docker-compose.yml on a real Kafka and a real Redis. About 40 s."""

import asyncio
import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.error import URLError

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.embedded.processes import free_port
from streams.kafka.reading import read_topic
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.compose.files import seconds
from tests.servers import redis_binary, unavailable
from tests.services.compose_stack import SERVICES, TOKEN, ComposeKafka, ComposeRedis, ComposeStack

NEWEST_EVENT = "\ncrm_kpi_last_event_timestamp_seconds "
Folders = pytest.TempPathFactory


@pytest.fixture(scope="module")
def broker(kafka_jars: Path, tmp_path_factory: Folders) -> Iterator[ComposeKafka]:
    with ComposeKafka(tmp_path_factory.mktemp("compose-kafka"), kafka_jars) as server:
        yield server


@pytest.fixture
def stack(broker: ComposeKafka, tmp_path: Path) -> Iterator[ComposeStack]:
    with ComposeRedis(redis_binary("installed"), tmp_path / "redis") as redis:
        yield ComposeStack(broker, redis, tmp_path, free_port(), free_port())


async def until(condition: Callable[[], bool]) -> None:
    """The test's own time-out is the limit."""
    while not await asyncio.to_thread(condition):
        await asyncio.sleep(0.2)


@pytest.mark.timeout(240)
async def test_ours_become_healthy_with_nothing_in_it_show_the_traffic_and_stop_in_time(
    stack: ComposeStack,
) -> None:
    def gauges() -> str:
        url, token = f"http://127.0.0.1:{stack.board_port}/metrics", {"Authorization": f"Bearer {TOKEN}"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=token)) as reply:
            return str(reply.read(), "utf-8")

    with ExitStack() as cleanup:
        children = [stack.start(name) for name in ("worker", "board")]
        for child in children:
            cleanup.callback(child.stop)
        await until(lambda: stack.healthy("worker") and stack.healthy("board"))
        assert NEWEST_EVENT not in gauges()
        traffic = stack.start("traffic")
        cleanup.callback(traffic.stop)
        await until(lambda: NEWEST_EVENT in gauges())
        for child in (*children, traffic):
            assert child.stop(seconds(SERVICES[child.name]["stop_grace_period"])) == 0


async def test_prometheus_gives_the_board_its_token(stack: ComposeStack) -> None:
    binary = shutil.which("prometheus") or unavailable("no prometheus on the PATH")
    port = free_port()

    def up() -> str:
        query = f"http://127.0.0.1:{port}/api/v1/query?query=up%7Bjob=%22crm-board%22%7D"
        try:
            with urllib.request.urlopen(query) as reply:
                found = json.load(reply)["data"]["result"]
        except URLError:  # not yet
            return ""
        return str(found[0]["value"][1]) if found else ""

    with ExitStack() as cleanup:
        cleanup.callback(stack.start("board").stop)
        cleanup.callback(stack.start_prometheus(binary, port).stop)
        await until(lambda: up() == "1")


def settings_of(address: str, topic: str) -> Settings:
    return Settings(broker=f"kafka://{address}", topic=topic, dead_letters_topic=f"{topic}.letters")


async def test_what_a_producer_on_this_machine_publishes_is_read_inside(broker: ComposeKafka) -> None:
    outside = settings_of(f"127.0.0.1:{broker.outside}", "from.outside")
    inside = settings_of(broker.address, "from.outside")
    await create_topics(inside)
    async with AIOKafkaProducer(**outside.kafka_client()) as producer:
        await producer.send_and_wait("from.outside", b"one")
    assert [record.value for record in await read_topic(inside.kafka_client(), "from.outside")] == [b"one"]


async def test_a_topic_is_not_made_by_somebody_who_publishes(broker: ComposeKafka) -> None:
    settings = settings_of(broker.address, "not.there")
    async with AIOKafkaProducer(**settings.kafka_client(), request_timeout_ms=2_000) as producer:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("not.there", b"one")


async def test_kafka_starts_again_on_its_data(broker: ComposeKafka) -> None:
    settings = settings_of(broker.address, "kept")
    await create_topics(settings)
    async with AIOKafkaProducer(**settings.kafka_client()) as producer:
        await producer.send_and_wait("kept", b"one")
    broker.stop()
    broker.restart()
    assert [record.value for record in await read_topic(settings.kafka_client(), "kept")] == [b"one"]
