"""Reading the dead letters' topic: of each letter the newest, of each partition one letter at a time.

The topic is compacted, in Kafka's own time: until then a letter that was written twice is there twice. So
each partition is read twice: first the keys, to know which record of a letter is the newest and what was
published again; then the letters. Kept are a few numbers per letter, and its mark as bytes (an object is
three times as large), those of one partition at a time.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from aiokafka import ConsumerRecord, TopicPartition
from pydantic import ValidationError

from schemas.dead_letter import REPLAYED_SUFFIX, DeadLetter, Replayed
from streams.errors import SettingsError
from streams.kafka.reading import TopicReader
from streams.letters.filters import Filter
from streams.letters.letter import Letter
from streams.settings import Settings

Ends = Mapping[TopicPartition, int]
_SUFFIX: Final = REPLAYED_SUFFIX.encode()


@dataclass(slots=True)
class _Keys:
    """What the keys of a partition tell."""

    newest: dict[int, int] = field(default_factory=dict)
    """Hash of a key -> offset of its newest record."""
    marks: dict[int, bytes] = field(default_factory=dict)
    """Hash of a letter's key -> that it was published again: a `Replayed` as JSON."""

    def add(self, record: ConsumerRecord[bytes, bytes]) -> None:
        key = record.key or b""
        if key.endswith(_SUFFIX):
            self._mark(hash(key.removesuffix(_SUFFIX)), record.value)
        else:
            self.newest[hash(key)] = record.offset

    def _mark(self, key: int, value: bytes | None) -> None:
        mark = mark_of(value)
        if mark is None:
            self.marks.pop(key, None)
        else:
            self.marks[key] = mark.model_dump_json().encode()  # without what others have put there

    def is_newest(self, record: ConsumerRecord[bytes, bytes]) -> bool:
        return self.newest.get(hash(record.key or b"")) == record.offset

    def mark(self, dead: DeadLetter) -> Replayed | None:
        mark = mark_of(self.marks.get(hash(dead.record_key().encode())))
        return mark if mark is not None and mark.timestamp_ms == dead.timestamp_ms else None


class LetterTopic:
    """The dead letters up to the moment of entering (`async with`); can be gone through again.

    SettingsError when there is no such topic.
    """

    def __init__(self, settings: Settings, ends: Ends | None = None) -> None:
        """With the `ends` of an earlier one: up to the moment when that was entered."""
        self._topic = settings.dead_letters_topic
        self._reader = TopicReader(settings.kafka_client(), self._topic, ends)
        self.others = 0
        """Records of the last pass that are no dead letters of ours."""

    async def __aenter__(self) -> Self:
        await self._reader.__aenter__()
        if not self._reader.partitions:
            raise SettingsError(
                f"KPI_DEAD_LETTERS_TOPIC={self._topic}: there is no such topic at KPI_BROKER; a worker makes "
                "it when it starts"
            )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._reader.__aexit__(*error)

    @property
    def ends(self) -> Ends:
        """How far it is read; known once it is entered."""
        assert self._reader.ends is not None
        return self._reader.ends

    async def letters(self, wanted: Filter) -> AsyncIterator[Letter]:
        """Those that are wanted, partition by partition, in the order in which they were written."""
        self.others = 0
        for partition in self._reader.partitions:
            keys = _Keys()
            async for record in self._reader.records(partition):
                keys.add(record)
            async for record in self._reader.records(partition):
                if keys.is_newest(record) and record.value is not None:
                    letter = self._letter(record, keys)
                    if letter is not None and wanted.wants(letter):
                        yield letter

    def _letter(self, record: ConsumerRecord[bytes, bytes], keys: _Keys) -> Letter | None:
        dead = dead_letter_of(record)
        if dead is None:
            self.others += 1
            return None
        return Letter(dead, record.partition, keys.mark(dead))


def dead_letter_of(record: ConsumerRecord[bytes, bytes]) -> DeadLetter | None:
    """None for what is no dead letter of ours: others may write to the topic, too."""
    try:
        dead = DeadLetter.from_json(record.value or b"")
        Letter(dead, record.partition).original()  # key, value and headers: all that is base64
    except ValueError:  # pydantic's, or of what is no base64
        return None
    return dead if dead.record_key().encode() == record.key else None


def mark_of(value: bytes | None) -> Replayed | None:
    """None for what is no mark, or takes one back."""
    try:
        return Replayed.model_validate_json(value or b"")
    except ValidationError:
        return None
