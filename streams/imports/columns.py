"""What the columns of a file hold, as far as their names and cells tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from streams.imports import sql
from streams.imports.database import INPUT, Database
from streams.imports.formats import has_clock, time_formats
from streams.imports.numbers import Written, written
from streams.imports.personal import is_personal

Holds = Literal["nothing", "numbers", "days", "times", "a few words", "texts", "personal data"]
LOOKED_AT: Final = 100_000
"""Rows of a file."""
_READ: Final = 2_000
"""Different cells of a column."""
FEW: Final = 24
"""So many different texts are a choice, if most stand in several rows."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Of one column."""

    name: str
    holds: Holds
    filled: int
    """Cells that are not empty, of the rows looked at."""
    different: int
    cells: Sequence[str]
    """Different ones, the most frequent first."""
    format: str | None = None
    """How days and times are written; None as in ISO 8601."""
    other_format: str | None = None
    """Another one that fits all cells as well."""
    written: Written = "plain"
    """How numbers are."""

    @property
    def words(self) -> str:
        """The name in lower-case words: `CaseID` is `case id`."""
        return words(self.name)

    @property
    def is_time(self) -> bool:
        return self.holds in ("days", "times")

    @property
    def tells_apart(self) -> bool:
        """Whether each row has another one."""
        return 0 < self.filled == self.different


def words(name: str) -> str:
    """A name in lower-case words, with a blank between."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", parted.lower()))


def profiles(rows: Database) -> tuple[list[Profile], int]:
    """Of each column of a file, and how many rows were looked at."""
    texts = ", ".join(
        f"nullif(trim({sql.as_text(sql.name(name), type_)}), '') AS {sql.name(name)}"
        for name, type_ in rows.columns.items()
    )
    rows.connection.execute(f"CREATE TEMP TABLE looked_at AS SELECT {texts} FROM {INPUT} LIMIT {LOOKED_AT}")
    number = rows.connection.execute("SELECT count(*) FROM looked_at").fetchone()
    return agreed([_profile(rows, name) for name in rows.columns]), number[0] if number else 0


def agreed(columns: Sequence[Profile]) -> list[Profile]:
    """The columns, where one that can be read in two ways is read as one that cannot."""
    certain = {column.format for column in columns if column.format and not column.other_format}
    return [
        replace(column, format=column.other_format, other_format=None)
        if column.other_format in certain and column.format not in certain
        else replace(column, other_format=None if column.format in certain else column.other_format)
        for column in columns
    ]


def _profile(rows: Database, name: str) -> Profile:
    column = sql.name(name)
    counted = f"SELECT count({column}), count(DISTINCT {column}) FROM looked_at"
    filled, different = rows.connection.execute(counted).fetchone() or (0, 0)
    cells = rows.connection.execute(
        f"SELECT {column} FROM looked_at WHERE {column} IS NOT NULL "
        f"GROUP BY 1 ORDER BY count(*) DESC, min(rowid) LIMIT {_READ}"
    ).fetchall()
    return described(name, [str(cell) for (cell,) in cells], filled, different)


def described(name: str, cells: Sequence[str], filled: int, different: int) -> Profile:
    """The profile of a column with these different cells."""
    if not cells:
        return Profile(name, "nothing", filled, different, cells)
    if is_personal(words(name), cells):
        return Profile(name, "personal data", filled, different, cells)
    formats = time_formats(words(name), cells)
    if formats:
        holds: Holds = "times" if has_clock(formats[0], cells) else "days"
        other = formats[1] if len(formats) > 1 else None
        return Profile(name, holds, filled, different, cells, formats[0], other)
    if as_written := written(words(name), cells):
        return Profile(name, "numbers", filled, different, cells, written=as_written)
    few = different <= FEW and different * 2 <= filled
    return Profile(name, "a few words" if few else "texts", filled, different, cells)
