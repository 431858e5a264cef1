"""The whole system as it is shipped, watched: worker and board on Kafka and Redis, Prometheus, Alertmanager.

company --> Kafka --> worker --> Redis --> board <-- Prometheus --> Alertmanager --> Receiver
"""

import asyncio
import json
import re
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from streams.commands.publisher import FollowedPublisher, Sent
from streams.commands.stack import child
from streams.embedded.processes import Child
from streams.embedded.traffic import encode
from streams.embedded.world import Event
from streams.settings import Settings
from streams.state import connect
from tests.monitoring import shipped
from tests.monitoring.servers import AlertmanagerServer, PrometheusServer

PATIENCE_S: Final = 90.0
LOOK_S: Final = 0.1


async def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """What a condition gives once it gives something; TimeoutError after a generous time."""
    async with asyncio.timeout(patience_s):
        while not (found := await asyncio.to_thread(condition)):
            await asyncio.sleep(LOOK_S)
    return found


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


@dataclass(slots=True)
class Site:
    """What runs, and what is asked of it."""

    settings: Settings
    directory: Path
    prometheus: PrometheusServer
    alertmanager: AlertmanagerServer
    children: list[Child] = field(default_factory=list)

    def check(self) -> None:
        """StartError when a process that should run has ended."""
        for process in self.children:
            process.check()

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[FollowedPublisher]:
        redis = connect(self.settings.redis_url())
        try:
            async with FollowedPublisher(self.settings, redis) as publisher:
                yield publisher
        finally:
            await redis.aclose()

    async def counted(self, publisher: FollowedPublisher, events: Iterable[Event]) -> None:
        """Publish events, and return when the worker has committed all of them."""
        await publisher.publish_all((Sent(encode(event)) for event in events), self.check, lambda _: None)

    def board(self, path: str) -> Any:
        """JSON of the board; None while it does not answer."""
        url = f"http://127.0.0.1:{self.settings.board_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return json.load(reply)
        except OSError:
            return None

    async def judged(self, newest_ms: int) -> None:
        """Return when Prometheus has scraped the readings of this event, and judged them twice."""
        await until(lambda: self._scraped_ms() >= newest_ms)
        for _ in range(2):
            await until(partial(self._judged_since, time.time()))

    def _scraped_ms(self) -> int:
        """Time of the newest event, as Prometheus knows it."""
        self.check()
        found = self.prometheus.query("max(crm_kpi_last_event_timestamp_seconds)")
        return round(1000 * found[0][1]) if found else 0

    def _judged_since(self, since_s: float) -> bool:
        """Whether all rules were evaluated later than that."""
        return all(since_s < _seconds(group["lastEvaluation"]) for group in self.prometheus.groups())

    def firing(self) -> set[tuple[str, str]]:
        """Name and severity of what fires in Prometheus."""
        return {(labels["alertname"], labels["severity"]) for labels in self.prometheus.alerts()}


@contextmanager
def site(directory: Path, settings: Settings, rules: Path, receiver: Receiver) -> Iterator[Site]:
    """Prometheus and Alertmanager beside a worker and a board, each a process of its own."""
    prometheus, alertmanager = (
        PrometheusServer(directory / "prometheus"),
        AlertmanagerServer(directory / "alertmanager"),
    )
    ports = {
        "board": settings.board_port,
        "worker": settings.worker_port,
        "localhost": prometheus.port,
        "alertmanager": alertmanager.port,
    }
    prometheus.configure(shipped.prometheus_config(rules, ports))
    alertmanager.configure(shipped.alertmanager_config(receiver.url))
    with ExitStack() as stack:
        children = [stack.enter_context(child(name, settings, directory)) for name in ("worker", "board")]
        stack.enter_context(alertmanager)
        stack.enter_context(prometheus)
        yield Site(settings, directory, prometheus, alertmanager, children)


def _seconds(time_: str) -> float:
    """Of a time with nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(?<=\.\d{6})\d+", "", time_)).timestamp()
