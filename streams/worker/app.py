"""The worker process: a Faust app that runs the partition consumer and a web server for metrics."""

import asyncio
import gc
import logging
import os
import signal
import threading
from typing import Any, Final

import faust
from aiokafka import TopicPartition
from faust.app.base import BootStrategy
from faust.web import Request, Response, View

from streams.clock import clock_ms
from streams.engine.engine import Engine
from streams.engine.panes import KEEP_MS
from streams.engine.plan import Plan
from streams.errors import Stalled
from streams.settings import Settings
from streams.state import PartitionStore, connect
from streams.worker.consumer import PartitionConsumer
from streams.worker.dead_letters import DeadLetters
from streams.worker.log import Log
from streams.worker.seldom import QuietClient
from streams.worker.table import KpiTable
from streams.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

LEAVE_S: Final = 5.0
"""How long a worker that was told to stop, or that ends by itself, may take."""
NOT_IN_TIME: Final = 1
"""Exit status of one that took longer: it has lost nothing, but was missed by its group for a while."""
STALLED: Final = 1
"""Exit status of one that the watchdog has ended."""
YOUNG_OBJECTS: Final = 500_000
"""New objects between two looks of the garbage collector: more than a few batches and commits are made of."""


class _Boot(BootStrategy):
    enable_kafka = False  # Faust runs the agents; it does not fetch


class KpiApp(faust.App):
    """A Faust app without Faust's Kafka."""

    BootStrategy = _Boot

    def _create_directories(self) -> None:
        """Make none: Faust's tables would live there, ours live in Redis."""


class _Process(faust.Worker):
    """Faust's worker, which stops within `LEAVE_S` whatever hangs, and at once when it is told twice."""

    leaving = False

    def _on_sigterm(self) -> None:
        self._leave()
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        self._leave()
        super()._on_sigint()

    def end(self) -> None:
        """Stop in good order, though nobody has told us to."""
        self._leave()
        self._signal_stop_future = asyncio.ensure_future(self.stop(), loop=self.loop)

    def on_worker_shutdown(self) -> None:  # also when it crashes
        self._leave()
        super().on_worker_shutdown()

    def _leave(self) -> None:
        """From now on a signal does to us what it does to any process, also when the loop hangs."""
        if self.leaving:
            return
        self.leaving = True
        for number in (signal.SIGINT, signal.SIGTERM):
            self.loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        timer = threading.Timer(LEAVE_S, _exit)
        timer.daemon = True
        timer.start()

    async def _sentinel_task(self) -> None:
        """A second of sleep in Faust's, when all is done."""

    def on_setup_root_logger(self, logger: logging.Logger, level: int) -> None:
        super().on_setup_root_logger(logger, level)
        for handler in logger.handlers:
            handler.addFilter(QuietClient("aiokafka"))


def _exit() -> None:
    log.error("not stopped in good order within %g s: what was not committed is done again", LEAVE_S)
    logging.shutdown()
    os._exit(NOT_IN_TIME)


class Worker:
    """One worker process, wired. SettingsError when something is not set that it needs."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        settings.kafka_client()  # what is wrong with these settings is said now, not again and again
        self._settings = settings
        self._plan = plan
        self._engine = Engine(plan, sweeps=settings.ends_at == "wall")
        self._redis = connect(settings.redis_url())
        self._telemetry = Telemetry()
        self._process: _Process | None = None
        self._stalled = False
        self.app = KpiApp(
            settings.group_id(),
            broker=settings.broker,
            autodiscover=False,
            web_bind=settings.worker_host,
            web_port=settings.worker_port,
        )
        self._consumer = PartitionConsumer(
            self.app, settings, self._make_table, self._telemetry, self._give_up
        )
        self.app.service(self._consumer)  # type: ignore[arg-type]  # it takes instances as well as classes
        self._add_pages()

    def run(self) -> None:
        """Run until SIGINT or SIGTERM, or until the watchdog ends us; then exit the process."""
        calm_collector()
        process = _Process(self.app, loglevel=self._settings.log_level, quiet=True, redirect_stdouts=False)
        self._process = process
        try:
            process.execute_from_commandline()
        finally:
            if self._stalled:
                raise SystemExit(STALLED)

    def _give_up(self, stalled: Stalled) -> None:
        log.critical("%s", stalled)
        self._stalled = True
        assert self._process is not None
        self._process.end()

    def _make_table(self, partition: TopicPartition, log_: Log, *, dead_letters: DeadLetters) -> KpiTable:
        settings = self._settings
        store = PartitionStore(
            self._redis,
            settings.namespace,
            partition.partition,
            fingerprint=self._plan.fingerprint,
            tiers=KEEP_MS,
            wall=settings.ends_at == "wall",
        )
        return KpiTable(
            partition, log_, store, self._engine, dead_letters, self._telemetry, settings, clock_ms
        )

    # -- Web ----------------------------------------------------------------------------------------------

    def _add_pages(self) -> None:
        @self.app.page("/metrics")
        async def metrics(view: View, request: Request) -> Response:
            return view.bytes(self._telemetry.text(), content_type="text/plain; version=0.0.4")

        @self.app.page("/healthz")
        async def healthz(view: View, request: Request) -> Response:
            return view.json({"alive": True})

        @self.app.page("/readyz")
        async def readyz(view: View, request: Request) -> Response:
            status = self.status()
            return view.json(status, status=200 if status["ready"] else 503)

    def status(self) -> dict[str, Any]:
        """Ready while Kafka answers, the group has spoken and all its partitions are open; and why not.

        `trouble`: the last error of Kafka or of the group, while we are not in it.
        """
        partitions = {
            str(partition.partition): assigned.table.condition.shown()
            for partition, assigned in self._consumer.assigned.items()
        }
        consumer = self._consumer
        all_open = all(one["state"] == "open" for one in partitions.values())
        return {
            "ready": consumer.joined and consumer.health.up and all_open,
            "joined": consumer.joined,
            "trouble": consumer.trouble,
            "kafka": consumer.health.shown(),
            "partitions": partitions,
        }


def calm_collector() -> None:
    """What is here by now stays, and events make no cycles: at its own pace it takes a sixth of the time."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
