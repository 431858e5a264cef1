"""A company's messy history, published in bursts: a burst is one transaction, so workers get it all at once.

So they have work in hand when a fault strikes, however fast they are, and never more than a bounded lead.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import Traffic, encode, simulate
from streams.kafka.outline import key_of
from streams.settings import Settings

START_MS: Final = 1_755_000_000_000  # 12 August 2025
DAYS: Final = 60
TAKEN_BACK: Final = 300
"""Lines of a transaction that is aborted, one in `ABORTS` bursts."""
ABORTS: Final = 6
RETRY_S: Final = 0.5
PATIENCE_S: Final = 10.0
TRANSACTION_MS: Final = 600_000
"""A transaction stays open until the workers are ready for it."""

Ready = Callable[[], Awaitable[None]]


class Bursts:
    """Publishes the history of `seed`, of about `events` events in `DAYS` days."""

    def __init__(self, settings: Settings, seed: int, events: int) -> None:
        history = simulate(Traffic(seed, events_per_day=events / DAYS), START_MS)
        self.seed = seed
        self._lines = messy((encode(event) for _, event in history), Mess(), seed)
        self._settings = settings
        self._rng = random.Random(seed)
        self._producer: AIOKafkaProducer | None = None
        self.published = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._disconnect()

    async def publish(self, size: int, ready: Ready) -> dict[int, int]:
        """Publish so many lines; partition -> the offset behind the last one. Goes on until Kafka takes it.

        They are written, `ready` is waited for, and then they may be read. Where it is not known whether
        Kafka took them, they are published again: a repeat is no matter.
        """
        lines = list(islice(self._lines, size))
        self.published += len(lines)
        while True:
            try:
                if not self._rng.randrange(ABORTS):
                    await self._write(lines[:TAKEN_BACK])
                    await self._end(commit=False)
                ends = await self._write(lines)
                await ready()
                await self._end(commit=True)
                return ends
            except (KafkaError, TimeoutError):
                await self._disconnect()
                await asyncio.sleep(RETRY_S)

    async def _write(self, lines: Sequence[bytes]) -> dict[int, int]:
        """In a transaction of their own, which stays open."""
        ends: dict[int, int] = {}
        async with asyncio.timeout(PATIENCE_S):
            producer = await self._connected()
            await producer.begin_transaction()
            topic = self._settings.topic
            sent: list[Any] = [await producer.send(topic, line, key=key_of(line)) for line in lines]
            for record in await asyncio.gather(*sent):
                ends[record.partition] = max(ends.get(record.partition, 0), record.offset + 1)
        return ends

    async def _end(self, *, commit: bool) -> None:
        producer = await self._connected()
        async with asyncio.timeout(PATIENCE_S):
            await (producer.commit_transaction() if commit else producer.abort_transaction())

    async def _connected(self) -> AIOKafkaProducer:
        """The producer; a new one takes back what an old one has left open."""
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                **self._settings.kafka_client(),
                transactional_id=self._settings.topic,
                compression_type="lz4",
                transaction_timeout_ms=TRANSACTION_MS,
                linger_ms=5,
            )
            await self._producer.start()
        return self._producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await producer.stop()
            except (KafkaError, TimeoutError):
                pass  # it could not say goodbye
