"""The dead letters that the board knows of, as a document: by reason over time, by type, and the newest."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from streams.human import rfc3339
from streams.letters.masking import shortened
from streams.letters.newest import Kept
from streams.letters.stats import HOUR_MS
from streams.letters.times import time_text
from streams.letters.watching import Seen

SAMPLES: Final = 5
"""So many are shown of each reason, the newest."""
TYPES: Final = 20
"""So many types are told of each reason, those with most."""


def letters_document(seen: Seen, hours: int, sources: Container[str | None] = ()) -> dict[str, Any]:
    """Of the letters that are kept; counted by the hour over so many hours, the last of which is running.

    `sources` that are shown elsewhere are told by their names.
    """
    letters = sorted(seen.letters, key=lambda one: (one.reason, -one.timestamp_ms, one.id))
    starts = _hours(seen.as_of_ms, hours)
    reasons = [
        _reason(name, list(of), starts, sources) for name, of in groupby(letters, lambda one: one.reason)
    ]
    return {
        "as_of": rfc3339(seen.as_of_ms),
        "state": seen.state,
        "trouble": seen.trouble or None,
        "topic": seen.topic,
        "number": len(letters),
        "complete": seen.complete,
        "others": seen.others,
        "hours": [rfc3339(start) for start in starts],
        "reasons": sorted(reasons, key=lambda one: (-one["number"], one["reason"])),
    }


def _hours(now_ms: int, number: int) -> list[int]:
    """The beginnings of the last hours."""
    last = now_ms // HOUR_MS * HOUR_MS
    return [last - back * HOUR_MS for back in reversed(range(number))]


def _reason(
    name: str, letters: Sequence[Kept], hours: Sequence[int], sources: Container[str | None]
) -> dict[str, Any]:
    """All of one reason; the newest first."""
    by_hour = Counter(letter.timestamp_ms // HOUR_MS * HOUR_MS for letter in letters)
    return {
        "reason": name,
        "number": len(letters),
        "replayed": sum(letter.replayed_at_ms is not None for letter in letters),
        "first": time_text(letters[-1].timestamp_ms),
        "last": time_text(letters[0].timestamp_ms),
        "hours": [by_hour[start] for start in hours],
        "types": _types(letters),
        "samples": [_sample(letter, sources) for letter in _told(letters)],
    }


def _types(letters: Iterable[Kept]) -> list[dict[str, Any]]:
    counts = Counter(letter.type for letter in letters)
    return [{"type": type_ or None, "number": number} for type_, number in counts.most_common(TYPES)]


def _told(letters: Sequence[Kept]) -> list[Kept]:
    """The newest of those that still stay, then of those that were published again."""
    return sorted(letters, key=lambda one: one.replayed_at_ms is not None)[:SAMPLES]


def _sample(letter: Kept, sources: Container[str | None]) -> dict[str, Any]:
    at_ms = letter.replayed_at_ms
    return {
        "id": letter.id,
        "time": time_text(letter.timestamp_ms),
        "field": letter.field or None,
        "type": letter.type or None,
        "source": letter.source if letter.source in sources else shortened(letter.source),
        "message": letter.message,
        "event": letter.event,
        "replayed_at": None if at_ms is None else rfc3339(at_ms),
    }
