"""The watch of a replay over its worker: what is held ends it, and nothing that is not known does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from streams.commands import replay
from streams.commands.replay import TooManyBad, _held, _watched
from streams.errors import Held
from streams.settings import Settings
from streams.worker.bad_share import TOO_MANY
from tests.worker.builders import until

HELD = b'{"ready": false, "partitions": {"1": {"state": "held", "reason": "eviction", "message": "why"}}}'


class Alive:
    """A worker process that lives."""

    def check(self) -> None:
        """It does."""


class Replies:
    """A worker that says so on /readyz."""

    body = b""
    asked = 0

    async def reply(self, request: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(body=self.body, status=503)


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Replies, Settings]]:
    monkeypatch.setattr(replay, "WATCH_S", 0.01)
    replies, app = Replies(), web.Application()
    app.router.add_get("/readyz", replies.reply)
    async with TestServer(app) as server:
        yield replies, Settings(worker_host="127.0.0.1", worker_port=server.port or 0)


def test_a_partition_that_is_held_is_told_by_its_reason() -> None:
    (held,) = _held(HELD)
    assert isinstance(held, Held) and (held.reason, str(held)) == ("eviction", "why")
    (bad,) = _held(HELD.replace(b"eviction", TOO_MANY.encode()))
    assert isinstance(bad, TooManyBad)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"partitions": null}',
        b'{"partitions": {"0": {}}}',
        b'{"partitions": {"0": {"state": "open"}}}',
        b'{"partitions": {"0": {"state": "\xff"}}}',
    ],
)
async def test_a_reply_that_is_something_else_says_nothing_and_the_watch_goes_on(
    worker: tuple[Replies, Settings], reply: bytes
) -> None:
    replies, settings = worker
    replies.body = reply
    alive: Any = Alive()
    async with _watched(alive, settings) as check:
        await until(lambda: replies.asked > 2)
        check()
        replies.body = HELD
        with pytest.raises(Held):
            async with asyncio.timeout(10):
                while True:
                    check()
                    await asyncio.sleep(0.01)


async def test_a_watch_that_has_failed_ends_the_replay(
    worker: tuple[Replies, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> Any:
        raise ValueError("what nobody has thought of")

    monkeypatch.setattr(replay, "_holds", fails)
    alive: Any = Alive()
    async with _watched(alive, worker[1]) as check:
        with pytest.raises(ValueError, match="nobody has thought of"):
            async with asyncio.timeout(10):
                while True:
                    check()
                    await asyncio.sleep(0.01)
