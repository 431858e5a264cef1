"""Where the benchmarks run: a Kafka, a Redis and our own processes, all on this machine's loopback."""

import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from pydantic import SecretStr
from redis import Redis

from benchmarks.company import PARTITIONS, Line
from streams.embedded.processes import Child, free_port, start
from streams.naming import PartitionKeys, partition_prefix
from streams.settings import Settings
from streams.state import Position
from tests.servers import KafkaServer, RedisServer, kafka_libs, redis_binary

PATIENCE_S: Final = 240.0
QUEUED: Final = 50_000
"""Records that wait to be sent, at most: below what the producer refuses more at."""
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Site:
    """Running servers. Redis with AOF (everysec), as the state should be kept."""

    kafka: KafkaServer
    redis_server: RedisServer
    redis: Redis
    directory: Path

    def settings(self, name: str) -> Settings:
        """Those of a topic and a namespace of their own, on the shipped catalog."""
        return Settings(
            broker=f"kafka://{self.kafka.address}",
            redis=SecretStr(self.redis_server.url),
            catalog=None,
            topic=f"{name}.events",
            dead_letters_topic=f"{name}.dead-letters",
            namespace=name,
            worker_port=free_port(),
            board_port=free_port(),
        )

    @contextmanager
    def process(self, name: str, settings: Settings, command: Iterable[str]) -> Iterator[Child]:
        """One of our own processes, stopped at the end."""
        child = start(f"{settings.namespace}-{name}", list(command), self.directory, settings.environment())
        try:
            yield child
        finally:
            child.stop()

    @contextmanager
    def counted(self, settings: Settings, lines: Iterable[Line]) -> Iterator[tuple[Child, Child]]:
        """A worker and a board that have counted these lines, which are published before."""
        published = self.publish(settings, lines)
        command = (sys.executable, "-m", "streams.cli")
        with (
            self.process("worker", settings, [*command, "worker"]) as worker,
            self.process("board", settings, [*command, "board"]) as board,
        ):
            worker.wait_until(lambda: self.committed(settings.namespace) >= published, PATIENCE_S)
            board.wait_until(lambda: answers(f"{board_address(settings)}/readyz"), PATIENCE_S)
            yield worker, board

    def publish(self, settings: Settings, lines: Iterable[Line]) -> int:
        """Make the topic and publish the lines, with their times as the records'; returns how many."""
        self.make_topic(settings.topic)
        producer = self.producer()
        published = 0
        for line in lines:
            while len(producer) > QUEUED:
                producer.poll(0.1)
            producer.produce(settings.topic, line.value, line.key, timestamp=line.time_ms)
            published += 1
        producer.flush()
        return published

    def versions(self) -> str:
        """Of the servers."""
        jar = next(self.kafka.libs.glob("kafka_*.jar")).stem
        redis: Any = self.redis.info("server")
        return f"Apache Kafka {jar.rpartition('-')[2]}, Redis {redis['redis_version']}"

    def make_topic(self, name: str) -> None:
        """Its records are kept, however old they are."""
        admin = AdminClient({"bootstrap.servers": self.kafka.address})
        topic = NewTopic(name, PARTITIONS, 1, config={"retention.ms": "-1"})
        admin.create_topics([topic])[name].result(PATIENCE_S)

    def producer(self) -> Producer:
        """Places keys as Java's and aiokafka's producers do."""
        return Producer(
            {
                "bootstrap.servers": self.kafka.address,
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "linger.ms": 5,
                "log_level": 0,
            }
        )

    def committed(self, namespace: str) -> int:
        """Records that the worker has committed, over all partitions."""
        return sum(self.positions(namespace))

    def positions(self, namespace: str) -> list[int]:
        """Partition -> the offset up to which it is committed."""
        keys = [PartitionKeys(partition_prefix(namespace, number)).offset for number in range(PARTITIONS)]
        stored: list[Any] = self.redis.mget(keys)
        return [0 if value is None else Position.parse(value).offset for value in stored]


@contextmanager
def site() -> Iterator[Site]:
    """Servers of our own. They, and all that they wrote, are gone at the end."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kpi-bench-")))
        kafka = stack.enter_context(KafkaServer(directory / "kafka", kafka_libs()))
        server = stack.enter_context(RedisServer(redis_binary("installed"), directory / "redis", aof=True))
        redis = stack.enter_context(Redis.from_url(server.url))
        yield Site(kafka, server, redis, directory)


def board_address(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.board_port}"


# -- What a process has used ------------------------------------------------------------------------------


def cpu_s(pid: int) -> float:
    """Seconds of CPU, user's and system's, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def machine_cpu_s() -> float:
    """Seconds of CPU that all processes together have used since the machine started, on all cores."""
    user, nice, system, _, _, irq, softirq, steal = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / _TICKS_PER_S


def peak_bytes(pid: int) -> int:
    """The most memory that the process ever had (resident); 0 when it is gone."""
    return _bytes(pid, "VmHWM")


def resident_bytes(pid: int) -> int:
    """The memory that the process has now (resident)."""
    return _bytes(pid, "VmRSS")


def _bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * _KIB
    return 0


def answers(url: str) -> bool:
    """Whether there is an answer, and no refusal."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (URLError, OSError):
        return False
