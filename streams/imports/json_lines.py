"""NDJSON as a table of texts: a column for each name that any of its objects has, nested values as JSON.

Its lines are read as lines, so that one that is no object is skipped and told, and no value is taken for
something that it is not (a text of digits for a number, a text for a time).
"""

from typing import TYPE_CHECKING, Final

from streams.imports import sql
from streams.imports.dialect import distinct
from streams.imports.encodings import BadFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_COLUMNS: Final = 1_000
_OPTIONS: Final = (
    "auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, "
    "delim = chr(1), quote = '', escape = ''"
)
"""No line of JSON has that delimiter."""
_IS_OBJECT: Final = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"


def lines(path: str, more: str) -> str:
    """What gives the lines of a file as the column `line`; `more` options of DuckDB's read_csv."""
    return f"read_csv({sql.text(path)}, {_OPTIONS}{more})"


def objects(connection: "DuckDBPyConnection", read: str) -> str:
    """The query of the objects in the lines that `read` gives; BadFile when they have too many names."""
    found = f"(SELECT line, row_number() OVER () AS number FROM {read} WHERE {_IS_OBJECT})"
    keys = connection.execute(
        f"SELECT key FROM (SELECT unnest(json_keys(line)) AS key, number FROM {found}) "
        f"GROUP BY key ORDER BY min(number), key LIMIT {MAX_COLUMNS + 1}"
    ).fetchall()
    if len(keys) > MAX_COLUMNS:
        raise BadFile(f"its objects have more than {MAX_COLUMNS:,} names of values")
    names = [str(key) for (key,) in keys]
    columns = [f"v[{at}] AS {sql.name(name)}" for at, name in enumerate(distinct(names), 1)]
    values = f"json_extract_string(line, [{sql.texts(map(_pointer, names))}]) AS v"
    return f"SELECT {', '.join(columns) or 'line'} FROM (SELECT {values} FROM {read} WHERE {_IS_OBJECT})"


def broken(read: str) -> str:
    """The query of (number, text) of the lines that are no objects; empty ones are nothing at all."""
    return (
        f"SELECT number, line FROM (SELECT line, row_number() OVER () AS number FROM {read}) "
        f"WHERE trim(line) <> '' AND NOT {_IS_OBJECT} ORDER BY number"
    )


def _pointer(name: str) -> str:
    """The JSON pointer of a name."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
