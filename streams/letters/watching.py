"""Following the dead letters' topic as long as somebody shows it, also while Kafka is away."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import KpiError
from streams.kafka.reading import partitions_of, stopped
from streams.letters.masking import Mask
from streams.letters.newest import Kept, Newest, arrivals
from streams.settings import Settings

log = logging.getLogger(__name__)

State = Literal["unset", "starting", "reading", "away"]
"""`unset`: no Kafka is set. `starting`: not all was read yet. `away`: nothing can be read, see `trouble`."""

KEPT: Final = 5_000
"""So many letters at most, of all partitions together,"""
KEPT_OF_PARTITION: Final = 20
"""but of each partition as many as this."""
FETCHED: Final = 500
WAIT_MS: Final = 500
CHECK_S: Final = 10.0
"""How often Kafka is asked whether it is there, and how long it may take to answer."""
RETRY_S: Final = 5.0
_COMES: Final = "it comes with the first worker, or with the first dead letter"


class Seen(NamedTuple):
    """What is known at one moment."""

    as_of_ms: int
    state: State
    trouble: str
    topic: str
    letters: Sequence[Kept] = ()
    others: int = 0
    complete: bool = False


NOTHING_SEEN: Final = Seen(0, "unset", "", "")


class LetterWatch:
    """Follows the dead letters' topic while it is entered (`async with`). It never raises: `seen` tells."""

    def __init__(self, settings: Settings, mask: Mask, now_ms: Callable[[], int]) -> None:
        """Without KPI_BROKER there is nothing to follow, and the state stays `unset`."""
        self._settings = settings
        self._mask = mask
        self._now_ms = now_ms
        self._task: asyncio.Task[None] | None = None
        self._state: State = "unset" if settings.broker is None else "starting"
        self._trouble = ""
        self._newest = Newest(0)

    def seen(self) -> Seen:
        newest, topic = self._newest, self._settings.dead_letters_topic
        return Seen(
            self._now_ms(),
            self._state,
            self._trouble,
            topic,
            newest.letters(),
            newest.others,
            newest.complete,
        )

    async def __aenter__(self) -> Self:
        if self._state != "unset":
            self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except (KafkaError, KpiError, OSError) as error:  # a TimeoutError is an OSError
                self._away(_words(error))
            except Exception:
                log.exception("dead letters cannot be read")
                self._away("a fault of this software: see the board's log")
            await asyncio.sleep(RETRY_S)

    def _away(self, trouble: str) -> None:
        self._state, self._trouble = "away", trouble

    async def _follow(self) -> None:
        """Read the newest of each partition, and then what comes. A Kafka that goes may come back."""
        topic = self._settings.dead_letters_topic
        numbers = await partitions_of(self._settings.kafka_client(), topic)
        if not numbers:
            self._state, self._trouble = "starting", f"there is no topic {topic} yet: {_COMES}"
            return
        consumer = AIOKafkaConsumer(
            **self._settings.kafka_client(),
            isolation_level="read_committed",
            auto_offset_reset="earliest",  # of a topic that is made anew
            enable_auto_commit=False,
        )
        try:
            await consumer.start()
            await self._read(consumer, [TopicPartition(topic, number) for number in numbers])
        finally:
            await stopped(consumer)

    async def _read(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        newest = Newest(max(KEPT_OF_PARTITION, KEPT // len(partitions)))
        ends = await _sought(consumer, partitions, newest)
        checked_s = -math.inf
        while True:
            fetched = await consumer.getmany(timeout_ms=WAIT_MS, max_records=FETCHED)
            records = [record for of_partition in fetched.values() for record in of_partition]
            newest.take(await asyncio.to_thread(arrivals, records, self._mask))
            if self._newest is not newest and await _is_read(consumer, ends):
                self._newest = newest
            if asyncio.get_running_loop().time() > checked_s + CHECK_S:
                await self._check(consumer, partitions)
                checked_s = asyncio.get_running_loop().time()
            if not self._trouble and self._newest is newest:
                self._state = "reading"

    async def _check(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        """A consumer tries for ever, and says nothing; so ask whether Kafka is there."""
        try:
            async with asyncio.timeout(CHECK_S):
                await consumer.end_offsets(partitions)
            self._trouble = ""
        except (KafkaError, TimeoutError) as error:
            self._away(_words(error))


def _words(error: Exception) -> str:
    return f"Kafka: {error}" if str(error) else "Kafka does not answer"


async def _sought(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], newest: Newest
) -> Mapping[TopicPartition, int]:
    """Go to the newest records of each partition; gives where they end."""
    consumer.assign(partitions)
    begins = await consumer.beginning_offsets(partitions)
    ends: Mapping[TopicPartition, int] = await consumer.end_offsets(partitions)
    for partition in partitions:
        start = max(begins[partition], ends[partition] - 2 * newest.most)  # there are marks among them
        newest.complete &= start == begins[partition]
        consumer.seek(partition, start)
    return ends


async def _is_read(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    return all([await consumer.position(partition) >= end for partition, end in ends.items()])
