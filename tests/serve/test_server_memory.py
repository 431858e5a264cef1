"""How full Redis is: what it says itself, and nothing while it is away."""

from typing import Any

import pytest
from redis.asyncio import Redis

from streams.serve.server_memory import Memory, ServerMemory
from streams.state import connect
from tests.serve.builders import board_on, until

INFO = {"used_memory": 700, "maxmemory": 1_000, "total_system_memory": 9_000}


def test_the_limit_is_maxmemory_and_without_one_the_memory_of_the_machine() -> None:
    assert Memory.of(INFO) == Memory(used=700, limit=1_000)
    assert Memory.of({**INFO, "maxmemory": 0}) == Memory(used=700, limit=9_000)


async def test_a_board_tells_what_the_server_says(client: Redis) -> None:
    await client.config_set("maxmemory", 2**30)
    try:
        async with board_on(client) as board:
            await until(lambda: board.shown().memory is not None)
            memory = board.shown().memory
    finally:
        await client.config_set("maxmemory", 0)
    assert memory is not None and 0 < memory.used < memory.limit == 2**30


async def test_while_the_server_is_away_nothing_is_known_of_it(client: Redis) -> None:
    memory = ServerMemory(client)
    await memory.ask()
    assert memory.last is not None
    async with connect("redis://127.0.0.1:1") as nobody:
        away = ServerMemory(nobody)
        away.last = memory.last
        await away.ask()
    assert away.last is None


async def test_of_a_server_that_does_not_say_how_full_it_is_nothing_is_known(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def info(section: str) -> dict[str, int]:
        return {"used_memory": 700}

    monkeypatch.setattr(client, "info", info)
    memory = ServerMemory(client)
    await memory.ask()
    assert memory.last is None


@pytest.mark.parametrize("fault", [OSError("no route to host"), ValueError("no number")])
async def test_whatever_fails_it_is_asked_again(
    client: Redis, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    answers: list[Any] = [fault, INFO]

    async def info(section: str) -> dict[str, int]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    monkeypatch.setattr(client, "info", info)
    memory = ServerMemory(client)
    memory.last = Memory(1, 2)
    await memory.ask()
    assert memory.last is None
    await memory.ask()
    assert memory.last == Memory(used=700, limit=1_000)
