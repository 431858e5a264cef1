"""Answers that take their time: who asks the same within a moment gets the same."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Final

HOLD_S: Final = 2.0
"""So long an answer holds: not so long that a chart would look old beside its number."""


@dataclass(frozen=True, slots=True)
class _Answer:
    asked_s: float
    task: asyncio.Task[bytes | None]

    def holds(self, now_s: float) -> bool:
        return not self.task.done() or now_s - self.asked_s < HOLD_S


class Answers:
    """Remembers answers for a moment, and lets whoever comes while one is made wait for it."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, _Answer] = {}

    async def of(
        self, question: Hashable, make: Callable[[], Coroutine[Any, Any, bytes | None]]
    ) -> bytes | None:
        """The answer, or what `make` raises. An asker who goes away does not keep others from it."""
        now_s = asyncio.get_running_loop().time()
        self._answers = {asked: one for asked, one in self._answers.items() if one.holds(now_s)}
        if question not in self._answers:
            self._answers[question] = _Answer(now_s, asyncio.create_task(make()))
        return await asyncio.shield(self._answers[question].task)
