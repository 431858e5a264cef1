"""Records that aiokafka cannot read: the one is rejected, and its neighbours are whole."""

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.worker.unreadable import read
from tests.worker.raw import CODECS, HEADER, NAME, batch, sealed, with_checksum

TP = TopicPartition("crm.events", 3)


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
    data = batch(0, [b"bad"], attributes=transactional, producer=7) + batch(1, [b"a"])
    found = read(TP, 0, data, [{"producer_id": 7, "first_offset": 0}])
    assert ([one.offset for one in found.records], found.rejects, found.end) == ([1], [], 2)


def test_a_wrong_checksum_is_not_skipped_and_what_is_before_it_goes_on() -> None:
    good, broken = batch(0, [b"a", b"bad"]), bytearray(batch(2, [b"b"]))
    broken[-1] ^= 1
    found = read(TP, 0, good + bytes(broken), [])
    assert (len(found.records), len(found.rejects), found.end) == (1, 1, 2)
    with pytest.raises(CorruptRecordException, match="Invalid CRC"):
        read(TP, 2, bytes(broken), [])


def test_a_batch_that_is_not_made_of_records_is_not_skipped() -> None:
    header = list(HEADER.unpack_from(batch(0, [b"a"])))
    with pytest.raises(CorruptRecordException):
        read(TP, 0, sealed(0, b"\x7f" * 40, header, 0), [])


def test_a_batch_that_cannot_be_decompressed_is_not_skipped() -> None:
    header = list(HEADER.unpack_from(batch(0, [b"a"])))
    header[1], header[5] = HEADER.size - 12 + 40, 3
    with pytest.raises(Exception, match="lz4"):
        read(TP, 0, with_checksum(header, b"\x7f" * 40), [])
