"""Where a partition stands in its log, and who moved it there."""

import secrets
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Position:
    """The next offset to apply, and the token of the owner that committed it; "<offset> <token>" in Redis.

    Every claim draws a new token and an owner commits an offset once, so a position names one state of the
    partition, also when Redis was set back by a second and the same offsets are applied again.
    """

    offset: int
    token: str

    def __str__(self) -> str:
        return f"{self.offset} {self.token}"

    @classmethod
    def parse(cls, stored: bytes) -> Self:
        offset, _, token = stored.decode().partition(" ")
        return cls(int(offset), token)

    @classmethod
    def claimed(cls, offset: int) -> Self:
        """This offset under a token that nobody has had."""
        return cls(offset, secrets.token_hex(8))

    def at(self, offset: int) -> Self:
        """Another offset of the same owner."""
        return type(self)(offset, self.token)
