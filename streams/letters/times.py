"""Times of records, which may be anything: Kafka takes what a producer says."""

from datetime import UTC, datetime
from typing import Final

from streams.human import rfc3339

_LAST_MS: Final = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * 1000


def time_text(time_ms: int) -> str | None:
    """RFC 3339; None for what is no time."""
    return rfc3339(time_ms) if 0 <= time_ms < _LAST_MS else None
