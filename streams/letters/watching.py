"""The newest dead letters, followed as long as somebody shows them. Personal data is masked on arrival.

Memory is bounded: of each partition only the newest are kept, and these without the records that they hold.
"""

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Literal, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.dead_letter import REPLAYED_SUFFIX
from streams.errors import KpiError
from streams.kafka.reading import partitions_of, stopped
from streams.letters.letter import Letter
from streams.letters.masking import Mask
from streams.letters.reading import dead_letter_of, mark_of
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
_SUFFIX: Final = REPLAYED_SUFFIX.encode()


class Kept(NamedTuple):
    """A dead letter as it may be shown. Times in milliseconds."""

    timestamp_ms: int
    id: str
    reason: str
    field: str
    type: str
    source: str | None
    """As the record has it: nobody has masked it yet."""
    message: str
    event: Any
    replayed_at_ms: int | None = None


class _Arrival(NamedTuple):
    """What a record says of the letter with this key."""

    partition: int
    key: bytes
    kept: Kept | None
    """None where the letter is taken back."""


class _Mark(NamedTuple):
    partition: int
    key: bytes
    timestamp_ms: int
    replayed_at_ms: int | None


class Newest:
    """The newest letters of each partition; `most` of each."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._letters: dict[int, OrderedDict[bytes, Kept]] = {}
        self._marks: dict[int, OrderedDict[bytes, _Mark]] = {}
        self.others = 0
        """Records that are no dead letters of ours."""
        self.complete = True
        """Whether these are all that there are."""

    def letters(self) -> list[Kept]:
        return [self._marked(at, key, one) for at, of in self._letters.items() for key, one in of.items()]

    def take(self, arrivals: Iterable["_Arrival | _Mark | None"]) -> None:
        """Those of some records, in their order; None of what is none of ours."""
        for arrival in arrivals:
            if arrival is None:
                self.others += 1
            elif isinstance(arrival, _Mark):
                self._put(self._marks, arrival.partition, arrival.key, arrival)
            elif arrival.kept is None:
                self._letters.setdefault(arrival.partition, OrderedDict()).pop(arrival.key, None)
            else:
                self._put(self._letters, arrival.partition, arrival.key, arrival.kept)
                self.complete &= len(self._letters[arrival.partition]) < self.most

    def _put(self, to: dict[int, Any], partition: int, key: bytes, value: object) -> None:
        of = to.setdefault(partition, OrderedDict())
        of.pop(key, None)
        of[key] = value
        if len(of) > self.most:
            of.popitem(last=False)

    def _marked(self, partition: int, key: bytes, kept: Kept) -> Kept:
        of = self._marks.get(partition)
        mark = None if of is None else of.get(key)
        if mark is None or mark.timestamp_ms != kept.timestamp_ms:
            return kept
        return kept._replace(replayed_at_ms=mark.replayed_at_ms)


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
            return self._away(f"there is no topic {topic}: a worker makes it when it starts")
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
            newest.take(await asyncio.to_thread(self._arrivals, records))
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

    def _arrivals(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> list[_Arrival | _Mark | None]:
        return [self._arrival(record) for record in records]

    def _arrival(self, record: ConsumerRecord[bytes, bytes]) -> _Arrival | _Mark | None:
        key = record.key or b""
        if key.endswith(_SUFFIX):
            mark = mark_of(record.value)
            at_ms = (mark.timestamp_ms, mark.replayed_at_ms) if mark else (0, None)
            return _Mark(record.partition, key.removesuffix(_SUFFIX), *at_ms)
        if record.value is None:
            return _Arrival(record.partition, key, None)
        dead = dead_letter_of(record)
        if dead is None:
            return None
        return _Arrival(record.partition, key, _kept(Letter(dead, record.partition), self._mask))


def _words(error: Exception) -> str:
    return f"Kafka: {error}" if str(error) else "Kafka does not answer"


def _kept(letter: Letter, mask: Mask) -> Kept:
    dead, origin = letter.dead, letter.origin()
    return Kept(
        dead.timestamp_ms,
        letter.id,
        dead.reason,
        mask.field(letter),
        mask.type(origin),
        origin.source,
        mask.message(letter),
        mask.event(letter),
    )


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
