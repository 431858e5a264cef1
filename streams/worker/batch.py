"""What travels from a pump to its partition's agent."""

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import ConsumerRecord

from streams.engine.decode import Reject
from streams.worker.budget import Share


class Batch(NamedTuple):
    """The records in [start, end), perhaps none: holes and control records are inside."""

    epoch: int
    """How often the partition had been sought when it was fetched."""
    start: int
    """The position before the fetch."""
    end: int
    """The position after it."""
    records: Sequence[ConsumerRecord[bytes, bytes]]
    caught_up: bool
    """Whether `end` is the end of what may be read (the last stable offset)."""
    rejects: Sequence[Reject] = ()
    """Records that could not even be read."""
    bytes: int = 0
    """Of the records' values."""
    share: Share | None = None
    """What it takes of the memory budget until it is applied."""
