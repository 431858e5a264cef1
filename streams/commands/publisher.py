"""Publishing lines to Kafka, no faster than the worker commits them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

import msgspec
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from schemas.events import CUSTOMER, EVENT_TYPES, EventTypes, partition_key
from streams.naming import PartitionKeys, partition_prefix
from streams.settings import Settings
from streams.state import Position

ROUND_BYTES: Final = 800_000
"""Two rounds at most are not committed: the embedded broker keeps only some 5 MB a partition."""
RECORD_BYTES: Final = 100
"""About what a record takes beside its value and headers."""
CHECK_S: Final = 0.02

Headers = Sequence[tuple[str, bytes]]
Check = Callable[[], None]
"""Raises when it makes no sense to wait any longer."""


class Outline(NamedTuple):
    """As much of a line as publishing it takes; a bad line has neither."""

    key: str | None = None
    time: str = ""


class Sent(NamedTuple):
    """A line as it goes to Kafka."""

    value: bytes
    headers: Headers = ()
    timestamp_ms: int | None = None
    """Of the record; now by default."""

    def size(self) -> int:
        """Bytes that it takes on the broker, about."""
        return RECORD_BYTES + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


class Outliner:
    """Reads of lines what publishing them takes, by the event types that there are.

    Nothing else is looked at: the worker accepts events whose other fields no decoder could hold.
    """

    def __init__(self, types: EventTypes) -> None:
        self._types = types
        fields = {CUSTOMER, *(field for model in types.values() for field in model.key_fields())}
        data: Any = msgspec.defstruct("_Data", [(name, Any, None) for name in sorted(fields)])
        attributes: Any = [("type", str), ("data", data), ("time", str, ""), ("partitionkey", Any, None)]
        self._decode = msgspec.json.Decoder(msgspec.defstruct("_Event", attributes)).decode

    def outline(self, line: bytes) -> Outline:
        """What can be read of a line; of a line that is no event, nothing."""
        try:
            event: Any = self._decode(line)
        except (ValueError, RecursionError):
            return Outline()
        given = event.partitionkey if isinstance(event.partitionkey, str) else None
        key = given or partition_key(event.type, msgspec.structs.asdict(event.data), self._types)
        return Outline(key, event.time)

    def key_of(self, line: bytes) -> bytes | None:
        """The record key that the contract gives to a line."""
        key = self.outline(line).key
        return key.encode() if key else None


OF_CONTRACT: Final = Outliner(EVENT_TYPES)
key_of: Final = OF_CONTRACT.key_of


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


class Publisher:
    """Publishes to the events topic of `settings`."""

    def __init__(self, settings: Settings, outliner: Outliner = OF_CONTRACT) -> None:
        self._settings = settings
        self._key_of = outliner.key_of
        self._producer: AIOKafkaProducer | None = None
        self._ends: dict[int, int] = {}
        """Partition -> offset after our last record."""
        self.partitions: list[int] = []

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            **self._settings.kafka_client(), acks="all", enable_idempotence=True, linger_ms=5
        )
        try:
            await self._producer.start()
            self.partitions = sorted(await self._producer.partitions_for(self._settings.topic))
        except BaseException:  # a cancellation, too
            await self._producer.stop()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._producer is not None
        await self._producer.stop()

    async def publish(self, sent: Sequence[Sent]) -> None:
        """Publish one round and wait for its acknowledgement; KafkaError when a record is refused."""
        assert self._producer is not None
        acknowledged = [
            await self._producer.send(
                self._settings.topic,
                one.value,
                key=self._key_of(one.value),
                headers=list(one.headers),
                timestamp_ms=one.timestamp_ms,
            )
            for one in sent
        ]
        for record in await asyncio.gather(*acknowledged):
            self._ends[record.partition] = max(self._ends.get(record.partition, 0), record.offset + 1)


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
