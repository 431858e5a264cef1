"""Answers that several ask for."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from streams.serve import answers
from streams.serve.answers import Answers


class Maker:
    """Makes answers, each another, when it is let."""

    def __init__(self) -> None:
        self.number = 0
        self.may = asyncio.Event()

    async def make(self) -> bytes:
        self.number += 1
        number = self.number
        await self.may.wait()
        return b"%d" % number


def asking(remembered: Answers, question: str, make: Callable[[], Coroutine[Any, Any, bytes]]) -> Any:
    return asyncio.create_task(remembered.of(question, make))


async def test_who_asks_while_an_answer_is_made_or_holds_gets_the_same() -> None:
    remembered, maker = Answers(), Maker()
    asked = [asking(remembered, "a", maker.make) for _ in range(3)]
    await asyncio.sleep(0)
    maker.may.set()
    assert await asyncio.gather(*asked) == [b"1"] * 3
    assert await remembered.of("a", maker.make) == b"1"
    assert await remembered.of("b", maker.make) == b"2"


async def test_an_answer_holds_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "HOLD_S", 0.0)
    remembered, maker = Answers(), Maker()
    maker.may.set()
    assert [await remembered.of("a", maker.make) for _ in range(2)] == [b"1", b"2"]


async def test_an_asker_who_goes_away_does_not_keep_others_from_the_answer() -> None:
    remembered, maker = Answers(), Maker()
    first, second = (asking(remembered, "a", maker.make) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    maker.may.set()
    assert await second == b"1"
