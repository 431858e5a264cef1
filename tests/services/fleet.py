"""Workers and boards as processes on a real Kafka and a real Redis, and what is needed to look at them."""

import asyncio
import json
import sys
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from schemas.dead_letter import DeadLetter
from streams.embedded import processes
from streams.kafka.outline import key_of
from streams.kafka.reading import read_topic
from streams.naming import APPLIED, UNCHANGED, rejects_total
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
    partitions: Sequence[int] = PARTITIONS

    @classmethod
    def of(cls, name: str, kafka: KafkaServer, redis: RedisServer, directory: Path, **more: Any) -> "Fleet":
        settings = Settings(
            broker=f"kafka://{kafka.address}",
            redis=SecretStr(redis.url),
            topic=f"{name}.events",
            dead_letters_topic=f"{name}.letters",
            namespace=name,
            ends_at="events",
            **{"session_timeout_ms": 3_000, **more},
        )
        return cls(settings, directory)

    def start(self, kind: str, name: str, patch: str = "") -> processes.Child:
        """A worker or a board with a port of its own; `patch` is Python that it runs first."""
        self.ports[name] = processes.free_port()
        settings = self.settings.model_copy(update={f"{kind}_port": self.ports[name]})
        command = [sys.executable, "-c", f"{patch}\nfrom streams.cli import main\nmain()", kind]
        return processes.start(name, command, self.directory, settings.environment())

    def start_worker(self, name: str, patch: str = "") -> processes.Child:
        self.workers.append(self.start("worker", name, patch))
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

    def states(self, name: str) -> dict[str, dict[str, str]]:
        """Partition -> state, reason and message, as a worker's /readyz has them."""
        found: dict[str, dict[str, str]] = self.get(name, "/readyz").get("partitions", {})
        return found

    def held(self, name: str) -> dict[str, str]:
        """Partition -> reason of those that a worker holds."""
        return {
            number: found["reason"] for number, found in self.states(name).items() if found["state"] == "held"
        }

    def metrics(self, name: str) -> dict[str, float]:
        """Series -> value; {} while the process does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/metrics", timeout=5) as reply:
                lines = [line for line in reply.read().decode().splitlines() if line[0] != "#"]
        except OSError:
            return {}
        return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}

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
        """Partition -> its end, with what only an open transaction has written."""
        partitions = [TopicPartition(self.settings.topic, number) for number in self.partitions]
        async with AIOKafkaConsumer(**self.settings.kafka_client()) as consumer:
            ends = await consumer.end_offsets(partitions)
        return {tp.partition: end for tp, end in ends.items()}

    async def committed(self) -> dict[int, int]:
        """Partition -> how far it is committed in Redis."""
        async with connect(self.settings.redis_url()) as redis:
            stores = [partition_store(redis, self.settings.namespace, at, engine()) for at in self.partitions]
            found = [await store.position() or Position(0, "") for store in stores]
        return {number: position.offset for number, position in zip(self.partitions, found, strict=True)}

    async def until(self, condition: Callable[[], Any]) -> None:
        """Return when it holds, a function that may block; StartError when a worker has ended."""
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(condition):
                for worker in self.workers:
                    worker.check()
                await asyncio.sleep(0.05)

    async def caught_up(self) -> None:
        """Return when all of the topic is committed.

        Kafka writes a transaction's marker after it has acknowledged its end: so the end is asked for again.
        """

        async def is_caught_up() -> bool:
            return await self.committed() == await self.ends()

        await self.until(lambda: asyncio.run(is_caught_up()))

    async def records(self) -> list[Any]:
        """All records that may be read."""
        return list(await read_topic(self.settings.kafka_client(), self.settings.topic))

    async def letters(self) -> list[DeadLetter]:
        """All dead letters, in the order in which they were written to their partitions."""
        found = await read_topic(self.settings.kafka_client(), self.settings.dead_letters_topic)
        return [DeadLetter.from_json(one.value or b"") for one in found]

    async def differences(self, records: Sequence[Any], poison: Collection[Any] = ()) -> list[str]:
        """How the state differs from a recount of these records, up to the committed offsets.

        `poison` are those of them that the workers' engine fails at.
        """
        said: list[str] = []
        async with connect(self.settings.redis_url()) as redis:
            for number in self.partitions:
                store = partition_store(redis, self.settings.namespace, number, engine())
                found = await stored(redis, store, engine())
                of = [one for one in records if one.partition == number and one.offset < found.offset]
                failed = {one.offset for one in poison if one.partition == number}
                expected = recount(engine(), of, store, failed)
                expected.offset = found.offset  # behind the last record there may be a transaction's marker
                said += differences(expected, found)
        return said

    async def is_exact(self, records: Sequence[Any] | None = None, poison: Collection[Any] = ()) -> bool:
        """Whether, once caught up, the state is the recount of the topic; each record was counted once.

        `records` are those to be counted, where they are not all that the topic has.
        """
        await self.caught_up()
        counted = await self.records() if records is None else records
        assert await self.differences(counted, poison) == []
        totals = await self.totals()
        rejected = sum(total for name, total in totals.items() if name.startswith(rejects_total("")))
        assert totals[APPLIED] + totals.get(UNCHANGED, 0) + rejected == len(counted)
        return True

    async def totals(self) -> Counter[str]:
        """The totals of all partitions."""
        totals: Counter[str] = Counter()
        async with connect(self.settings.redis_url()) as redis:
            for number in self.partitions:
                store = partition_store(redis, self.settings.namespace, number, engine())
                totals.update(await store.load_totals())
        return totals


def log_of(child: processes.Child) -> str:
    return "" if child.log is None else child.log.read_text()
