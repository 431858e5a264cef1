"""Which dead letters are meant."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from streams.letters.letter import Letter

NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Filter:
    """An empty set wants all; times in milliseconds since the epoch, of the records' timestamps."""

    ids: Collection[str] = NOBODY
    """`topic/partition/offset` of the originals."""
    reasons: Collection[str] = NOBODY
    types: Collection[str] = NOBODY
    fields: Collection[str] = NOBODY
    sources: Collection[str] = NOBODY
    since_ms: int | None = None
    until_ms: int | None = None
    """This moment is not in it any more."""
    replayed: bool = False
    """With those that were published again already."""

    def wants(self, letter: Letter) -> bool:
        """The cheap questions first: for the others the original is read."""
        return self._wants_time(letter.dead.timestamp_ms) and self._wants_words(letter)

    def _wants_time(self, time_ms: int) -> bool:
        return (self.since_ms is None or self.since_ms <= time_ms) and (
            self.until_ms is None or time_ms < self.until_ms
        )

    def _wants_words(self, letter: Letter) -> bool:
        dead = letter.dead
        return (
            (self.replayed or letter.replayed is None)
            and _in(letter.id, self.ids)
            and _in(dead.reason, self.reasons)
            and _in(dead.field, self.fields)
            and self._wants_origin(letter)
        )

    def _wants_origin(self, letter: Letter) -> bool:
        if not self.types and not self.sources:
            return True
        origin = letter.origin()
        return _in(origin.type, self.types) and _in(origin.source, self.sources)


def _in(word: str | None, wanted: Collection[str]) -> bool:
    return not wanted or word in wanted
