"""A partition's log as its table sees it, and the reader that looks back at what was counted."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

POLL_MS: Final = 200


class Log(Protocol):
    """The partition's log, as the partition consumer shows it. KafkaError when Kafka does not answer."""

    async def bounds(self) -> tuple[int, int]:
        """(earliest offset, end offset)."""

    def partitions(self) -> int:
        """How many partitions the topic has; KafkaError while that is not known."""

    async def group_offset(self) -> int | None:
        """The offset that the group has committed in Kafka; None when it has none."""

    async def timestamp_at(self, offset: int) -> int | None:
        """Timestamp (ms) of the record at exactly this offset; None when the log has none there."""

    def seek(self, offset: int) -> int:
        """Fetch from `offset` next, and count one more epoch, in one step; the new epoch."""


async def timestamp_at(client: Mapping[str, Any], partition: TopicPartition, offset: int) -> int | None:
    """`Log.timestamp_at` by a reader without a group; it tries until Kafka answers.

    It sees what transactions took back as well: a record that was counted was committed, and markers do not
    matter.
    """
    reader = AIOKafkaConsumer(
        **client,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_uncommitted",
        max_partition_fetch_bytes=1,  # Kafka sends one batch of records, however large
    )
    try:
        await reader.start()
        reader.assign([partition])
        reader.seek(partition, offset)
        record = await _first(reader, partition, offset)
    except OffsetOutOfRangeError:  # retention was faster
        return None
    finally:
        await reader.stop()
    return record.timestamp if record is not None and record.offset == offset else None


async def _first(
    reader: AIOKafkaConsumer, partition: TopicPartition, offset: int
) -> ConsumerRecord[bytes, bytes] | None:
    """The first record from `offset` on, unless what comes first are markers."""
    while await reader.position(partition) <= offset:
        fetched = await reader.getmany(partition, timeout_ms=POLL_MS, max_records=1)
        if partition in fetched:
            return fetched[partition][0]
    return None
