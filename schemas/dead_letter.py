"""A dead letter: a record that could not be counted, whole, with the reason.

Of an `unreadable` one there are key and value, but no headers.

On Kafka the value is this model as JSON, and the key is `topic/partition/offset`, so that the same record
met again is the same dead letter and compaction keeps one.
"""

import base64
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

MAX_ORIGINAL_BYTES = 1_000_000

Reason = Literal[
    "tombstone",
    "not_utf8",
    "not_json",
    "not_object",
    "unknown_type",
    "missing_field",
    "wrong_type",
    "bad_value",
    "bad_time",
    "bad_scale",
    "unknown_currency",
    "future_time",
    "too_late",
    "too_large",
    "engine_error",
    "unreadable",  # not even Kafka's record format: a header's name that is not UTF-8, ...
]


class DeadLetter(BaseModel):
    """`value`, `key` and header values are base64 of the original bytes; None where the record had none."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    reason: Reason
    field: str | None
    """Path of the field at fault, such as `data.amount_minor`; None when it is the record as a whole."""
    message: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: str | None
    value: str | None
    """The original bytes; of a record over 1 MB a prefix."""
    headers: list[tuple[str, str | None]] = Field(default_factory=list)
    size: int
    """Bytes of the original value."""
    sha256: str | None = None
    """Of the original value, where `value` is a prefix."""

    def original(self) -> bytes | None:
        """The original value, byte for byte (a prefix of it when `sha256` is set)."""
        return None if self.value is None else base64.b64decode(self.value)

    def header(self, name: str) -> str | None:
        """The first header of that name, as text."""
        for key, value in self.headers:
            if key == name and value is not None:
                return base64.b64decode(value).decode(errors="replace")
        return None

    def record_key(self) -> str:
        """`topic/partition/offset`: the key of the dead letter on Kafka."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def from_json(cls, value: bytes) -> Self:
        return cls.model_validate_json(value)


REPLAYED_SUFFIX: Final = "/replayed"


class Replayed(BaseModel):
    """That a dead letter was published again; its key is the letter's, with `/replayed` behind it.

    It is a record of its own, for a worker writes a letter once more when it starts again, and all of them
    when a new namespace counts the topic anew: neither may take the mark away.
    """

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    replayed_at_ms: int
    fixed: bool
    """Whether it was changed before."""
    replayed_to: str
    """`topic/partition/offset` of the record that it became."""
    timestamp_ms: int
    """Of the letter: one with another is not the same, such as that of a topic that was made anew."""

    @staticmethod
    def key_of(letter_key: str) -> str:
        return letter_key + REPLAYED_SUFFIX
