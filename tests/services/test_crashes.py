"""Crashes on real services: whatever is killed or paused, the state equals a recount of the topic."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.commands.publisher import key_of
from streams.commands.topics import read_topic
from streams.embedded import processes
from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import Traffic, encode, simulate
from streams.engine.engine import Engine
from streams.engine.plan import read_plan
from streams.settings import Settings
from streams.state import connect
from streams.worker.topics import create_topics
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services import recount

EVENTS = 100_000
DAYS = 60
START_MS = 1_755_000_000_000  # 12 August 2025
ROUND = 1_000
AHEAD = 30_000
SESSION_MS = 2_000
KILLS = 6
SEED = 20251009


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and the port of its probes."""

    process: processes.Child
    port: int

    async def partitions(self, http: ClientSession) -> list[str]:
        """The partitions that it has open."""
        try:
            async with http.get(f"http://127.0.0.1:{self.port}/readyz") as reply:
                states: dict[str, dict[str, str]] = (await reply.json())["partitions"]
        except ClientError:
            return []
        return [partition for partition, found in states.items() if found["state"] == "open"]


@dataclass(slots=True)
class Cluster:
    """Two workers on a real Kafka and a real Redis with AOF, and what is needed to hurt them."""

    settings: Settings
    directory: Path
    redis_server: RedisServer
    redis: Redis
    http: ClientSession
    workers: list[Worker] = field(default_factory=list)
    started: int = 0

    def start_worker(self) -> None:
        self.started += 1
        settings = self.settings.model_copy(update={"worker_port": processes.free_port()})
        command = [sys.executable, "-m", "streams.cli", "worker"]
        child = processes.start(f"worker-{self.started}", command, self.directory, settings.environment())
        self.workers.append(Worker(child, settings.worker_port))

    async def kill_worker(self, rng: random.Random) -> None:
        """kill -9 of a worker at work, and another one in its place."""
        victim = await self.one_at_work(rng)
        self.workers.remove(victim)
        os.kill(victim.process.pid, signal.SIGKILL)
        victim.process.stop()
        self.start_worker()

    async def kill_redis(self, rng: random.Random) -> None:
        await asyncio.to_thread(self.redis_server.kill9)
        await asyncio.to_thread(self.redis_server.restart)

    async def pause_worker(self, rng: random.Random) -> None:
        """A zombie: it sleeps past its session, others take over, and it wakes in the middle of its batch."""
        zombie = await self.one_at_work(rng)
        os.kill(zombie.process.pid, signal.SIGSTOP)
        await asyncio.sleep(2 * SESSION_MS / 1000)
        os.kill(zombie.process.pid, signal.SIGCONT)
        await asyncio.sleep(1)  # it acts on what it still believes, before the next fault may hit it

    async def one_at_work(self, rng: random.Random) -> Worker:
        """A random one of the workers that have partitions."""
        while True:
            at_work = [worker for worker in self.workers if await worker.partitions(self.http)]
            if at_work:
                return rng.choice(at_work)
            await asyncio.sleep(0.05)

    async def committed(self) -> int:
        """Records committed over all partitions; none while Redis is away."""
        stores = [
            recount.partition_store(self.redis, self.settings.namespace, number, ENGINE)
            for number in range(4)
        ]
        try:
            positions = await asyncio.gather(*(store.position() for store in stores))
        except RedisError:
            return 0
        return sum(position.offset for position in positions if position is not None)

    async def wait_until_committed(self, records: int) -> None:
        async with asyncio.timeout(120):
            while await self.committed() < records:
                await asyncio.sleep(0.05)

    def fenced(self) -> int:
        """Commits that were refused, by the workers' logs."""
        return sum(log.read_text(errors="replace").count("(fenced)") for log in self.directory.glob("*.log"))


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
        http = await stack.enter_async_context(ClientSession())
        cluster = Cluster(settings, tmp_path / "workers", server, redis, http)
        stack.callback(lambda: [worker.process.stop() for worker in cluster.workers])
        yield cluster


@pytest.mark.timeout(300)
async def test_the_state_equals_a_recount_whatever_is_killed(cluster: Cluster) -> None:
    """100,000 messy events; 6 workers and Redis killed with -9, one worker paused past its session."""
    rng = random.Random(SEED)
    cluster.start_worker()
    cluster.start_worker()
    enough = asyncio.Event()
    publishing = asyncio.create_task(_publish(cluster, enough))
    faults = [*[cluster.kill_worker] * KILLS, cluster.pause_worker, cluster.kill_redis]
    rng.shuffle(faults)
    for fault in faults:
        await cluster.wait_until_committed(await cluster.committed() + rng.randint(500, 3_000))
        await fault(rng)
    enough.set()
    total = await publishing
    await cluster.wait_until_committed(total)

    records = await read_topic(cluster.settings.kafka_client(), cluster.settings.topic)
    assert len(records) == total >= EVENTS
    for partition in range(4):
        store = recount.partition_store(cluster.redis, cluster.settings.namespace, partition, ENGINE)
        of_partition = [record for record in records if record.partition == partition]
        expected = recount.recount(ENGINE, of_partition, store)
        found = await recount.stored(cluster.redis, store, ENGINE)
        assert recount.differences(expected, found) == []
    assert cluster.fenced() > 0, "no zombie tried to write: this run has shown less than it should"


async def _publish(cluster: Cluster, enough: asyncio.Event) -> int:
    """Compressed lines, always so many ahead that whoever is killed or paused is in the middle of the work.

    Goes on until there were `enough` faults, and at least `EVENTS` lines; returns how many there were.
    """
    history = simulate(Traffic(SEED, events_per_day=EVENTS / DAYS), START_MS)
    lines = messy((encode(event) for _, event in history), Mess(), SEED)
    producer = AIOKafkaProducer(
        bootstrap_servers=cluster.settings.bootstrap_servers(),
        compression_type="lz4",
        linger_ms=5,
        acks="all",
    )
    published = 0
    async with producer:
        while not enough.is_set() or published < EVENTS:
            for line in islice(lines, ROUND):
                await producer.send(cluster.settings.topic, line, key=key_of(line))
            published += ROUND
            await cluster.wait_until_committed(published - AHEAD)
    return published
