"""Following: what keeps the view as new as Redis, whatever happens to Redis and to the workers."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from streams.engine.plan import Plan
from streams.errors import Held
from streams.serve.view import View, read_oldest
from streams.state import Entry, Feed, Gap, Position, partition_count

log = logging.getLogger(__name__)

POLL_S: Final = 0.1
"""How often a partition's feed is read."""
ASK_S: Final = 1.0
"""How often a partition's heartbeat, and the number of partitions, are looked up."""
LONGEST_WAIT_S: Final = 2.0
"""Between two attempts, when the ones before failed."""
STALE_S: Final = 5.0
"""A partition that was not read for so long is stale."""

FOREIGN: Final = (
    "its state was made with another catalog: start the board with that one, or make the state anew"
)


@dataclass(frozen=True, slots=True)
class Stale:
    """A partition whose numbers may be old, and why."""

    partition: int
    reason: str

    def __str__(self) -> str:
        return f"partition {self.partition}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Followed:
    """The view that followers write into. Hold `busy` to change the view, or to compute from it."""

    view: View
    plan: Plan
    now_ms: Callable[[], int]
    """The clock; it tells how old a record is when it can be seen."""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the view has changed."""


class Follower:
    """Follows one partition into the view.

    It stands at an entry of the feed and the position that this led to. An entry is applied when it begins
    there; otherwise a new snapshot is taken, and what was known until then counts until it is complete.
    """

    def __init__(self, followed: Followed, feed: Feed, partition: int) -> None:
        self.partition = partition
        self.feed = feed
        self.loaded = False
        """Whether the view has this partition at all."""
        self.lag_ms: int | None = None
        """How old the newest record was when it could be seen."""
        self._followed = followed
        self._at: tuple[str, Position | None] | None = None
        self._changed = False
        self._alive = False
        self._asked_s = -ASK_S
        self._read_s = 0.0
        self._failure: str | None = "not read yet"

    def stale(self) -> str | None:
        """Why the partition's numbers may be old, if they may."""
        if self._failure is not None:
            return self._failure
        if not self.reads:  # without how long it was: who is told of every change is told once
            return f"not read for more than {STALE_S:.0f} s"
        return None if self._alive else "no worker owns it"

    @property
    def reads(self) -> bool:
        """Whether it was read lately, whether a worker owns it or not."""
        return self._failure is None and monotonic() - self._read_s <= STALE_S

    async def run(self) -> None:
        """Follow for ever; cancel it to stop."""
        wait_s = POLL_S
        while True:
            wait_s = POLL_S if await self._attempt() else min(2 * wait_s, LONGEST_WAIT_S)
            await asyncio.sleep(wait_s)

    async def _attempt(self) -> bool:
        try:
            await self.refresh()
        except Exception as error:
            self._fail(failure_text(error))
            if not isinstance(error, RedisError):  # what was read makes no sense: begin again
                self._at = None
        else:
            self._failure = None
            self._read_s = monotonic()
        return self._failure is None

    def _fail(self, failure: str) -> None:
        if self._failure != failure:
            log.warning("partition %d: %s", self.partition, failure)
        self._failure = failure

    async def refresh(self) -> None:
        """Bring the view up to date; raises RedisError, and Held for the state of another catalog."""
        news = await self.feed.follow(*self._at) if self._at is not None else None
        if news is None or isinstance(news, Gap):
            await self._load()
        else:
            await self._apply(news)
        if self._changed:  # also when it was the last attempt that got as far as here
            await self._read_oldest()
        await self._ask_alive()

    async def _load(self) -> None:
        self._at = None
        fingerprint: Any = await self.feed.client.hget(self.feed.keys.meta, "fingerprint")
        self._check(fingerprint.decode() if fingerprint else None)
        snapshot = await self.feed.snapshot()
        self._check(snapshot.meta.get("fingerprint"))
        async with self._followed.busy:
            await asyncio.to_thread(self._followed.view.load, self.partition, snapshot)
        self._at, self._changed = (snapshot.feed_id, snapshot.position), True

    async def _apply(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            async with self._followed.busy:
                self._followed.view.apply(self.partition, entry.changes)
            self._at, self._changed = (entry.feed_id, entry.position), True
            await asyncio.sleep(0)  # after a pause there may be many
        records_ms = [entry.record_ms for entry in entries if entry.record_ms is not None]
        if records_ms:
            self.lag_ms = max(0, self._followed.now_ms() - records_ms[-1])

    async def _read_oldest(self) -> None:
        """The feed does not tell the waiting lists: they are read beside it, and may be a commit ahead."""
        oldest_ms = await read_oldest(self.feed, self._followed.plan)
        async with self._followed.busy:
            self._followed.view.set_oldest(self.partition, oldest_ms)
        self.loaded, self._changed = True, False
        self._followed.moved.set()

    async def _ask_alive(self) -> None:
        now_s = monotonic()
        if now_s - self._asked_s >= ASK_S:
            self._alive = await self.feed.alive()
            self._asked_s = now_s

    def _check(self, fingerprint: str | None) -> None:
        if fingerprint not in (None, self._followed.plan.fingerprint):
            raise Held("fingerprint", FOREIGN)


class Followers:
    """Followers of all partitions of a namespace, as many as there are."""

    def __init__(self, followed: Followed, client: Redis, namespace: str) -> None:
        self._followed = followed
        self._client = client
        self._namespace = namespace
        self._running: list[tuple[Follower, asyncio.Task[None]]] = []
        self._failure: str | None = "not read yet"

    @property
    def feeds(self) -> list[Feed]:
        """Of all partitions that are known."""
        return [follower.feed for follower, _ in self._running]

    @property
    def complete(self) -> bool:
        """Whether the view holds every partition, so that its sums are those of the whole."""
        return bool(self._running) and all(follower.loaded for follower, _ in self._running)

    @property
    def reads(self) -> bool:
        """Whether any partition was read lately."""
        return any(follower.reads for follower, _ in self._running)

    @property
    def lag_ms(self) -> dict[int, int]:
        """Partition -> how old its newest record was when it could be seen."""
        lags = [(follower.partition, follower.lag_ms) for follower, _ in self._running]
        return {partition: lag_ms for partition, lag_ms in lags if lag_ms is not None}

    def stale(self) -> list[Stale]:
        """The partitions whose numbers may be old; the first one while it is not known how many there are."""
        if not self._running:
            return [Stale(0, self._failure or "no worker has been here yet")]
        reasons = [(follower.partition, follower.stale()) for follower, _ in self._running]
        return [Stale(partition, reason) for partition, reason in reasons if reason is not None]

    async def run(self) -> None:
        """Follow for ever; cancel it to stop."""
        wait_s = ASK_S
        try:
            while True:
                wait_s = ASK_S if await self._attempt() else min(2 * wait_s, LONGEST_WAIT_S)
                await asyncio.sleep(wait_s)
        finally:
            await self._stop(self._running)

    async def _attempt(self) -> bool:
        try:
            await self._match(await self._partitions())
            self._failure = None
        except Exception as error:
            self._failure = failure_text(error)
        return self._failure is None

    async def _partitions(self) -> int:
        """How many there are, as the first one's owner wrote down; those already followed if that is gone."""
        return await partition_count(self._client, self._namespace) or len(self._running)

    async def _match(self, number: int) -> None:
        """Start or stop followers, so that there are as many."""
        for partition in range(len(self._running), number):
            follower = Follower(self._followed, Feed(self._client, self._namespace, partition), partition)
            task = asyncio.create_task(follower.run(), name=f"follower of partition {partition}")
            self._running.append((follower, task))
        surplus = self._running[number:]
        del self._running[number:]
        await self._stop(surplus)
        for follower, _ in surplus:
            async with self._followed.busy:
                self._followed.view.forget(follower.partition)
            self._followed.moved.set()

    @staticmethod
    async def _stop(running: Sequence[tuple[Follower, asyncio.Task[None]]]) -> None:
        for _, task in running:
            task.cancel()
        await asyncio.gather(*(task for _, task in running), return_exceptions=True)


def failure_text(error: Exception) -> str:
    """For people: what kept us from reading."""
    if isinstance(error, Held):
        return str(error)
    if isinstance(error, (ConnectionError, TimeoutError)):
        return f"Redis does not answer: {error}"
    return f"Redis refuses: {error}" if isinstance(error, RedisError) else f"cannot be read: {error!r}"
