"""Channels and the stream of events that clients get of them."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse
from jsonschema import Draft202012Validator, validate

from streams.serve import channels
from streams.serve.board import Shown
from streams.serve.choosing import Filter
from streams.serve.http.schemas import COMPONENTS, ref
from streams.serve.written import Texts, Written
from tests.builders import lead_created
from tests.serve.builders import StillBoard, showing, web

ONE = showing(lead_created("lead-1", "10:00", channel="web"))
TWO = showing(lead_created("lead-1", "10:00", channel="web"), lead_created("lead-2", "10:00", channel="mail"))
QUERY = "kpi=lead_volume&window=24h&dimension=channel"


class MovingBoard(StillBoard):
    def show(self, shown: Shown) -> None:
        self._shown = shown


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(channels, "EVERY_S", 0.01)
    yield


async def event(response: ClientResponse) -> tuple[str, Any]:
    """(name, document) of the next event."""
    found: dict[str, str] = {}
    async with asyncio.timeout(10):
        while line := (await response.content.readline()).decode().rstrip("\r\n"):
            name, _, text = line.partition(": ")
            found[name] = text
    return found["event"], json.loads(found["data"])


async def test_a_stream_begins_with_all_that_is_asked_for_and_goes_on_with_what_changes() -> None:
    board = MovingBoard(ONE)
    async with web(board) as client, client.get(f"/api/v1/stream?{QUERY}") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        name, whole = await event(response)
        asked = await (await client.get(f"/api/v1/readings?{QUERY}")).json()
        assert (name, whole) == ("readings", asked)
        board.show(TWO)
        name, changes = await event(response)
        assert name == "changes"
        assert [one["member"] for one in changes["readings"]] == ["mail"]
        assert changes["gone"] == []
        board.show(ONE)
        _, changes = await event(response)
        assert changes["readings"] == []
        assert changes["gone"] == [
            {"gauge": "crm_leads", "labels": {}, "window": "24h", "dimension": "channel", "member": "mail"}
        ]
        assert "gone" not in whole


async def test_events_are_what_the_openapi_document_says_they_are() -> None:
    board = MovingBoard(ONE)
    async with web(board) as client, client.get("/api/v1/stream?dimension=channel") as response:
        for shown, name, schema in (
            (TWO, "readings", "Readings"),
            (ONE, "changes", "Changes"),
            (TWO, "changes", "Changes"),
        ):
            said, document = await event(response)
            assert said == name
            validate(document, {**ref(schema), "components": {"schemas": COMPONENTS}}, Draft202012Validator)
            board.show(shown)


async def test_who_joins_later_gets_all_and_then_the_same_changes() -> None:
    board = MovingBoard(ONE)
    async with web(board) as client, client.get(f"/api/v1/stream?{QUERY}") as early:
        await event(early)
        board.show(TWO)
        await event(early)
        async with client.get(f"/api/v1/stream?{QUERY}") as late:
            name, whole = await event(late)
            assert (name, len(whole["readings"])) == ("readings", 2)
            board.show(replace(TWO, as_of_ms=(TWO.as_of_ms or 0) + 1_000))
            assert await event(early) == await event(late)


async def test_that_numbers_are_old_is_told_though_none_of_them_changes() -> None:
    board = MovingBoard(ONE)
    async with web(board) as client, client.get(f"/api/v1/stream?{QUERY}") as response:
        await event(response)
        board._troubles = ["partition 0: no worker owns it"]
        name, changes = await event(response)
        assert (name, changes["troubles"], changes["readings"]) == (
            "changes",
            ["partition 0: no worker owns it"],
            [],
        )


async def test_streams_end_when_the_board_does_and_leave_nothing_behind() -> None:
    before = asyncio.all_tasks()
    client = web(MovingBoard(ONE))
    async with client, client.get(f"/api/v1/stream?{QUERY}") as response:
        await event(response)
        await client.server.close()
        assert await response.content.read() == b""
    assert asyncio.all_tasks() == before


async def test_what_several_ask_for_alike_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Filter] = []
    texts_of = Written.texts

    def counted(self: Written, shown: Shown, wanted: Filter) -> Texts:
        looks.append(wanted)
        return texts_of(self, shown, wanted)

    monkeypatch.setattr(Written, "texts", counted)
    monkeypatch.setattr(channels, "EVERY_S", 60.0)
    async with web(MovingBoard(ONE)) as client:
        responses = [await client.get(f"/api/v1/stream?{QUERY}") for _ in range(5)]
        for response in responses:
            await event(response)
        assert len(looks) == 1


async def test_a_client_that_went_away_is_forgotten() -> None:
    board = MovingBoard(ONE)
    async with web(board) as client:
        before = asyncio.all_tasks()
        response = await client.get(f"/api/v1/stream?{QUERY}")
        await event(response)
        response.close()
        async with asyncio.timeout(10):
            while asyncio.all_tasks() != before:
                board.show(replace(ONE, as_of_ms=(board.shown().as_of_ms or 0) + 1_000))
                await asyncio.sleep(0.02)


async def test_when_too_many_listen_the_next_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MOST_CLIENTS", 1)
    async with web(MovingBoard(ONE)) as client, client.get(f"/api/v1/stream?{QUERY}") as response:
        await event(response)
        refused = await client.get("/api/v1/stream")
        assert refused.status == 503
