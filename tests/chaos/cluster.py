"""Workers on a real Kafka and a real Redis with AOF, and what is needed to hurt them."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.embedded import processes
from streams.kafka.topics import create_topics
from streams.settings import Settings
from streams.state import PartitionStore, Position
from streams.state.client import TIMEOUT_S
from tests.servers import KafkaServer, RedisServer
from tests.services.recount import partition_store
from tests.worker.builders import engine

PARTITIONS: Final = range(4)
WORKERS: Final = 2
SESSION_MS: Final = 3_000
PATIENCE_S: Final = 120.0
"""How long all work may stand still before it is said to have stalled."""
LOOK_S: Final = 0.002
ANSWER_S: Final = 1.0


class Stalled(Exception):
    """The workers have stopped to work; the text says where everything stands."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and the port of its probes."""

    process: processes.Child
    port: int

    @property
    def name(self) -> str:
        return self.process.name

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    async def states(self, http: ClientSession) -> dict[int, str]:
        """Partition -> state, of those that it was given; none while it does not answer."""
        try:
            async with http.get(f"http://127.0.0.1:{self.port}/readyz") as reply:
                partitions: dict[str, dict[str, str]] = (await reply.json())["partitions"]
        except (ClientError, TimeoutError):
            return {}
        return {int(partition): told["state"] for partition, told in partitions.items()}

    async def partitions(self, http: ClientSession) -> set[int]:
        """The partitions that it has open."""
        return {partition for partition, state in (await self.states(http)).items() if state == "open"}


@dataclass(slots=True)
class Cluster:
    """The services, the workers, and how far these are behind the topic."""

    settings: Settings
    directory: Path
    kafka: KafkaServer
    redis_server: RedisServer
    redis: Redis
    http: ClientSession
    ends: dict[int, int] = field(default_factory=lambda: dict.fromkeys(PARTITIONS, 0))
    """Partition -> the offset behind the last record that may be read."""
    workers: list[Worker] = field(default_factory=list)
    started: int = 0
    ended: int = 0
    """Workers that ended by themselves, and were started again."""

    # -- Workers ------------------------------------------------------------------------------------------

    def start_worker(self) -> Worker:
        self.started += 1
        settings = self.settings.model_copy(update={"worker_port": processes.free_port()})
        command = [sys.executable, "-m", "streams.cli", "worker"]
        child = processes.start(f"worker-{self.started}", command, self.directory, settings.environment())
        self.workers.append(Worker(child, settings.worker_port))
        return self.workers[-1]

    def kill_worker(self, worker: Worker) -> None:
        self.workers.remove(worker)
        worker.signal(signal.SIGKILL)
        worker.process.stop()

    def supervise(self) -> None:
        """Start those again that have ended, as the supervisor of a real worker does."""
        for worker in [one for one in self.workers if not one.process.running]:
            self.workers.remove(worker)
            self.ended += 1
            self.start_worker()

    async def owners(self) -> list[tuple[Worker, set[int]]]:
        """The workers that have partitions open, with these; waits until there is one."""
        found: list[tuple[Worker, set[int]]] = []

        async def ask() -> bool:
            workers = list(self.workers)
            opened = await asyncio.gather(*(worker.partitions(self.http) for worker in workers))
            found[:] = [(worker, of) for worker, of in zip(workers, opened, strict=True) if of]
            return bool(found)

        await self.until(ask, every_s=0.05)
        return found

    async def freeze(
        self, owners: list[tuple[Worker, set[int]]], rng: random.Random
    ) -> tuple[Worker, set[int]] | None:
        """SIGSTOP a worker that has work in hand, and return it with the partitions that it leaves behind.

        That it has is looked up when it stands still, so it does not matter how fast it is. None when no
        worker has, which are then left as they were.
        """
        for worker, partitions in rng.sample(owners, len(owners)):
            worker.signal(signal.SIGSTOP)
            behind = await self.behind()
            if left := {partition for partition in partitions if behind[partition]}:
                return worker, left
            worker.signal(signal.SIGCONT)
        return None

    def fenced(self) -> int:
        """Commits that were refused, by the workers' logs."""
        logs = self.directory.glob("worker-*.log")
        return sum(log.read_text(errors="replace").count("(fenced)") for log in logs)

    # -- Progress -----------------------------------------------------------------------------------------

    def store(self, partition: int) -> PartitionStore:
        return partition_store(self.redis, self.settings.namespace, partition, engine())

    async def positions(self) -> dict[int, Position]:
        """Partition -> where it stands, of those that have begun; none while Redis is away."""
        try:
            found = await asyncio.gather(*(self.store(number).position() for number in PARTITIONS))
        except RedisError:
            return {}
        return {number: one for number, one in zip(PARTITIONS, found, strict=True) if one is not None}

    async def tokens(self) -> dict[int, str]:
        """Partition -> the token of who claimed it last."""
        return {number: position.token for number, position in (await self.positions()).items()}

    async def behind(self) -> dict[int, int]:
        """Partition -> records that may be read and are not committed; all of them while Redis is away."""
        positions = await self.positions()
        offsets = {number: position.offset for number, position in positions.items()}
        return {number: max(0, end - offsets.get(number, 0)) for number, end in self.ends.items()}

    async def left(self, partitions: Collection[int] = PARTITIONS) -> int:
        """Records of these partitions that may be read and are not committed."""
        behind = await self.behind()
        return sum(behind[partition] for partition in partitions)

    async def work_is_left(self, records: int, partitions: Collection[int] = PARTITIONS) -> None:
        """Return when at most so many records of these partitions are not committed."""

        async def so_few() -> bool:
            return await self.left(partitions) <= records

        await self.until(so_few)

    async def until(self, condition: Callable[[], Awaitable[bool]], every_s: float = LOOK_S) -> None:
        """Return when it holds; Stalled when it does not within `PATIENCE_S`."""
        deadline = time.monotonic() + PATIENCE_S
        while not await condition():
            if time.monotonic() > deadline:
                raise Stalled(await self._told())
            self.supervise()
            await asyncio.sleep(every_s)

    async def _told(self) -> str:
        opened = {worker.name: sorted(await worker.partitions(self.http)) for worker in self.workers}
        positions = {number: str(one) for number, one in (await self.positions()).items()}
        return f"no progress for {PATIENCE_S:g} s: ends {self.ends}, committed {positions}, open {opened}"


@asynccontextmanager
async def a_cluster(
    kafka: KafkaServer,
    redis_server: RedisServer,
    directory: Path,
    name: str,
    *,
    workers: int = WORKERS,
    **settings: object,
) -> AsyncIterator[Cluster]:
    """So many workers on these running services; by default with a topic and a namespace of their own."""
    given: dict[str, Any] = {
        "broker": f"kafka://{kafka.address}",
        "redis": SecretStr(redis_server.url),
        "topic": name,
        "dead_letters_topic": f"{name}.dead-letters",
        "namespace": name,
        "topic_partitions": len(PARTITIONS),
        "ends_at": "events",
        "session_timeout_ms": SESSION_MS,
    }
    found = Settings.read(**given | settings)
    await create_topics(found)
    async with AsyncExitStack() as stack:
        redis: Redis = Redis.from_url(  # what it asks is asked again soon, so it tries once
            redis_server.url, protocol=2, socket_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        stack.push_async_callback(redis.aclose)
        http = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(total=ANSWER_S)))
        cluster = Cluster(found, directory, kafka, redis_server, redis, http)
        stack.callback(lambda: [worker.process.stop() for worker in cluster.workers])
        for _ in range(workers):
            cluster.start_worker()
        yield cluster
