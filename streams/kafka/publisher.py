"""Publishing lines, each with the key that the contract gives it."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from streams.kafka.outline import OF_CONTRACT, Outliner
from streams.settings import Settings

RECORD_BYTES: Final = 100
"""About what a record takes beside its value and headers."""

Headers = Sequence[tuple[str, bytes]]


class Sent(NamedTuple):
    """A line as it goes to Kafka."""

    value: bytes
    headers: Headers = ()
    timestamp_ms: int | None = None
    """Of the record; now by default."""
    key: bytes | None = None
    """Of a line that the contract gives none."""

    def size(self) -> int:
        """Bytes that it takes on the broker, about."""
        return RECORD_BYTES + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


class Publisher:
    """Publishes to the events topic of `settings`."""

    def __init__(
        self, settings: Settings, outliner: Outliner = OF_CONTRACT, *, answer_ms: int = 40_000
    ) -> None:
        """`answer_ms`: how long Kafka may take to answer a request; then it is sent again."""
        self._settings = settings
        self._answer_ms = answer_ms
        self._key_of = outliner.key_of
        self._producer: AIOKafkaProducer | None = None
        self._ends: dict[int, int] = {}
        """Partition -> offset after our last record."""
        self.partitions: list[int] = []

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            **self._settings.kafka_client(),
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            request_timeout_ms=self._answer_ms,
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

    async def end(self, within_s: float) -> None:
        """End, whatever Kafka does; what it has not acknowledged by then is left.

        aiokafka's own `stop` waits for that, and of an idempotent producer it sends a record again for ever.
        """
        producer = self._producer
        assert producer is not None
        try:
            async with asyncio.timeout(within_s):
                await producer.flush()
        except TimeoutError:
            pass
        finally:  # a cancellation, too
            producer._closed = True
            await producer._sender.close()
            await producer.client.close()

    async def publish(self, sent: Sequence[Sent]) -> list[RecordMetadata]:
        """Publish one round and wait for its acknowledgement; KafkaError when a record is refused.

        Gives where each one lies now.
        """
        acknowledged: list[asyncio.Future[RecordMetadata]] = []
        try:
            for one in sent:
                acknowledged.append(await self._send(one))
            records = await asyncio.gather(*acknowledged)
        except BaseException:  # a cancellation, too: nobody asks for the others any more
            for future in acknowledged:
                future.cancel()
            raise
        for record in records:
            self._ends[record.partition] = max(self._ends.get(record.partition, 0), record.offset + 1)
        return records

    async def look(self) -> None:
        """Return when Kafka answers; KafkaError when none of its brokers does."""
        assert self._producer is not None
        await self._producer.client.fetch_all_metadata()

    async def _send(self, one: Sent) -> "asyncio.Future[RecordMetadata]":
        assert self._producer is not None
        future: asyncio.Future[RecordMetadata] = await self._producer.send(
            self._settings.topic,
            one.value,
            key=self._key_of(one.value) or one.key,
            headers=list(one.headers),
            timestamp_ms=one.timestamp_ms,
        )
        return future
