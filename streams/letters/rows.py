"""A dead letter in one line."""

from typing import Any, NamedTuple

from streams.letters.letter import Letter
from streams.letters.masking import Mask
from streams.letters.times import time_text


class Row(NamedTuple):
    """As a list shows it; ordered by time, then by place. Times in milliseconds."""

    timestamp_ms: int
    id: str
    reason: str
    field: str
    type: str
    source: str
    message: str
    replayed_at_ms: int | None
    fixed: bool

    def document(self) -> dict[str, Any]:
        """As JSON has it: null where there is nothing to say."""
        at_ms = self.replayed_at_ms
        return {
            "id": self.id,
            "time": time_text(self.timestamp_ms),
            "reason": self.reason,
            "field": self.field or None,
            "type": self.type or None,
            "source": self.source or None,
            "message": self.message,
            "replayed_at": None if at_ms is None else time_text(at_ms),
            "fixed": self.fixed,
        }


def row_of(letter: Letter, mask: Mask | None) -> Row:
    """Without a mask field, type, source and message stand there as they are."""
    dead, origin, replayed = letter.dead, letter.origin(), letter.replayed
    return Row(
        dead.timestamp_ms,
        letter.id,
        dead.reason,
        (mask.field(letter) if mask else dead.field) or "",
        (mask.type(origin) if mask else origin.type) or "",
        (mask.source(origin) if mask else origin.source) or "",
        mask.message(letter) if mask else dead.message,
        replayed.replayed_at_ms if replayed else None,
        replayed.fixed if replayed else False,
    )
