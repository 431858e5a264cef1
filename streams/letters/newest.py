"""The newest dead letters, without the records that they hold. Personal data is masked on arrival.

Memory is bounded: only so many of each partition are kept.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord

from schemas.dead_letter import REPLAYED_SUFFIX
from streams.letters.letter import Letter
from streams.letters.masking import Mask
from streams.letters.reading import dead_letter_of, mark_of

_SUFFIX: Final = REPLAYED_SUFFIX.encode()


class Kept(NamedTuple):
    """A dead letter as it may be shown. Times in milliseconds."""

    timestamp_ms: int
    id: str
    reason: str
    field: str
    type: str
    source: str | None
    """As the record has it: nobody has masked it yet."""
    message: str
    event: Any
    replayed_at_ms: int | None = None


class Arrival(NamedTuple):
    """What a record says of the letter with this key."""

    partition: int
    key: bytes
    kept: Kept | None
    """None where the letter is taken back."""


class Mark(NamedTuple):
    """That the letter with this key was published again; with None, that it was not."""

    partition: int
    key: bytes
    timestamp_ms: int
    replayed_at_ms: int | None


class Newest:
    """The newest letters of each partition; `most` of each."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._letters: dict[int, OrderedDict[bytes, Kept]] = {}
        self._marks: dict[int, OrderedDict[bytes, Mark]] = {}
        self.others = 0
        """Records that are no dead letters of ours."""
        self.complete = True
        """Whether these are all that there are."""

    def letters(self) -> list[Kept]:
        return [self._marked(at, key, one) for at, of in self._letters.items() for key, one in of.items()]

    def take(self, arrivals: Iterable[Arrival | Mark | None]) -> None:
        """Those of some records, in their order; None of what is none of ours."""
        for arrival in arrivals:
            if arrival is None:
                self.others += 1
            elif isinstance(arrival, Mark):
                self._put(self._marks, arrival.partition, arrival.key, arrival)
            elif arrival.kept is None:
                self._letters.setdefault(arrival.partition, OrderedDict()).pop(arrival.key, None)
            else:
                is_full = self._put(self._letters, arrival.partition, arrival.key, arrival.kept)
                self.complete &= not is_full

    def _put(self, to: dict[int, Any], partition: int, key: bytes, value: object) -> bool:
        """Whether the oldest had to go."""
        of = to.setdefault(partition, OrderedDict())
        of.pop(key, None)
        of[key] = value
        is_full = len(of) > self.most
        if is_full:
            of.popitem(last=False)
        return is_full

    def _marked(self, partition: int, key: bytes, kept: Kept) -> Kept:
        of = self._marks.get(partition)
        mark = None if of is None else of.get(key)
        if mark is None or mark.timestamp_ms != kept.timestamp_ms:
            return kept
        return kept._replace(replayed_at_ms=mark.replayed_at_ms)


# -- What arrives -----------------------------------------------------------------------------------------


def arrivals(records: Iterable[ConsumerRecord[bytes, bytes]], mask: Mask) -> list[Arrival | Mark | None]:
    """What records of the topic say of letters; None of one that is none of ours."""
    return [_arrival(record, mask) for record in records]


def _arrival(record: ConsumerRecord[bytes, bytes], mask: Mask) -> Arrival | Mark | None:
    key = record.key or b""
    if key.endswith(_SUFFIX):
        mark = mark_of(record.value)
        at_ms = (mark.timestamp_ms, mark.replayed_at_ms) if mark else (0, None)
        return Mark(record.partition, key.removesuffix(_SUFFIX), *at_ms)
    if record.value is None:
        return Arrival(record.partition, key, None)
    dead = dead_letter_of(record)
    if dead is None:
        return None
    return Arrival(record.partition, key, _kept(Letter(dead, record.partition), mask))


def _kept(letter: Letter, mask: Mask) -> Kept:
    dead, origin = letter.dead, letter.origin()
    return Kept(
        dead.timestamp_ms,
        letter.id,
        dead.reason,
        mask.field(letter),
        mask.type(origin),
        origin.source,
        mask.message(letter),
        mask.event(letter),
    )
