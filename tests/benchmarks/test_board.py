"""The benchmarks of the board: what they measure is what they say."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp_sse import sse_response

from benchmarks import readings
from benchmarks.board import Figures, endless
from benchmarks.listening import messages
from streams.clock import clock_ms

LARGE = {"readings": ["x" * 300_000]}
"""Longer than a line that aiohttp reads by itself."""


async def _tell(request: web.Request) -> web.StreamResponse:
    async with sse_response(request) as response:
        await response.send(json.dumps(LARGE), event="readings", retry=1000)
        await response.write(b": ping\r\n\r\n")
        await response.send('{"readings": [1]}', event="changes")
        await response.wait()
    return response


@asynccontextmanager
async def stream() -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/api/v1/stream", _tell)])
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def test_a_page_is_told_whole_documents_and_not_what_keeps_the_connection_alive() -> None:
    found: list[dict[str, Any]] = []
    async with stream() as address:
        async for message in messages(address, {}):
            found.append(message)
            if len(found) == 2:
                break
    assert found == [LARGE, {"readings": [1]}]


FIGURES = Figures((), 60.0, 1, 1, 0, 0.0, (), 0, 0.0, ())


@pytest.mark.parametrize("per_hour", [0.0, 36e6, -3.6e6])
def test_growth_is_that_of_the_second_half_by_the_hour(per_hour: float) -> None:
    first = [(float(at_s), 10**6 * at_s) for at_s in range(100)]
    second = [(float(at_s), 10**9 + round(per_hour * at_s / 3600)) for at_s in range(100, 200)]
    assert replace(FIGURES, memory=[*first, *second]).growth_per_hour == pytest.approx(per_hour, abs=1.0)


def test_events_that_go_on_happen_when_they_are_asked_for() -> None:
    before_ms = clock_ms()
    line = next(endless(before_ms))
    assert before_ms <= line.time_ms <= clock_ms()


def test_a_round_computes_what_its_events_have_touched() -> None:
    found = readings.measure(rounds=2, history=1_000)
    come, none = found["events come"], found["none comes"]
    assert (come.events, none.events) == (200, 0)
    assert come.readings == none.readings > come.computed > none.computed
    assert all(len(rounds.seconds[step]) == 2 for rounds in found.values() for step in readings.STEPS)
