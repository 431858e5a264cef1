"""How far imports into Kafka are, so that one that was interrupted goes on where it was.

A place is believed only as far as the rows are the same: it has a digest of the lines that were made of them.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec

from streams.imports.counts import Counts
from streams.imports.database import Lines

DIRECTORY: Final = Path(".kpi/imports")
"""Where the journals lie, below the directory that the command runs in."""
_MINE: Final = 0o600
_BETWEEN: Final = b"\n"
_NOTHING: Final = b"-"


class Look(NamedTuple):
    """What tells without reading it whether a file is as it was."""

    path: str
    size: int
    modified_ns: int


def looks(paths: Iterable[Path]) -> list[Look]:
    """Of those files that there are."""
    there = [path.resolve() for path in paths if path.exists()]
    return [Look(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in there]


@dataclass(frozen=True, slots=True)
class Place:
    """How far the import of a file is: all events of so many rows are acknowledged."""

    looks: list[Look]
    """Of the file and of the tables beside it, before they were read."""
    counts: Counts
    digest: str
    """Of the lines of these rows."""
    at_ms: int
    is_done: bool


class Journal:
    """The place of one file, imported in one way into one topic. `identity`: all that makes it that."""

    def __init__(self, directory: Path, path: Path, identity: Iterable[str]) -> None:
        name = hashlib.sha256("\n".join([str(path.resolve()), *identity]).encode()).hexdigest()[:16]
        self.path = directory / f"{path.name}.{name}.json"

    def read(self) -> Place | None:
        """None when there is none, or none that can be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Place)
        except (OSError, msgspec.DecodeError):
            return None

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def write(self, place: Place) -> None:
        """Replace it in one step: whoever is killed meanwhile leaves the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(f".{os.getpid()}")
        new.touch(mode=_MINE)  # what was skipped is told with what stood in its cells
        new.write_bytes(msgspec.json.encode(place))
        new.replace(self.path)


class RowDigest:
    """A digest of the lines of rows, however they are divided into batches."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, rows: Iterable[Lines]) -> None:
        lines = [line or _NOTHING for lines in rows for line in lines]
        self._hash.update(_BETWEEN.join([*lines, b""]))

    def __str__(self) -> str:
        return self._hash.hexdigest()


class OtherRows(Exception):
    """The rows of a place are not those of the file any more."""


@dataclass(slots=True)
class Rest:
    """The rows after a place."""

    done: int
    """How many rows were done."""
    expected: str
    digest: RowDigest = field(default_factory=RowDigest)
    """Of all rows that were given or passed over so far."""

    @classmethod
    def after(cls, place: Place | None) -> Self:
        return cls(place.counts.rows, place.digest) if place else cls(0, "")

    def of(
        self,
        batches: Iterable[Sequence[Lines]],
        passed: Callable[[Sequence[Lines]], None] = lambda rows: None,
    ) -> Iterator[Sequence[Lines]]:
        """The batches without the rows that were done; OtherRows when these are others than they were.

        `passed` is told of the rows that were done, before that is known.
        """
        left = self.done
        for batch in batches:
            rows = batch[left:]
            if left:
                self.digest.add(batch[:left])
                passed(batch[:left])
                left = max(0, left - len(batch))
                if left == 0 and str(self.digest) != self.expected:
                    raise OtherRows
            if rows:
                self.digest.add(rows)
                yield rows
        if left:
            raise OtherRows
