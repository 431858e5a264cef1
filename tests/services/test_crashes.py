"""Crashes on real services: whatever is killed or paused, the state equals a recount of the topic."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr
from redis.asyncio import Redis

from streams.commands.publisher import key_of
from streams.commands.topics import read_topic
from streams.embedded import processes
from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode, spread
from streams.engine.engine import Engine
from streams.engine.plan import read_plan
from streams.settings import Settings
from streams.state import connect
from streams.worker.topics import create_topics
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services import recount

EVENTS = 100_000
DAYS = 60
UNTIL_MS = 1_760_000_000_000  # 9 October 2025
SESSION_MS = 3_000
KILLS = 6
SEED = 20251009


@dataclass(slots=True)
class Cluster:
    """Two workers on a real Kafka and a real Redis with AOF, and what is needed to hurt them."""

    settings: Settings
    directory: Path
    redis_server: RedisServer
    redis: Redis
    workers: list[processes.Child] = field(default_factory=list)
    started: int = 0

    def start_worker(self) -> processes.Child:
        self.started += 1
        settings = self.settings.model_copy(update={"worker_port": processes.free_port()})
        command = [sys.executable, "-m", "streams.cli", "worker"]
        child = processes.start(f"worker-{self.started}", command, self.directory, settings.environment())
        self.workers.append(child)
        return child

    def kill_worker(self, rng: random.Random) -> None:
        """kill -9 of a random worker, and another one in its place."""
        victim = self.workers.pop(rng.randrange(len(self.workers)))
        os.kill(victim.pid, signal.SIGKILL)
        victim.stop()
        self.start_worker()

    def kill_redis(self) -> None:
        self.redis_server.kill9()
        self.redis_server.restart()

    async def pause_worker(self, rng: random.Random) -> None:
        """A zombie: it sleeps past its session, others take over, and it wakes in the middle of its batch."""
        zombie = rng.choice(self.workers)
        os.kill(zombie.pid, signal.SIGSTOP)
        await asyncio.sleep(2 * SESSION_MS / 1000)
        os.kill(zombie.pid, signal.SIGCONT)

    async def committed(self) -> int:
        """Records committed over all partitions."""
        stores = [
            recount.partition_store(self.redis, self.settings.namespace, number, ENGINE)
            for number in range(4)
        ]
        positions = await asyncio.gather(*(store.position() for store in stores))
        return sum(position.offset for position in positions if position is not None)


ENGINE = Engine(read_plan(*Settings().catalog_text()), sweeps=False)


@pytest.fixture
async def cluster(kafka: KafkaServer, tmp_path: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(RedisServer(redis_binary("installed"), tmp_path / "redis", aof=True))
        settings = Settings(
            broker=f"kafka://{kafka.address}",
            redis=SecretStr(server.url),
            topic="crashes",
            dead_letters_topic="crashes.dead-letters",
            namespace="crashes",
            ends_at="events",
            session_timeout_ms=SESSION_MS,
        )
        await create_topics(settings)
        redis = connect(server.url)
        stack.push_async_callback(redis.aclose)
        cluster = Cluster(settings, tmp_path / "workers", server, redis)
        stack.callback(lambda: [worker.stop() for worker in cluster.workers])
        cluster.start_worker()
        cluster.start_worker()
        yield cluster


@pytest.mark.timeout(300)
async def test_the_state_equals_a_recount_whatever_is_killed(cluster: Cluster) -> None:
    """100,000 messy events; 6 workers and Redis killed with -9, one worker paused past its session."""
    rng = random.Random(SEED)
    published = asyncio.create_task(_publish(cluster.settings))
    await _hurt(cluster, rng, published)
    await _wait_until_committed(cluster, await published)

    records = await read_topic(cluster.settings.kafka_client(), cluster.settings.topic)
    assert len(records) >= EVENTS
    for partition in range(4):
        expected_records = [record for record in records if record.partition == partition]
        store = recount.partition_store(cluster.redis, cluster.settings.namespace, partition, ENGINE)
        expected = recount.recount(ENGINE, expected_records, store)
        found = await recount.stored(cluster.redis, store, ENGINE)
        assert recount.differences(expected, found) == []


async def _publish(settings: Settings) -> int:
    """All lines, compressed, over about half a minute, so that faults fall between them."""
    lines = messy((encode(event) for _, event in spread(SEED, EVENTS, UNTIL_MS, DAYS)), Mess(), SEED)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers(), compression_type="lz4", linger_ms=5, acks="all"
    )
    await producer.start()
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            await producer.send(settings.topic, line, key=key_of(line))
            if number % 4_000 == 0:
                await asyncio.sleep(1.0)
    finally:
        await producer.stop()
    return number


async def _hurt(cluster: Cluster, rng: random.Random, published: "asyncio.Task[int]") -> None:
    """Faults at random moments while events come in."""

    async def zombie() -> None:
        await cluster.pause_worker(rng)

    async def redis() -> None:
        await asyncio.to_thread(cluster.kill_redis)

    async def worker() -> None:
        cluster.kill_worker(rng)

    faults: list[Callable[[], object]] = [*[worker] * KILLS, zombie, redis]
    rng.shuffle(faults)
    for fault in faults:
        await asyncio.sleep(rng.uniform(1.0, 3.0))
        await fault()  # type: ignore[misc]  # each is a coroutine function
    assert not published.done(), "the faults were to fall between the events"


async def _wait_until_committed(cluster: Cluster, total: int) -> None:
    async with asyncio.timeout(90):
        while await cluster.committed() < total:
            await asyncio.sleep(0.2)
            for worker in cluster.workers:
                worker.check()
