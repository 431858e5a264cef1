"""Records that aiokafka cannot read, such as one with a header whose name is not UTF-8.

aiokafka reads a record batch from its beginning and stops at the first record that it cannot read, also when
asked for what lies behind it in the same batch: the partition would stand for ever. Here such a batch is cut
into its records by their lengths, and aiokafka's own parser gets one after the other; those that it refuses
become rejects. A batch whose checksum is wrong is not looked into: another replica, or the same one after
its repair, may have it whole, and what is skipped would be lost.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException, StaleMetadata, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBase
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from streams.engine.decode import Reject
from streams.settings import Settings
from streams.worker.condition import named

FETCH_BYTES: Final = 1_000_000
"""Of a fetch; Kafka gives a larger record batch as a whole."""
WAIT_MS: Final = 200

_HEADER: Final = DefaultRecordBase.HEADER_STRUCT
_LENGTH, _ATTRIBUTES, _COUNT = 1, 5, 12  # fields of it
_OVERHEAD: Final = DefaultRecordBase.AFTER_LEN_OFFSET  # what the length in the header does not count
_MAGIC_AT: Final = struct.calcsize(">qii")
_WITH_HEADERS: Final = 2
"""The first magic number whose records have headers, and whose batches look like `_HEADER`."""
_DECODERS: Final = {1: gzip_decode, 2: snappy_decode, 3: lz4_decode, 4: zstd_decode}


class Salvage(NamedTuple):
    """What lies in [the position that was asked for, end)."""

    records: list[ConsumerRecord[bytes, bytes]]
    rejects: list[Reject]
    end: int


class _Record(NamedTuple):
    """As much of a record as aiokafka wants for handing it on."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: tuple[()] = ()
    checksum: None = None


async def salvage(settings: Settings, partition: TopicPartition, position: int) -> Salvage:
    """Fetch from `position` past aiokafka's consumer, record by record; KafkaError when Kafka cannot."""
    client = AIOKafkaClient(**settings.kafka_client())
    try:
        await client.bootstrap()
        await client.set_topics([partition.topic])
        node = client.cluster.leader_for_partition(partition)
        if node is None or node < 0:
            raise StaleMetadata(partition)
        topics = [(partition.topic, [(partition.partition, position, FETCH_BYTES)])]
        request = FetchRequest(WAIT_MS, 1, FETCH_BYTES, READ_COMMITTED, topics)
        response: Any = await client.send(node, request)
    finally:
        await client.close()
    (topic,) = response.to_object()["topics"]
    (found,) = topic["partitions"]
    if found["error_code"]:
        raise for_code(found["error_code"])(partition)
    return read(partition, position, found["message_set"], found["aborted_transactions"] or [])


def read(partition: TopicPartition, position: int, data: bytes, aborted: list[Any]) -> Salvage:
    """What a fetch from `position` has brought; `aborted` transactions as Kafka lists them with it.

    CorruptRecordException when a checksum is wrong, or a batch is not made of records at all.
    """
    batches = _Batches(data)
    pairs = [(one["producer_id"], one["first_offset"]) for one in aborted]
    found = PartitionRecords(partition, batches, pairs, position, None, None, True, READ_COMMITTED)
    records = []
    try:
        for record in found:
            records.append(record)
    except Exception:
        if found.next_fetch_offset == position:
            raise
        # What is before the batch at fault goes on its way; the next look begins with that batch.
    return Salvage(
        [record for record in records if record.offset not in batches.errors],
        [
            Reject(
                record,
                "unreadable",
                None,
                f"the record cannot be read: {named(batches.errors[record.offset])}",
            )
            for record in records
            if record.offset in batches.errors
        ],
        found.next_fetch_offset,
    )


class _Batches:
    """The record batches of a fetch, as aiokafka's MemoryRecords gives them; the last may be cut off."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.errors: dict[int, Exception] = {}
        """Offset of a record that cannot be read -> why."""

    def has_next(self) -> bool:
        left = len(self._data) - self._at
        return left >= _OVERHEAD and left >= self._size()

    def next_batch(self) -> Any:
        raw = self._data[self._at : self._at + self._size()]
        self._at += len(raw)
        if len(raw) <= _MAGIC_AT or raw[_MAGIC_AT] < _WITH_HEADERS:
            return MemoryRecords(raw).next_batch()
        return _Batch(raw, self.errors)

    def _size(self) -> int:
        return _OVERHEAD + int.from_bytes(self._data[self._at + 8 : self._at + _OVERHEAD])


class _Batch:
    """A record batch like aiokafka's, which goes on behind a record that cannot be read."""

    def __init__(self, raw: bytes, errors: dict[int, Exception]) -> None:
        self._raw = raw
        self._batch: Any = MemoryRecords(raw).next_batch()
        self._errors = errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        header = _HEADER.unpack_from(self._raw)
        body = self._body(header[_ATTRIBUTES] & DefaultRecordBase.CODEC_MASK)
        at = 0
        while at < len(body):
            length, start = decode_varint(body, at)
            if length <= 0 or start + length > len(body):
                raise CorruptRecordException(f"a record of {length} bytes in a batch of {len(body)}")
            yield self._one(header, body[at : start + length], start - at)
            at = start + length

    def _body(self, codec: int) -> bytearray:
        """All records, one behind the other, decompressed."""
        packed = self._raw[_HEADER.size :]
        return bytearray(_DECODERS[codec](packed) if codec else packed)

    def _one(self, header: tuple[int, ...], frame: bytearray, start: int) -> Any:
        """One record, from a batch of its own; `start` is where its fields begin in the frame."""
        fields = list(header)
        fields[_LENGTH] = _HEADER.size - _OVERHEAD + len(frame)
        fields[_ATTRIBUTES] &= ~DefaultRecordBase.CODEC_MASK
        fields[_COUNT] = 1
        alone: Any = MemoryRecords(_HEADER.pack(*fields) + frame).next_batch()
        try:
            (record,) = alone
        except Exception as error:  # whatever the parser raises, this is the record that it is about
            record = self._outline(frame, start)
            self._errors[record.offset] = error
        return record

    def _outline(self, frame: bytearray, start: int) -> _Record:
        """What stands before the headers: the part of a record that is still fine."""
        batch = self._batch
        _, at = decode_varint(frame, start)  # its attributes, which nothing uses
        since_first, at = decode_varint(frame, at)
        offset, at = decode_varint(frame, at)
        key, at = _bytes(frame, at)
        value, at = _bytes(frame, at)
        by_broker = batch.timestamp_type == DefaultRecordBase.LOG_APPEND_TIME
        timestamp = batch.max_timestamp if by_broker else batch.first_timestamp + since_first
        return _Record(batch.base_offset + offset, timestamp, batch.timestamp_type, key, value)


def _bytes(frame: bytearray, at: int) -> tuple[bytes | None, int]:
    """A field with its length before it, and where the next begins; None for one that is not there."""
    length, at = decode_varint(frame, at)
    return (bytes(frame[at : at + length]), at + length) if length >= 0 else (None, at)
