"""The board as a process runs it."""

import asyncio
import os
import signal
import socket
from typing import Any

import pytest
from aiohttp import ClientSession
from redis.asyncio import Redis

from streams.clock import clock_ms
from streams.errors import SettingsError, StartError
from streams.serve.app import is_open, names_of, running, serve
from streams.settings import Settings
from tests.builders import shipped
from tests.serve.builders import NAMESPACE, Writer


def settings_of(redis: str | None, **given: Any) -> Settings:
    return Settings.read(**{"redis": redis, "namespace": NAMESPACE, "board_port": 0, **given})


async def status(url: str, **headers: str) -> int:
    async with ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status


async def test_a_running_board_listens_on_loopback_and_becomes_ready(client: Redis, redis_url: str) -> None:
    await Writer.of(client)
    async with running(settings_of(redis_url), shipped()) as address:
        assert address.startswith("http://127.0.0.1:")
        assert await status(f"{address}/healthz") == 200
        async with asyncio.timeout(10):
            while await status(f"{address}/readyz") != 200:
                await asyncio.sleep(0.05)


async def test_a_board_stops_in_good_order_at_sigterm(redis_url: str) -> None:
    before = asyncio.all_tasks()
    addresses: list[str] = []

    def stop(address: str) -> None:
        addresses.append(address)
        os.kill(os.getpid(), signal.SIGTERM)

    await asyncio.wait_for(serve(settings_of(redis_url), shipped(), stop), 5)
    assert asyncio.all_tasks() == before
    host, _, port = addresses[0].removeprefix("http://").partition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


async def test_a_port_that_is_taken_is_said_to_be(redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}"):
            async with running(settings_of(redis_url, board_port=port), shipped()):
                raise AssertionError("it listens")


async def test_a_board_needs_the_address_of_a_redis() -> None:
    with pytest.raises(SettingsError, match="KPI_REDIS"):
        async with running(settings_of(None), shipped()):
            raise AssertionError("it runs")


@pytest.mark.parametrize(
    ("host", "token", "says"),
    [
        ("127.0.0.1", None, False),
        ("::1", None, False),
        ("localhost", None, False),
        ("0.0.0.0", None, True),
        ("10.0.0.7", None, True),
        ("board.example", None, True),
        ("0.0.0.0", "correct-horse-battery", False),
    ],
)
def test_a_board_that_anybody_may_ask_is_known_to_be_one(host: str, token: str | None, says: bool) -> None:
    assert is_open(settings_of(None, board_host=host, board_token=token)) is says


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, {"127.0.0.1"}),
        ({"board_host": "127.0.0.7"}, {"127.0.0.7"}),
        ({"board_hosts": "kpis.example,kpis.internal"}, {"127.0.0.1", "kpis.example", "kpis.internal"}),
        ({"board_host": "0.0.0.0", "board_hosts": "kpis.example"}, set()),
        ({"board_token": "correct-horse-battery"}, set()),
    ],
)
def test_names_are_checked_where_nobody_but_this_machine_may_ask(
    given: dict[str, str], names: set[str]
) -> None:
    assert set(names_of(settings_of(None, **given))) == names


async def test_a_board_is_not_read_by_a_page_whose_name_was_made_to_lead_to_it(redis_url: str) -> None:
    async with running(settings_of(redis_url), shipped()) as address:
        assert await status(f"{address}/healthz") == 200
        assert await status(f"{address}/healthz", host="rebound.evil.example") == 421


async def test_a_board_with_a_token_wants_it(redis_url: str) -> None:
    async with running(settings_of(redis_url, board_token="correct-horse-battery"), shipped()) as address:
        assert await status(f"{address}/metrics") == 401
        assert await status(f"{address}/healthz") == 200


def test_the_clock_tells_milliseconds() -> None:
    assert 1_500_000_000_000 < clock_ms() < 10_000_000_000_000
