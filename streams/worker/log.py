"""A partition's log as its table sees it."""

from typing import Protocol


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
