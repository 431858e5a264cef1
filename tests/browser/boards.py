"""Boards that a browser looks at: a real board on a real Redis, which a writer keeps as a worker would."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.embedded.processes import free_port
from streams.engine.plan import Plan
from streams.serve.app import running
from streams.settings import Settings
from streams.state import connect
from tests.builders import Event, Ledger, shipped
from tests.serve.builders import NAMESPACE, NOW_MS, Writer

BEAT_S = 3.0
"""Far more often than a partition's last sign of life expires."""


class LiveBoard:
    """A board that can be stopped, and started again at the same address; and who writes its partition."""

    def __init__(
        self, writer: Writer, redis_url: str, plan: Plan, now_ms: Callable[[], int], **given: Any
    ) -> None:
        self.writer = writer
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.plan = plan
        self._now_ms = now_ms
        self._settings = Settings.read(redis=redis_url, namespace=NAMESPACE, board_port=self.port, **given)
        self._runs = AsyncExitStack()

    async def start(self) -> None:
        await self._runs.enter_async_context(running(self._settings, self.plan, self._now_ms))

    async def stop(self) -> None:
        await self._runs.aclose()

    async def take(self, *events: Event) -> None:
        """Commit these events, as a worker does that has counted them."""
        await self.writer.take(*events)


@asynccontextmanager
async def live_board(
    redis_url: str,
    *events: Event,
    plan: Plan | None = None,
    partitions: int = 1,
    now_ms: Callable[[], int] = lambda: NOW_MS,
    **given: Any,
) -> AsyncIterator[LiveBoard]:
    """A board that shows these events; `given` are settings."""
    plan = plan or shipped()
    async with connect(redis_url) as client:
        writer = await Writer.of(client, partitions=partitions, fingerprint=plan.fingerprint)
        writer.ledger = Ledger(plan)
        beating = asyncio.create_task(_beat(writer))
        board = LiveBoard(writer, redis_url, plan, now_ms, **given)
        try:
            if events:
                await board.take(*events)
            await board.start()
            yield board
        finally:
            await board.stop()
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


async def _beat(writer: Writer) -> None:
    while True:
        with suppress(RedisError):
            await writer.store.beat()
        await asyncio.sleep(BEAT_S)


async def emptied(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        await client.flushall()
