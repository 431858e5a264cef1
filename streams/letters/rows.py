"""A dead letter in one line."""

from typing import NamedTuple

from streams.letters.letter import Letter


class Row(NamedTuple):
    """As a list shows it; ordered by time, then by place. Times in milliseconds."""

    timestamp_ms: int
    id: str
    reason: str
    field: str
    type: str
    source: str
    message: str
    replayed_at_ms: int


def row_of(letter: Letter) -> Row:
    dead, origin = letter.dead, letter.origin()
    return Row(
        dead.timestamp_ms,
        letter.id,
        dead.reason,
        dead.field or "",
        origin.type or "",
        origin.source or "",
        dead.message,
        letter.replayed.replayed_at_ms if letter.replayed else 0,
    )
