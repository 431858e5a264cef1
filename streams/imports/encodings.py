"""The text of a file, in UTF-8 with one kind of newline: what DuckDB reads by itself.

Encodings are told by their byte order mark, or by what the bytes can be. All of the file is looked at, for
the first letter with an accent may stand in the last row.
"""

import codecs
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Final

from streams.errors import KpiError

CHUNK_BYTES: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does, so it goes first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8: Final = ("utf-8", "utf-8-sig")
OF_WINDOWS: Final = "cp1252"
"""What a text is that is no UTF: latin-1, with quotes and the euro where that has nothing."""


class BadFile(KpiError):
    """A file that is imported cannot be read."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text file that can be read as it is, or the copy of it that can."""

    path: Path
    encoding: str
    """Of the original."""
    is_gzip: bool
    newlines: int

    def sample(self) -> str:
        """Its beginning; of a character that is cut at the end, nothing."""
        with opened(self.path) as file:
            return file.read(CHUNK_BYTES).removeprefix(codecs.BOM_UTF8).decode(errors="ignore")


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked if it is gzipped; BadFile when it cannot be read."""
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == _GZIP
        return gzip.open(path) if is_gzip else path.open("rb")  # type: ignore[return-value]  # it is one
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror or error}") from None


def as_utf8(path: Path, encoding: str | None, scratch: Path) -> Text:
    """The text of `path`; a copy in `scratch` where it is written otherwise. BadFile."""
    try:
        found = _look(path, encoding)
        if found.is_plain:
            return Text(path, found.encoding, found.is_gzip, found.newlines)
        copy = scratch / f"{len(list(scratch.iterdir()))}.txt"
        _transcode(path, copy, found.encoding, "strict" if encoding else "replace")
    except (OSError, EOFError, UnicodeError) as error:
        raise BadFile(f"{path}: {error}") from None
    return Text(copy, found.encoding, False, found.newlines)


@dataclass(frozen=True, slots=True)
class _Look:
    encoding: str
    is_gzip: bool
    newlines: int
    is_mixed: bool
    """Some lines end otherwise than others."""

    @property
    def is_plain(self) -> bool:
        return self.encoding in _UTF8 and not self.is_mixed


def _look(path: Path, encoding: str | None) -> _Look:
    """Read all of it once."""
    with opened(path) as file:
        beginning = file.read(4096)
        file.seek(0)
        guessed = encoding or _guess(beginning)
        decoder = codecs.getincrementaldecoder("utf-8")() if encoding is None and guessed in _UTF8 else None
        windows = unix = mac = 0
        for chunk in _lines_whole(file):
            both = chunk.count(b"\r\n")
            windows, unix, mac = (
                windows + both,
                unix + chunk.count(b"\n") - both,
                mac + chunk.count(b"\r") - both,
            )
            if decoder is not None and not _decodes(decoder, chunk):
                guessed, decoder = OF_WINDOWS, None
        is_gzip = isinstance(file, gzip.GzipFile)
    return _Look(guessed, is_gzip, windows + unix + mac, sum(map(bool, (windows, unix, mac))) > 1)


def _lines_whole(file: IO[bytes]) -> Iterator[bytes]:
    """Chunks that do not end between the two characters of a newline."""
    while chunk := file.read(CHUNK_BYTES):
        if chunk.endswith(b"\r"):
            chunk += file.read(1)
        yield chunk


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _guess(beginning: bytes) -> str:
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    pairs = len(beginning) // 2
    if pairs and beginning[1::2].count(0) > 0.4 * pairs:  # Latin letters of UTF-16 have an empty half
        return "utf-16-le"
    if pairs and beginning[::2].count(0) > 0.4 * pairs:
        return "utf-16-be"
    return "utf-8"


def _transcode(path: Path, copy: Path, encoding: str, errors: str) -> None:
    with (
        TextIOWrapper(opened(path), encoding, errors) as text,
        copy.open("w", encoding="utf-8", newline="\n") as out,
    ):
        copyfileobj(text, out, CHUNK_BYTES)
