"""Records that aiokafka cannot read: the one is rejected, and its neighbours are whole."""

import struct
from collections.abc import Callable, Iterable

import pytest
from aiokafka import TopicPartition
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from streams.worker.unreadable import read

TP = TopicPartition("crm.events", 3)
CODECS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: gzip_encode,
    2: snappy_encode,
    3: lz4_encode,
    4: zstd_encode,
}
HEADER = DefaultRecordBase.HEADER_STRUCT
NAME = b"header"


def batch(
    first: int, values: Iterable[bytes], codec: int = 0, *, bad: bytes = b"bad", attributes: int = 0
) -> bytes:
    """A record batch; those of this value have a header whose name is not UTF-8."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, 7, 0, -1, 10**6)
    for at, value in enumerate(values):
        builder.append(at, 1_000 + at, b"key", value, [(NAME.decode(), b"1")])
    data = bytearray(builder.build())
    at = data.find(bad + b"\x02")  # of the value, and the count of its headers behind it
    if at >= 0:
        data[data.index(NAME, at)] = 0xFF
    return sealed(first, bytes(data[HEADER.size :]), list(HEADER.unpack_from(data)), codec | attributes)


def sealed(first: int, body: bytes, header: list[int], attributes: int) -> bytes:
    """A header and records as a batch at this offset, its checksum right."""
    body = CODECS[attributes & DefaultRecordBase.CODEC_MASK](body)
    header[0], header[1], header[5] = first, HEADER.size - 12 + len(body), attributes
    data = bytearray(HEADER.pack(*header) + body)
    struct.pack_into(">I", data, DefaultRecordBase.CRC_OFFSET, calc_crc32c(bytes(data[21:])))
    return bytes(data)


def test_aiokafka_itself_reads_nothing_behind_such_a_record() -> None:
    """Should this fail one day, aiokafka has learned it, and the module under test can go."""
    found = MemoryRecords(batch(0, [b"a", b"bad", b"c"])).next_batch()
    assert found is not None
    with pytest.raises((UnicodeDecodeError, CorruptRecordException)):
        list(found)


@pytest.mark.parametrize("codec", CODECS)
def test_one_record_is_rejected_and_its_neighbours_are_whole(codec: int) -> None:
    data = (
        batch(100, [b"a", b"b"], codec) + batch(102, [b"c", b"bad", b"d"], codec) + batch(105, [b"e"], codec)
    )
    found = read(TP, 100, data, [])
    assert [(one.offset, one.value) for one in found.records] == [
        (100, b"a"),
        (101, b"b"),
        (102, b"c"),
        (104, b"d"),
        (105, b"e"),
    ]
    assert found.records[3].headers == ((NAME.decode(), b"1"),)
    assert [one.timestamp for one in found.records] == [1_000, 1_001, 1_000, 1_002, 1_000]
    (reject,) = found.rejects
    record = reject.record
    assert (reject.reason, reject.field, record.offset, record.timestamp) == ("unreadable", None, 103, 1_001)
    assert (record.key, record.value, record.headers) == (b"key", b"bad", ())
    assert "utf-8" in reject.message
    assert found.end == 106


def test_what_lies_before_the_position_is_not_given_again() -> None:
    data = batch(100, [b"a", b"bad", b"c"])
    found = read(TP, 102, data, [])
    assert ([one.offset for one in found.records], found.rejects, found.end) == ([102], [], 103)


def test_a_batch_that_is_cut_off_is_left_for_the_next_fetch() -> None:
    data = batch(0, [b"bad"]) + batch(1, [b"a"])
    found = read(TP, 0, data[:-1], [])
    assert ([one.record.offset for one in found.rejects], found.records, found.end) == ([0], [], 1)


def test_records_of_before_there_were_headers_are_read_as_ever() -> None:
    builder = LegacyRecordBatchBuilder(1, 0, 10**6)
    builder.append(0, 1_000, b"key", b"old")
    found = read(TP, 0, bytes(builder.build()) + batch(1, [b"bad"]), [])
    assert ([one.value for one in found.records], len(found.rejects), found.end) == ([b"old"], 1, 2)


def test_what_a_transaction_has_taken_back_is_not_even_rejected() -> None:
    transactional = DefaultRecordBase.TRANSACTIONAL_MASK
    data = batch(0, [b"bad"], attributes=transactional) + batch(1, [b"a"])
    found = read(TP, 0, data, [{"producer_id": 7, "first_offset": 0}])
    assert ([one.offset for one in found.records], found.rejects, found.end) == ([1], [], 2)


def test_a_wrong_checksum_is_not_skipped_and_what_is_before_it_goes_on() -> None:
    good, broken = batch(0, [b"a", b"bad"]), bytearray(batch(2, [b"b"]))
    broken[-1] ^= 1
    found = read(TP, 0, good + bytes(broken), [])
    assert (len(found.records), len(found.rejects), found.end) == (1, 1, 2)
    with pytest.raises(CorruptRecordException, match="Invalid CRC"):
        read(TP, 2, bytes(broken), [])


@pytest.mark.parametrize("codec", [0, 3])
def test_a_batch_that_is_not_made_of_records_is_not_skipped(codec: int) -> None:
    header = list(HEADER.unpack_from(batch(0, [b"a"])))
    noise = sealed(0, b"\x7f" * 40, header, 0)
    if codec:
        header[5] = codec
        data = bytearray(HEADER.pack(*header) + b"\x7f" * 40)
        struct.pack_into(">i", data, 8, len(data) - 12)
        struct.pack_into(">I", data, DefaultRecordBase.CRC_OFFSET, calc_crc32c(bytes(data[21:])))
        noise = bytes(data)
    with pytest.raises(Exception, match="."):
        read(TP, 0, noise, [])
