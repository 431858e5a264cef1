"""Dead letters: acknowledged by their topic before the commit that leaves their records behind."""

import asyncio
import base64
import hashlib
from collections.abc import Iterable
from typing import Final

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from schemas.dead_letter import DeadLetter
from streams.engine.decode import Reject

PREFIX_BYTES: Final = 64_000
"""How much is kept of a record that is too large to be kept whole."""
MAX_REQUEST_BYTES: Final = 3_000_000


class DeadLetters:
    """Writes to the dead letter topic, keyed `topic/partition/offset`: the same record is the same letter."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def write(self, source: TopicPartition, rejects: Iterable[Reject]) -> None:
        """Write all and wait for their acknowledgement; KafkaError when one was not."""
        await asyncio.gather(*(self._write(source, reject) for reject in rejects))

    async def _write(self, source: TopicPartition, reject: Reject) -> None:
        letter = dead_letter(source, reject, whole=reject.reason != "too_large")
        try:
            await self._send(letter)
        except MessageSizeTooLargeError:  # of the topic; ours is made with room for all that is kept whole
            await self._send(dead_letter(source, reject, whole=False))

    async def _send(self, letter: DeadLetter) -> None:
        key, value = letter.record_key().encode(), letter.model_dump_json().encode()
        await self._producer.send_and_wait(self._topic, value, key=key)


def dead_letter(source: TopicPartition, reject: Reject, *, whole: bool) -> DeadLetter:
    """The letter of a reject; not `whole`: with a prefix of its value, and the sha256 of all of it."""
    record: ConsumerRecord[bytes, bytes] = reject.record  # type: ignore[assignment]  # what the pump fetched
    value = record.value
    return DeadLetter(
        reason=reject.reason,
        field=reject.field,
        message=reject.message,
        topic=source.topic,
        partition=source.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=_text(record.key),
        value=_text(value if whole or value is None else value[:PREFIX_BYTES]),
        headers=[(name, _text(header)) for name, header in record.headers],
        size=len(value or b""),
        sha256=None if whole or value is None else hashlib.sha256(value).hexdigest(),
    )


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()
