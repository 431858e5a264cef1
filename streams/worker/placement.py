"""Whether records lie where their key belongs: a subject's events in two partitions never meet."""

import logging
import time
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.partitioner import murmur2

from streams.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

WARN_EVERY_S: Final = 60.0
CACHED_KEYS: Final = 50_000


@lru_cache(CACHED_KEYS)
def murmur2_place(key: bytes, partitions: int) -> int:
    """The partition that the Java client's default partitioner gives to a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


PARTITIONERS: Final = {"murmur2": murmur2_place}
"""By the names that KPI_PARTITIONER takes."""


class Placement:
    """Checks the records of one partition; what is misplaced is counted, and warned about once a minute."""

    def __init__(
        self, partition: TopicPartition, place: Callable[[bytes, int], int], telemetry: Telemetry
    ) -> None:
        self._partition = partition
        self._place = place
        self._telemetry = telemetry
        self._next_warning = 0.0

    def check(self, records: Iterable[Any], partitions: Collection[int] | None) -> None:
        """Look at every record that has a key; nothing while the topic's partitions are not known."""
        if not partitions:
            return
        number, count, place = self._partition.partition, len(partitions), self._place
        misplaced = [one.offset for one in records if one.key and place(one.key, count) != number]
        if misplaced:
            self._telemetry.misplaced.labels(number).inc(len(misplaced))
            self._warn(misplaced)

    def _warn(self, offsets: list[int]) -> None:
        if time.monotonic() < self._next_warning:
            return
        self._next_warning = time.monotonic() + WARN_EVERY_S
        log.warning(
            "%s: %d records do not belong here by their key, the first at offset %d: a producer places keys"
            " otherwise than the others do, so a subject's events may lie in two partitions; they are counted"
            " where they are (see KPI_PARTITIONER)",
            self._partition,
            len(offsets),
            offsets[0],
        )
