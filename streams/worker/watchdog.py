"""The watchdog: a partition that lags and does not move ends its worker, and another start helps.

Clients of Kafka have stopped fetching without dying, after an outage or a rebalance. Nothing is kept in the
process, so to start again costs a second. What has a cause that another start would not take away is left
alone: a table that is not open (held, or waiting for Redis or Kafka), a Kafka or a Redis that does not
answer, an open transaction. Then the time begins anew, so that after an outage everyone has all of it; and
so it does when the whole process was stopped for a while. While an answer is awaited it does not run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from aiokafka import TopicPartition

from streams.errors import Stalled

LOOKS: Final = 6
"""So often it looks, or oftener, within the time that a partition may stand still."""
LOOK_TIMEOUT_S: Final = 5.0
SLEPT: Final = 2
"""After more than so many of its intervals it was stopped itself, as all of the worker was."""
ENDS: Final = "this worker ends, to be started again"

Look = Callable[[Collection[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]
"""Asks Redis for a sign of life; the last stable offsets as of just now, without the fetcher's help."""


class Watched(Protocol):
    """What it sees of a partition."""

    trouble: str
    """The last error of its fetches, if that was the last that happened."""

    def progress(self) -> tuple[int, int] | None:
        """(epoch, offset up to which records are applied); None while the table is not open."""


@dataclass(slots=True)
class _Seen:
    progress: tuple[int, int] | None
    since: float


class Watchdog:
    """Remembers since when each partition has been where it is."""

    def __init__(self, stall_s: float, look: Look, now: Callable[[], float]) -> None:
        self.every_s = stall_s / LOOKS
        self._stall_s = stall_s
        self._look = look
        self._now = now
        self._seen: dict[TopicPartition, _Seen] = {}
        self._looked = now()

    async def check(self, assigned: Mapping[TopicPartition, Watched]) -> None:
        """To be called every `every_s`; Stalled when a partition has stood still for too long."""
        now = self._now()
        if now - self._looked > SLEPT * self.every_s:
            self._seen.clear()
        self._looked = now
        still = self._still(assigned, now)
        if not still:
            return
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                ends = await self._look(list(still))
        except Exception:  # no answer is what the tables wait for as well, and not a stall
            ends = {}
        self._looked = self._now()  # an answer may take longer than an interval
        awaited_s = self._looked - now
        for partition, one in still.items():
            lag = ends.get(partition, 0) - (one.progress[1] if one.progress else 0)
            if assigned.get(partition) is None or assigned[partition].progress() != one.progress or lag <= 0:
                one.since = self._looked
                continue
            one.since += awaited_s  # who answered late may have hung, and so may the partition
            if self._looked - one.since >= self._stall_s:
                raise self._stalled(partition, assigned[partition], lag)

    def _still(self, assigned: Mapping[TopicPartition, Watched], now: float) -> dict[TopicPartition, _Seen]:
        """The open partitions that are where they were at the last look."""
        before, self._seen = self._seen, {}
        still = {}
        for partition, one in assigned.items():
            progress, seen = one.progress(), before.get(partition)
            if seen is None or progress is None or seen.progress != progress:
                self._seen[partition] = _Seen(progress, now)
            else:
                self._seen[partition] = still[partition] = seen
        return still

    def _stalled(self, partition: TopicPartition, one: Watched, lag: int) -> Stalled:
        progress = one.progress()
        at = progress[1] if progress else 0
        trouble = f"; its last fetch failed: {one.trouble}" if one.trouble else ""
        return Stalled(
            f"partition {partition.partition} of {partition.topic} stands at offset {at}, {lag} records"
            f" behind, and has not moved for {self._stall_s:g} s although Kafka and Redis"
            f" answer: {ENDS}{trouble}"
        )
