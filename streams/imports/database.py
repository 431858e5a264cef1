"""A DuckDB that sees the files of one import and nothing else: no other file, and no network."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from schemas.imports import ImportMapping, Read
from streams.errors import MissingPart
from streams.imports import sql
from streams.imports.encodings import BadFile
from streams.imports.json_lines import broken, objects
from streams.imports.mapping import CheckedMapping
from streams.imports.tables import Table, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INSTALL: Final = "pip install 'crm-kpi-streams[tools]'"
INPUT: Final = "input"
ROWS: Final = "rows_of_the_mapping"
MEMORY: Final = "1GB"
"""What is more, as of a large join, goes to files."""
BUFFER: Final = "32MB"
"""Of rows that are ready and not yet asked for."""
BATCH_ROWS: Final = 4_096

Lines = tuple[bytes | None, ...]
"""Of one row: the line of each of the mapping's events, nothing where there is none."""


class Unreadable(NamedTuple):
    """A line of a CSV that is no row."""

    path: Path
    line: int
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class Database:
    """The rows of one file, as the mapping's query gives them. Their order is always the same."""

    connection: "DuckDBPyConnection"
    tables: Mapping[str, Table]
    columns: Mapping[str, str]
    """Name -> DuckDB's type."""
    rows: int | None
    """About how many there are, where that is known."""

    @property
    def input(self) -> Table:
        return self.tables[INPUT]

    def batches(self, query: str) -> Iterator[Sequence[Lines]]:
        """What a query of lines gives, row by row; BadFile when the file cannot be read on."""
        with _reading(self.input.source):
            self.connection.execute(query)
            while batch := self.connection.fetchmany(BATCH_ROWS):
                yield batch

    def unreadable(self) -> list[Unreadable]:
        """The lines that were no rows, in their order; to be asked when the query is through."""
        if not _there(self.connection, "reject_errors"):
            return []
        found = self.connection.execute(
            "SELECT file_path, line, any_value(error_message), any_value(csv_line) "
            "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) "
            "GROUP BY file_path, line ORDER BY file_path, line"
        ).fetchall()
        sources = {str(one.path): one.source for one in self.tables.values()}
        return [
            Unreadable(sources[path], int(line), str(message), str(text or ""))
            for path, line, message, text in found
        ] + self._broken()

    def _broken(self) -> list[Unreadable]:
        if self.input.format != "ndjson":
            return []
        found = self.connection.execute(broken(self.input.read)).fetchall()
        return [
            Unreadable(self.input.source, int(line), "not a JSON object", str(text)) for line, text in found
        ]


def _there(connection: "DuckDBPyConnection", name: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [name]).fetchone())


@contextmanager
def database(path: Path, checked: CheckedMapping, directory: Path, scratch: Path) -> Iterator[Database]:
    """The file at `path`; the mapping's files are relative to `directory`, and copies lie in `scratch`.

    BadFile when a file cannot be read, MissingPart without DuckDB.
    """
    mapping = checked.mapping
    tables = {INPUT: table(path, mapping.read, scratch)}
    for name, other in mapping.files.items():
        tables[name] = table(directory / other, Read(nulls=mapping.read.nulls), scratch)
    connection = _locked([one.path for one in tables.values()], scratch, one_thread=mapping.rows is not None)
    try:
        with _reading(path):
            for name, one in tables.items():
                connection.execute(f"CREATE VIEW {sql.name(name)} AS {_selected(connection, one)}")
            columns = _columns(connection, mapping)
        yield Database(connection, tables, columns, None if mapping.rows else tables[INPUT].rows)
    finally:
        connection.close()


def _locked(paths: Sequence[Path], scratch: Path, *, one_thread: bool) -> "DuckDBPyConnection":
    try:
        import duckdb
    except ImportError as error:
        raise MissingPart(f"Files are imported with the package duckdb: {INSTALL}") from error
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": MEMORY,
        "temp_directory": str(scratch / "duckdb"),
    }
    if one_thread:  # joins and windows give their rows in one order only then
        settings["threads"] = 1
    connection = duckdb.connect(config=settings)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET streaming_buffer_size = '{BUFFER}'")
    connection.execute(f"SET allowed_paths = [{sql.texts(map(str, paths))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _selected(connection: "DuckDBPyConnection", one: Table) -> str:
    """The query of a table's rows."""
    return objects(connection, one.read) if one.format == "ndjson" else f"SELECT * FROM {one.read}"


def _columns(connection: "DuckDBPyConnection", mapping: ImportMapping) -> dict[str, str]:
    rows = mapping.rows or f"FROM {INPUT}"
    connection.execute(f"CREATE VIEW {ROWS} AS {_one_query(connection, rows)}")
    return _described(connection, f"FROM {ROWS}")


def _one_query(connection: "DuckDBPyConnection", query: str) -> str:
    """The query, if it is one and no more."""
    import duckdb

    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise BadFile("`rows` is one query: a SELECT, and nothing after it")
    return query.strip().rstrip(";")


def _described(connection: "DuckDBPyConnection", query: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {query}").fetchall()}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors of DuckDB become BadFile."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise BadFile(f"{path}: {str(error).partition('Possible')[0].strip()}") from None
