"""Record batches as bytes, also such as no client makes."""

import struct
from collections.abc import Callable, Iterable

from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

CODECS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: gzip_encode,
    2: snappy_encode,
    3: lz4_encode,
    4: zstd_encode,
}
HEADER = DefaultRecordBase.HEADER_STRUCT
NAME = b"header"
NO_PRODUCER = -1


def batch(
    first: int,
    values: Iterable[bytes],
    codec: int = 0,
    *,
    bad: bytes = b"bad",
    attributes: int = 0,
    producer: int = NO_PRODUCER,
    since_ms: int = 1_000,
) -> bytes:
    """Records a millisecond apart; the one with the value `bad` has a header whose name is not UTF-8."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, producer, NO_PRODUCER, -1, 10**6)
    for at, value in enumerate(values):
        builder.append(at, since_ms + at, b"key", value, [(NAME.decode(), b"1")])
    data = bytearray(builder.build())
    at = data.find(bad + b"\x02")  # of the value, and the count of its headers behind it
    if at >= 0:
        data[data.index(NAME, at)] = 0xFF
    return sealed(first, bytes(data[HEADER.size :]), list(HEADER.unpack_from(data)), codec | attributes)


def sealed(first: int, body: bytes, header: list[int], attributes: int) -> bytes:
    """A header and records as a batch at this offset, its checksum right."""
    body = CODECS[attributes & DefaultRecordBase.CODEC_MASK](body)
    return with_checksum([first, HEADER.size - 12 + len(body), *header[2:5], attributes, *header[6:]], body)


def with_checksum(header: list[int], body: bytes) -> bytes:
    data = bytearray(HEADER.pack(*header) + body)
    struct.pack_into(">I", data, DefaultRecordBase.CRC_OFFSET, calc_crc32c(bytes(data[21:])))
    return bytes(data)
