"""When what is pending is committed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from streams.settings import Settings
from streams.worker.pending import Pending

MIN_COMMIT_S: Final = 0.02
"""A table that has caught up commits at once, but not more often than this."""


class Pace:
    """By default 10,000 events, 4 MB or 500 ms are enough for a commit; having caught up always is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last = 0.0
        self._deadline: asyncio.Task[None] | None = None

    def is_due(self, pending: Pending, *, caught_up: bool) -> bool:
        settings = self._settings
        return (
            caught_up
            or pending.records >= settings.commit_events
            or pending.bytes >= settings.commit_bytes
            or _now() >= self._latest(pending)
        )

    async def wait(self, *, caught_up: bool) -> None:
        """Return when the last commit is not too near."""
        if caught_up:
            await asyncio.sleep(max(0.0, self._last + MIN_COMMIT_S - _now()))

    def committed(self) -> None:
        self._last = _now()

    def set_deadline(self, pending: Pending, commit: Callable[[Pending], Awaitable[None]]) -> None:
        """Call `commit` in time also when no further batch comes. It replaces the deadline before."""
        self.drop_deadline()
        if pending.since is not None:
            self._deadline = asyncio.create_task(self._commit_in_time(pending, commit))

    def drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    async def _commit_in_time(self, pending: Pending, commit: Callable[[Pending], Awaitable[None]]) -> None:
        await asyncio.sleep(self._latest(pending) - _now())
        await commit(pending)

    def _latest(self, pending: Pending) -> float:
        return (pending.since or 0.0) + self._settings.commit_ms / 1000


def _now() -> float:
    return asyncio.get_running_loop().time()
