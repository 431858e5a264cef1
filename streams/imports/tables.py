"""Files as tables of DuckDB: what format they have, and the SQL that reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from schemas.imports import Read
from streams.imports import sql
from streams.imports.dialect import dialect
from streams.imports.encodings import BadFile, Text, as_utf8, opened
from streams.imports.json_lines import lines

Format = Literal["csv", "ndjson", "parquet"]
_FORMATS: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
}
_PARQUET: Final = b"PAR1"
MAX_LINE_BYTES: Final = 16_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """`read` gives its rows, as what stands behind FROM; of NDJSON, its lines."""

    source: Path
    """The file that it is of."""
    path: Path
    """The one that DuckDB opens: that, or a copy."""
    format: Format
    read: str
    rows: int | None
    """About how many there are, where that is known."""
    about: str
    """How it is read, in words."""


def table(path: Path, read: Read, scratch: Path) -> Table:
    """A file as a table; copies that are needed lie in `scratch`. BadFile when it cannot be read."""
    format_ = read.format or format_of(path)
    if format_ == "parquet":
        return Table(path, path, "parquet", f"read_parquet({sql.text(str(path))})", None, "Parquet")
    found = as_utf8(path, read.encoding, scratch)
    if format_ == "ndjson":
        if found.sample().lstrip().startswith("["):
            raise BadFile(
                f"{path}: is a JSON array; an object a line is needed, as `jq -c '.[]'` writes them"
            )
        read_lines = lines(str(found.path), _more(found))
        return Table(path, found.path, "ndjson", read_lines, found.newlines, f"NDJSON, {found.encoding}")
    return _csv(path, found, read)


def format_of(path: Path) -> Format:
    """By the name, else by how the file begins; a text is a CSV."""
    for suffix in reversed(path.suffixes):
        if suffix.lower() in _FORMATS:
            return _FORMATS[suffix.lower()]
    with opened(path) as file:
        beginning = file.read(64).lstrip()
    if beginning.startswith(_PARQUET):
        return "parquet"
    return "ndjson" if beginning.startswith(b"{") else "csv"


def _csv(path: Path, found: Text, read: Read) -> Table:
    header = read.header is not False
    how = dialect(found.sample(), read.delimiter, header=header)
    if not how.columns:
        raise BadFile(f"{path}: is empty: there is not even a header")
    columns = ", ".join(f"{sql.text(column)}: 'VARCHAR'" for column in how.columns)
    options = (
        f"auto_detect = false, header = {str(header).lower()}, skip = {how.skip}, "
        f"delim = {sql.text(how.delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{columns}}}{_more(found)}"
    )
    about = f"CSV, {found.encoding}, delimiter {how.delimiter!r}"
    reading = f"read_csv({sql.text(str(found.path))}, {options})"
    return Table(path, found.path, "csv", reading, found.newlines, about)


def _more(found: Text) -> str:
    compression = "gzip" if found.is_gzip else "none"
    return f", max_line_size = {MAX_LINE_BYTES}, store_rejects = true, compression = '{compression}'"
