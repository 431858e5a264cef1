"""The whole system as it is shipped, watched: worker, board, webhooks, Prometheus, Alertmanager.

company --> Kafka --> worker --> Redis --> board <-- Prometheus --> Alertmanager --> Receiver
"""

import json
import os
import re
import signal
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from streams.commands.company import Timed
from streams.commands.followed import FollowedPublisher
from streams.commands.stack import STOP_S, worker_or_board
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.processes import Child, free_port
from streams.kafka.publisher import Sent
from streams.settings import Settings
from streams.state import connect
from tests.monitoring import shipped
from tests.monitoring.servers import AlertmanagerServer, PrometheusServer
from tests.servers import RedisServer

PATIENCE_S: Final = 90.0
LOOK_S: Final = 0.1


def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """What a condition gives once it gives something; an AssertionError after a generous time."""
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {patience_s:g} s: {condition}"
        time.sleep(LOOK_S)
    return found


def sent(time_ms: int, line: bytes) -> Sent:
    """A line as it would have been sent then."""
    return Sent(line, timestamp_ms=time_ms)


class Receiver:
    """Whom Alertmanager tells of alerts, by its webhook."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        """Every alert of every message, in order: status, labels, annotations."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.told += message["alerts"]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *words: Any) -> None:
                """Nothing: it is said in `told`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    @contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def settings_on(broker: EmbeddedBroker, redis: RedisServer) -> Settings:
    """Of a worker, a board and webhooks with ports of their own; windows end at events."""
    return Settings(
        broker=f"kafka://{broker.address}",
        redis=SecretStr(redis.url),
        create_topics=False,
        ends_at="events",
        worker_port=free_port(),
        board_port=free_port(),
        intake_port=free_port(),
        intake_tokens=SecretStr("monitoring-token"),
        session_timeout_ms=3_000,
    )


@dataclass(slots=True)
class System:
    """Worker, board and webhooks as processes, and what is published to them."""

    settings: Settings
    directory: Path
    children: dict[str, Child] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """`kpi <name>`; once more after it was stopped."""
        self.children[name] = worker_or_board(name, self.settings, self.directory)

    def kill9(self, name: str) -> None:
        process = self.children.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.stop()

    @property
    def address(self) -> str:
        """Of the board."""
        return f"http://{self.settings.board_host}:{self.settings.board_port}"

    def shown_ms(self) -> int:
        """Time of the newest event that the board shows; 0 while there is none."""
        self.check()
        try:
            with urllib.request.urlopen(f"{self.address}/metrics") as reply:
                found = re.search(rb"^crm_kpi_last_event_timestamp_seconds (.+)$", reply.read(), re.MULTILINE)
        except OSError:
            return 0
        return round(1000 * float(found[1])) if found else 0

    def check(self) -> None:
        """StartError when a process that should run has ended."""
        for process in self.children.values():
            process.check()

    def stop(self) -> None:
        for process in self.children.values():
            process.stop(STOP_S)

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[FollowedPublisher]:
        redis = connect(self.settings.redis_url())
        try:
            async with FollowedPublisher(self.settings, redis) as publisher:
                yield publisher
        finally:
            await redis.aclose()

    async def counted(self, publisher: FollowedPublisher, events: Iterable[Timed]) -> None:
        """Publish events when they happen, and return when the worker has committed all of them."""
        await publisher.publish_all((sent(*event) for event in events), self.check, lambda _: None)


@dataclass(slots=True)
class Watch:
    """Prometheus and Alertmanager, and what they say."""

    prometheus: PrometheusServer
    alertmanager: AlertmanagerServer

    def judged(self, newest_ms: int) -> None:
        """Return when Prometheus has scraped the readings of this event, and judged them twice."""
        until(lambda: self._scraped_ms() >= newest_ms)
        for _ in range(2):
            until(partial(self._judged_since, time.time()))

    def firing(self) -> set[tuple[str, str]]:
        """Name and severity of what fires."""
        return {(labels["alertname"], labels["severity"]) for labels in self.prometheus.alerts()}

    def _scraped_ms(self) -> int:
        """Time of the newest event, as Prometheus knows it."""
        found = self.prometheus.query("max(crm_kpi_last_event_timestamp_seconds)")
        return round(1000 * found[0][1]) if found else 0

    def _judged_since(self, since_s: float) -> bool:
        """Whether all rules were evaluated later than that."""
        return all(since_s < _seconds(group["lastEvaluation"]) for group in self.prometheus.groups())


@contextmanager
def system(directory: Path, settings: Settings, *names: str) -> Iterator[System]:
    """`kpi <name>` of each, on servers that are there."""
    running = System(settings, directory)
    try:
        for name in names:
            running.start(name)
        yield running
    finally:
        running.stop()


@contextmanager
def watched(
    directory: Path, settings: Settings, rules: Path, receiver: Receiver, every: str
) -> Iterator[Watch]:
    """Prometheus and Alertmanager beside a worker and a board with these settings, looking so often."""
    prometheus = PrometheusServer(directory / "prometheus")
    alertmanager = AlertmanagerServer(directory / "alertmanager")
    ports = {
        "board": settings.board_port,
        "worker": settings.worker_port,
        "intake": settings.intake_port,
        "localhost": prometheus.port,
        "alertmanager": alertmanager.port,
    }
    prometheus.configure(shipped.prometheus_config(rules, ports, every))
    alertmanager.configure(shipped.alertmanager_config(receiver.url))
    with alertmanager, prometheus:
        yield Watch(prometheus, alertmanager)


def _seconds(time_: str) -> float:
    """Of a time with nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(?<=\.\d{6})\d+", "", time_)).timestamp()
