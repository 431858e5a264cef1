"""Events into a file: NDJSON, a CloudEvent a line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from streams.engine.decode import Event
from streams.errors import KpiError

BUFFER_BYTES: Final = 1 << 20


class CannotWrite(KpiError):
    """The file that the events go to cannot be written."""


class NdjsonFile:
    """Takes the events of an import."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, events: Sequence[Event]) -> None:
        self._file.write(b"\n".join([*(event.record.value for event in events), b""]))

    def settle(self) -> None:
        """Nothing is promised of a file before it has its name."""


@contextmanager
def ndjson(path: Path) -> Iterator[NdjsonFile]:
    """A file that gets its name when it is complete; until then it is called `<name>.part`.

    CannotWrite when it cannot be made.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with writing(path):
            with part.open("wb", buffering=BUFFER_BYTES) as file:
                yield NdjsonFile(file)
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """That a file cannot be written is told as CannotWrite."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"{error.filename or path}: {error.strerror or error}") from None
