"""Publishing lines no faster than the worker commits them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from redis.asyncio import Redis

from streams.kafka.outline import OF_CONTRACT, Outliner
from streams.kafka.publisher import Publisher, Sent
from streams.naming import PartitionKeys, partition_prefix
from streams.settings import Settings
from streams.state import Position

ROUND_BYTES: Final = 800_000
"""Two rounds at most are not committed: the embedded broker keeps only some 5 MB a partition."""
CHECK_S: Final = 0.02

Check = Callable[[], None]
"""Raises when it makes no sense to wait any longer."""


def rounds(lines: Iterable[Sent]) -> Iterator[list[Sent]]:
    """The lines, in rounds of about `ROUND_BYTES`."""
    round_: list[Sent] = []
    size = 0
    for line in lines:
        round_.append(line)
        size += line.size()
        if size >= ROUND_BYTES:
            yield round_
            round_, size = [], 0
    if round_:
        yield round_


class FollowedPublisher(Publisher):
    """Follows what the worker has committed of what was published, too."""

    def __init__(self, settings: Settings, redis: Redis, outliner: Outliner = OF_CONTRACT) -> None:
        super().__init__(settings, outliner)
        self._redis = redis

    async def publish_all(self, lines: Iterable[Sent], check: Check, advance: Callable[[int], None]) -> None:
        """Publish round after round, and return when the worker has committed all of it.

        The round before the last is committed before the next is sent; `advance` is told how many lines went.
        """
        before: dict[int, int] = {}
        for round_ in rounds(lines):
            ends = dict(self._ends)
            await self.publish(round_)
            await self._wait(before, check)
            before = ends
            advance(len(round_))
        await self._wait(self._ends, check)

    async def _wait(self, ends: Mapping[int, int], check: Check) -> None:
        """Return when the worker has committed up to `ends` (partition -> offset)."""
        while not await self._committed(ends):
            check()
            await asyncio.sleep(CHECK_S)

    async def _committed(self, ends: Mapping[int, int]) -> bool:
        partitions = list(ends)
        keys = [
            PartitionKeys(partition_prefix(self._settings.namespace, partition)).offset
            for partition in partitions
        ]
        stored: list[Any] = await asyncio.gather(*(self._redis.get(key) for key in keys))
        return all(
            value is not None and Position.parse(value).offset >= ends[partition]
            for partition, value in zip(partitions, stored, strict=True)
        )
