"""Channels: whoever listens sees every change, or all anew; who has left leaves nothing behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streams.errors import Busy
from streams.serve import channels
from streams.serve.board import Shown
from streams.serve.channels import Channels, Event
from streams.serve.choosing import Filter
from streams.serve.documents import ByKpi
from streams.serve.written import Written
from tests.builders import each, lead_created, shipped
from tests.serve.builders import StillBoard, showing

LEADS = Filter(kpis=frozenset({"lead_volume"}), windows=frozenset({"24h"}))


class MovingBoard(StillBoard):
    def show(self, leads: int) -> None:
        self._shown = leads_of(leads)


def leads_of(number: int) -> Shown:
    return showing(*each(lambda at: lead_created(f"lead-{at}", "10:00"), number))


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> MovingBoard:
    monkeypatch.setattr(channels, "EVERY_S", 0.01)
    return MovingBoard(leads_of(1))


def channels_of(board: MovingBoard) -> Channels:
    return Channels(board, Written(shipped(), ByKpi()))


async def told(events: AsyncIterator[Event]) -> tuple[str, Any]:
    """(name, value of the whole) of the next event."""
    async with asyncio.timeout(10):
        name, data = await anext(events)
    values = [one["value"] for one in json.loads(data)["readings"] if one["dimension"] == "all"]
    return name, values[0] if values else None


async def test_who_is_too_slow_for_a_change_gets_all_anew_and_not_what_was_between(
    board: MovingBoard,
) -> None:
    open_ = channels_of(board)
    async with open_.listening(LEADS) as quick, open_.listening(LEADS) as slow:
        assert await told(quick) == await told(slow) == ("readings", 1)
        for number in (2, 3):
            board.show(number)
            assert await told(quick) == ("changes", number)
        assert await told(slow) == ("readings", 3)
        board.show(4)
        assert await told(slow) == await told(quick) == ("changes", 4)


async def test_when_the_last_has_left_nobody_looks_any_more(board: MovingBoard) -> None:
    before, open_ = asyncio.all_tasks(), channels_of(board)
    async with open_.listening(LEADS) as first:
        async with open_.listening(LEADS):
            await told(first)
            assert len(asyncio.all_tasks() - before) == 1
        board.show(2)
        assert await told(first) == ("changes", 2)
    assert asyncio.all_tasks() == before


async def test_others_may_listen_by_another_filter(board: MovingBoard) -> None:
    open_ = channels_of(board)
    async with open_.listening(LEADS) as leads, open_.listening(Filter()) as everything:
        assert await told(leads) == ("readings", 1)
        name, _ = await told(everything)
        assert name == "readings"


async def failed(events: AsyncIterator[Event], board: MovingBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the channel of these events computes fails, once it has told all."""
    await told(events)
    monkeypatch.setattr(board, "_shown", None)
    with pytest.raises(StopAsyncIteration):
        await told(events)


async def test_a_channel_that_fails_ends_for_those_who_listen(
    board: MovingBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ = channels_of(board)
    async with open_.listening(LEADS) as events:
        await failed(events, board, monkeypatch)
    board.show(2)
    async with open_.listening(LEADS) as events:
        assert await told(events) == ("readings", 2)


async def test_who_comes_while_another_still_holds_a_channel_that_failed_gets_a_new_one(
    board: MovingBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ = channels_of(board)
    async with open_.listening(LEADS) as events:
        await failed(events, board, monkeypatch)
        board.show(2)
        async with open_.listening(LEADS) as others:
            assert await told(others) == ("readings", 2)


async def test_one_more_than_can_be_served_is_told_so(
    board: MovingBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MOST_CLIENTS", 1)
    open_ = channels_of(board)
    async with open_.listening(LEADS):
        with pytest.raises(Busy, match="1 clients"):
            async with open_.listening(LEADS):
                raise AssertionError("it is let in")
    async with open_.listening(LEADS) as events:
        assert await told(events) == ("readings", 1)
