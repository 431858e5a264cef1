"""Channels: what changes in the readings that are shown, at most once a second.

What several clients ask for alike is compared and written once for all of them. A channel keeps its last
state only: whoever was too slow for a change gets all anew, and nothing piles up for anybody.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from streams.errors import Busy
from streams.serve.board import Board
from streams.serve.choosing import Filter
from streams.serve.documents import head_document
from streams.serve.written import Texts, Written, joined

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
"""Between two events of a channel, at least."""
MOST_CLIENTS: Final = 200
"""So many may listen at once."""

Event = tuple[str, str]
"""(name, data)."""


@dataclass(frozen=True)
class State:
    """What was shown at one moment."""

    number: int
    head: Mapping[str, Any]
    texts: Texts

    @cached_property
    def whole(self) -> str:
        return joined(self.head, self.texts.values()).decode()

    def changes(self, before: "State") -> str:
        """What is not as it was, and which readings are gone."""
        changed = [text for key, text in self.texts.items() if before.texts.get(key) != text]
        gone = [key.document() for key in before.texts if key not in self.texts]
        return joined({**self.head, "gone": gone}, changed).decode()

    def same(self, other: "State") -> bool:
        return self.head == other.head and self.texts == other.texts


class Channel:
    """What everybody sees who asks for the same."""

    def __init__(self, board: Board, written: Written, wanted: Filter) -> None:
        self.clients = 0
        self._board = board
        self._written = written
        self._wanted = wanted
        self._state: State | None = None
        self._changes = ""
        """From the state before to this one."""
        self._moved = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="channel")

    @property
    def ended(self) -> bool:
        return self._task.done()

    async def close(self) -> None:
        """Whoever listens comes to an end."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                await self._look()
                await asyncio.sleep(EVERY_S)
        except Exception:  # whoever listens comes again, and finds another channel
            log.exception("changes cannot be told")
        finally:
            self._moved.set()

    async def _look(self) -> None:
        shown, before = self._board.shown(), self._state
        texts = await asyncio.to_thread(self._written.texts, shown, self._wanted)
        head = head_document(shown, self._board.troubles())
        state = State(before.number + 1 if before else 0, head, texts)
        if before is None or not state.same(before):
            self._changes = await asyncio.to_thread(state.changes, before) if before else ""
            self._state = state
            self._moved.set()
            self._moved = asyncio.Event()

    async def events(self) -> AsyncIterator[Event]:
        """`readings`, all that is asked for, and then `changes`; ends when the channel is closed."""
        seen = -1
        while not self.ended:
            state, moved = self._state, self._moved
            if state is None or state.number == seen:
                await moved.wait()
                continue
            follows, seen = seen >= 0 and state.number == seen + 1, state.number
            yield ("changes", self._changes) if follows else ("readings", state.whole)


class Channels:
    """A channel for each filter that somebody listens by."""

    def __init__(self, board: Board, written: Written) -> None:
        self._board = board
        self._written = written
        self._open: dict[Filter, Channel] = {}

    @asynccontextmanager
    async def listening(self, wanted: Filter) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of a filter, as long as this is entered. Busy when too many listen already."""
        if sum(channel.clients for channel in self._open.values()) >= MOST_CLIENTS:
            raise Busy(f"{MOST_CLIENTS} clients listen already")
        channel = self._open.get(wanted)
        if channel is None or channel.ended:  # those who listen to one that failed come again
            channel = self._open[wanted] = Channel(self._board, self._written, wanted)
        channel.clients += 1
        try:
            yield channel.events()
        finally:
            channel.clients -= 1
            if not channel.clients:
                if self._open.get(wanted) is channel:
                    del self._open[wanted]
                await channel.close()

    async def close(self) -> None:
        """End all."""
        for channel in list(self._open.values()):
            await channel.close()
