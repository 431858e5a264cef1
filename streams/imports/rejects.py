"""What was skipped, for whoever mends the file: NDJSON, an object a line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from streams.imports.database import Unreadable
from streams.imports.judging import Refused
from streams.imports.ndjson import writing


class RejectsFile:
    """Each has its `file`.

    Events that were refused: `row`, `type`, `reason`, `field`, `message`, and `event` as it would have been.
    Lines that are no rows: `line`, `message`, `text`.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def events(self, path: Path, refused: Sequence[Refused]) -> None:
        for one in refused:
            told = {**one._asdict(), "event": msgspec.Raw(one.line)}
            del told["line"]
            self._write(path, told)

    def lines(self, unreadable: Sequence[Unreadable]) -> None:
        for one in unreadable:
            self._write(one.path, {"line": one.line, "message": one.message, "text": one.text})

    def place(self) -> int:
        """Where it ends now; what cannot go back (a pipe) has no place but the beginning."""
        return self._file.tell() if self._file.seekable() else 0

    def back(self, place: int) -> None:
        """Forget what was written after a place."""
        if self._file.seekable():
            self._file.seek(place)
            self._file.truncate()

    def _write(self, path: Path, told: dict[str, object]) -> None:
        self._file.write(msgspec.json.encode({"file": str(path), **told}) + b"\n")


@contextmanager
def rejects_file(path: Path | None) -> Iterator[RejectsFile | None]:
    """A new file at `path`, if one is wanted; CannotWrite when it cannot be made."""
    if path is None:
        yield None
        return
    with writing(path), path.open("wb") as file:
        yield RejectsFile(file)
