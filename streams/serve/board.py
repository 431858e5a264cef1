"""The board: follows all partitions into a view, and computes readings from it whenever it moved."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from time import thread_time
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self, TypeVar

from redis.asyncio import Redis

from streams.engine.kpis.guardrails import Breach, breaches
from streams.engine.kpis.points import Drawing, Points, Wish
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.errors import BadParameter
from streams.serve.explaining import Answer, Which, answer
from streams.serve.follower import Followed, Followers, Stale
from streams.serve.members import Census
from streams.serve.server_memory import Memory, ServerMemory
from streams.serve.view import View
from streams.serve.waiting import Question, WaitingList, who_waits

log = logging.getLogger(__name__)

EndsAt = Literal["wall", "events"]
_Found = TypeVar("_Found")

SOONEST_S: Final = 0.2
LATEST_S: Final = 1.0
"""Readings are computed when the feed moved, at most every SOONEST_S, and at least every LATEST_S."""
COUNT_S: Final = 10.0
"""How often the members of dimensions are counted, for which every cell is looked at."""

FAILED: Final = "readings cannot be computed"

MOST_POINTS: Final = 50_000
"""So many points are drawn for one question at most."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the board shows at one moment."""

    as_of_ms: int | None = None
    """Where the readings' windows end; None as long as there are none."""
    readings: Sequence[Reading] = ()
    newest_ms: int | None = None
    """Time of the newest accepted event."""
    stale: Sequence[Stale] = ()
    lag_ms: Mapping[int, int] = field(default_factory=dict)
    """Partition -> how old its newest record was when it could be seen."""
    members: Mapping[str, int] = field(default_factory=dict)
    """Dimension -> how many members it has; empty before they were counted."""
    sources_ms: Mapping[str, int] = field(default_factory=dict)
    """Source -> time of its newest accepted event."""
    now_ms: int | None = None
    """What ages are measured at: the clock or, where windows end at events, where the readings end."""

    def ages_ms(self) -> dict[str, int]:
        """Source -> how long ago its newest event happened."""
        if self.now_ms is None:
            return {}
        return {source: max(0, self.now_ms - time_ms) for source, time_ms in self.sources_ms.items()}

    breaches: Sequence[Breach] = ()
    """What comparing the readings of KPIs with those of their guardrails has shown."""
    memory: Memory | None = None
    """Of the Redis server; None while it does not answer."""


class Drawn(NamedTuple):
    """What charts show."""

    as_of_ms: int
    points: Sequence[Points]


class Board:
    """Follows a namespace while it is entered (`async with`). `now_ms` is the clock."""

    def __init__(
        self, plan: Plan, client: Redis, namespace: str, *, ends_at: EndsAt, now_ms: Callable[[], int]
    ) -> None:
        self.plan = plan
        self._wall = ends_at == "wall"
        self._followed = Followed(View(), plan, now_ms)
        self._followers = Followers(self._followed, client, namespace)
        self._memory = ServerMemory(client)
        self._census = Census(plan.catalog.dimensions)
        self._counted_s = -COUNT_S
        self._last = Shown()
        self._used_s = 0.0
        """CPU that the readings of this round have taken."""
        self._failure: str | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def shown(self) -> Shown:
        """The last readings, with how fresh they are now."""
        followers = self._followers
        now_ms = self._followed.now_ms() if self._wall else self._last.as_of_ms
        memory = self._memory.last
        return replace(
            self._last, stale=followers.stale(), lag_ms=followers.lag_ms, now_ms=now_ms, memory=memory
        )

    def troubles(self, *, in_detail: bool = True) -> list[str]:
        """Why the numbers should not be relied on; none when they may be.

        What Redis and Python say is a detail: addresses may be in it.
        """
        stale = self._followers.stale()
        troubles = [str(one) if in_detail else f"partition {one.partition} is stale" for one in stale]
        if not self._followers.complete:
            troubles.append("not every partition was read yet")
        if self._failure is not None:
            troubles.append(self._failure if in_detail else FAILED)
        return troubles

    def _asked_ms(self) -> int | None:
        """The moment that questions are answered of: where the readings end while they stand still."""
        last_ms = self._last.as_of_ms
        return last_ms if last_ms is None or self._stands_still() else self.shown().now_ms

    def _stands_still(self) -> bool:
        """Whether readings stay as they are: of windows that move on while nothing is read all would fall."""
        return self._wall and self._last.as_of_ms is not None and not self._followers.reads

    async def waiting(self, question: Question) -> WaitingList | None:
        """Who waits now; None while not all partitions are known. Raises redis.exceptions.RedisError."""
        now_ms = self._asked_ms()
        if now_ms is None or not self._followers.complete:
            return None
        return await who_waits(self._followers.feeds, self.plan, question, now_ms)

    async def explain(self, which: Which) -> Answer | None:
        """Why a number is what it is now; None while not all partitions are known.

        UnknownReading says what there is instead of what was asked for.
        """
        followed, now_ms = self._followed, self._asked_ms()
        if now_ms is None or not self._followers.complete:
            return None
        async with followed.busy:
            followed.view.expire(now_ms)
            return await asyncio.to_thread(answer, self.plan, followed.view, now_ms, which, ahead=self._wall)

    async def points(self, wishes: Sequence[Wish]) -> Drawn | None:
        """What is drawn now; None while not all partitions are known. BadParameter for too many points."""
        followed, now_ms = self._followed, self._asked_ms()
        if now_ms is None or not self._followers.complete:
            return None
        drawing = Drawing(self.plan, now_ms, wishes, ahead=self._wall)
        if drawing.number > MOST_POINTS:
            text = f"{drawing.number:,} points are more than {MOST_POINTS:,}: ask for fewer KPIs or panes"
            raise BadParameter(text, "steps", [])
        async with followed.busy:
            followed.view.expire(now_ms)
            excerpt = await asyncio.to_thread(followed.view.excerpt, drawing.wanted)
        return Drawn(now_ms, await asyncio.to_thread(drawing.points, excerpt))

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._followers.run(), name="followers"),
            asyncio.create_task(self._keep_reading(), name="readings"),
            asyncio.create_task(self._memory.run(), name="memory of Redis"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_reading(self) -> None:
        loop, moved = asyncio.get_running_loop(), self._followed.moved
        while True:
            started_s, self._used_s = loop.time(), 0.0
            await self._attempt()
            took_s = loop.time() - started_s
            await asyncio.sleep(max(SOONEST_S - took_s, self._used_s))  # at most half of a core
            with suppress(TimeoutError):
                async with asyncio.timeout(LATEST_S - SOONEST_S):
                    await moved.wait()

    async def _attempt(self) -> None:
        try:
            await self._read()
            self._failure = None
        except Exception as error:  # of one odd cell the board must not die; it says so instead
            log.exception(FAILED)
            self._failure = f"{FAILED}: {error!r}"

    async def _read(self) -> None:
        """Readings of now; none before every partition is there, for sums of some of them would be wrong.

        While no partition can be read the last ones stay.
        """
        if self._stands_still():
            return
        followed = self._followed
        moved = followed.moved.is_set()
        followed.moved.clear()
        if not self._followers.complete:
            return
        async with followed.busy:
            newest_ms, sources_ms = followed.view.newest_ms, followed.view.sources_ms
            as_of_ms = followed.now_ms() if self._wall else newest_ms
            if as_of_ms is None or (as_of_ms == self._last.as_of_ms and not moved):
                return
            found = await self._beside(
                partial(followed.view.readings, self.plan, as_of_ms, ahead=self._wall, folds=True)
            )
            members = await self._members()
        compared = await self._beside(partial(breaches, self.plan, found))
        self._last = Shown(
            as_of_ms, found, newest_ms, breaches=compared, sources_ms=sources_ms, members=members
        )

    async def _members(self) -> Mapping[str, int]:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._counted_s < COUNT_S:
            return self._last.members
        self._counted_s = now_s
        return await self._beside(partial(self._census.count, self._followed.view.cells()))

    async def _beside(self, work: Callable[[], _Found]) -> _Found:
        """Work in a thread. Its CPU is counted, not the clock: a machine that is busy is slow enough."""

        def counted() -> _Found:
            started_s = thread_time()
            try:
                return work()
            finally:
                self._used_s += thread_time() - started_s

        return await asyncio.to_thread(counted)
