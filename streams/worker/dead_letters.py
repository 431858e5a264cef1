"""Dead letters: acknowledged by their topic before the commit that leaves their records behind."""

import asyncio
import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from schemas.dead_letter import DeadLetter
from streams.engine.decode import Reject
from streams.kafka.topics import MAX_REQUEST_BYTES
from streams.settings import Settings

PREFIX_BYTES: Final = 64_000
"""How much is kept of a value, a key and the headers of a record that is too large to be kept whole."""
HEADER_BYTES: Final = 16
"""What a header takes beside its name and its value."""
MESSAGE_CHARS: Final = 1_000
"""Of a message, which may quote the record."""


def letter_producer(settings: Settings) -> AIOKafkaProducer:
    """A producer for dead letters, not started yet.

    It is not idempotent, for then aiokafka numbers on after a record that Kafka has refused for its size, and
    all that follow are refused as well. A letter that is written twice is the same letter.
    """
    return AIOKafkaProducer(**settings.kafka_client(), acks="all", max_request_size=MAX_REQUEST_BYTES)


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
    """The letter of a reject; not `whole`: with a prefix of its value, and the sha256 of all of it.

    Then of the key there is a prefix, too, and of the headers there are the first that fit.
    """
    record: ConsumerRecord[bytes, bytes] = reject.record  # type: ignore[assignment]  # what the pump fetched
    value = record.value
    return DeadLetter(
        reason=reject.reason,
        field=reject.field,
        message=reject.message[:MESSAGE_CHARS],
        topic=source.topic,
        partition=source.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=_text(record.key, whole),
        value=_text(value, whole),
        headers=[(name, _text(text)) for name, text in (record.headers if whole else _first(record.headers))],
        size=len(value or b""),
        sha256=None if whole or value is None else hashlib.sha256(value).hexdigest(),
    )


def _first(headers: Iterable[tuple[str, bytes | None]]) -> Iterator[tuple[str, bytes | None]]:
    """The headers up to the first that does not fit."""
    size = 0
    for name, text in headers:
        size += len(name.encode()) + len(text or b"") + HEADER_BYTES
        if size > PREFIX_BYTES:
            return
        yield name, text


def _text(data: bytes | None, whole: bool = True) -> str | None:
    return None if data is None else base64.b64encode(data if whole else data[:PREFIX_BYTES]).decode()
