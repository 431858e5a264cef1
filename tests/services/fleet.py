"""Workers and boards as processes on a real Kafka and a real Redis, and what is needed to look at them."""

import asyncio
import json
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from streams.commands.publisher import key_of
from streams.commands.topics import read_topic
from streams.embedded import processes
from streams.naming import APPLIED, UNCHANGED
from streams.settings import Settings
from streams.state import Position, connect
from tests.servers import KafkaServer, RedisServer
from tests.services.recount import differences, partition_store, recount, stored
from tests.worker.builders import engine

PARTITIONS = range(4)
PATIENCE_S = 40.0


@dataclass(slots=True)
class Fleet:
    """Workers and boards with one broker, one Redis, and a topic of their own."""

    settings: Settings
    directory: Path
    workers: list[processes.Child] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, kafka: KafkaServer, redis: RedisServer, directory: Path) -> "Fleet":
        settings = Settings(
            broker=f"kafka://{kafka.address}",
            redis=SecretStr(redis.url),
            topic=f"{name}.events",
            dead_letters_topic=f"{name}.letters",
            namespace=name,
            ends_at="events",
            session_timeout_ms=3_000,
        )
        return cls(settings, directory)

    def start(self, kind: str, name: str) -> processes.Child:
        """A worker or a board with a port of its own."""
        self.ports[name] = processes.free_port()
        settings = self.settings.model_copy(update={f"{kind}_port": self.ports[name]})
        command = [sys.executable, "-m", "streams.cli", kind]
        return processes.start(name, command, self.directory, settings.environment())

    def start_worker(self, name: str) -> processes.Child:
        self.workers.append(self.start("worker", name))
        return self.workers[-1]

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()

    # -- What they say

    def get(self, name: str, path: str) -> Any:
        """JSON that one of them answers with, whatever its status; {} while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=5) as reply:
                return json.load(reply)
        except HTTPError as error:
            with error:
                return json.load(error)
        except (URLError, OSError):
            return {}

    def opened(self, name: str) -> set[str]:
        """The partitions that a worker has open, once all it was given are."""
        found = self.get(name, "/readyz")
        return set(found["partitions"]) if found.get("ready") else set()

    # -- What is in Kafka and in Redis

    async def publish(self, lines: Iterable[bytes], **options: Any) -> None:
        async with self.producer(**options) as producer:
            sent = [await producer.send(self.settings.topic, line, key=key_of(line)) for line in lines]
            await asyncio.gather(*sent)

    @asynccontextmanager
    async def producer(self, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
        async with AIOKafkaProducer(**self.settings.kafka_client(), linger_ms=5, **options) as producer:
            yield producer

    async def ends(self) -> dict[int, int]:
        """Partition -> the end of what may be read of it."""
        partitions = [TopicPartition(self.settings.topic, number) for number in PARTITIONS]
        async with AIOKafkaConsumer(
            **self.settings.kafka_client(), isolation_level="read_committed"
        ) as consumer:
            ends = await consumer.end_offsets(partitions)
        return {tp.partition: end for tp, end in ends.items()}

    async def committed(self) -> dict[int, int]:
        """Partition -> how far it is committed in Redis."""
        async with connect(self.settings.redis_url()) as redis:
            stores = [partition_store(redis, self.settings.namespace, at, engine()) for at in PARTITIONS]
            found = [await store.position() or Position(0, "") for store in stores]
        return {number: position.offset for number, position in zip(PARTITIONS, found, strict=True)}

    async def until(self, condition: Callable[[], Any]) -> None:
        """Return when it holds, a function that may block; StartError when a worker has ended."""
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(condition):
                for worker in self.workers:
                    worker.check()
                await asyncio.sleep(0.05)

    async def caught_up(self) -> None:
        """Return when all that may be read is committed."""
        ends = await self.ends()
        await self.until(lambda: asyncio.run(self.committed()) == ends)

    async def is_exact(self) -> bool:
        """Whether, once caught up, the state is the recount of the topic; each record was counted once."""
        await self.caught_up()
        records = await read_topic(self.settings.kafka_client(), self.settings.topic)
        totals: dict[str, int] = {}
        async with connect(self.settings.redis_url()) as redis:
            for number in PARTITIONS:
                store = partition_store(redis, self.settings.namespace, number, engine())
                expected = recount(engine(), [one for one in records if one.partition == number], store)
                found = await stored(redis, store, engine())
                expected.offset = found.offset  # behind the last record there may be a transaction's marker
                assert differences(expected, found) == []
                for name, total in found.totals.items():
                    totals[name] = totals.get(name, 0) + total
        rejected = sum(total for name, total in totals.items() if name.startswith("!rejects."))
        assert totals[APPLIED] + totals.get(UNCHANGED, 0) + rejected == len(records)
        return True


def log_of(child: processes.Child) -> str:
    return "" if child.log is None else child.log.read_text()
