"""`kpi import --guess`: a first mapping of a file, to be read and changed by a person.

It runs as it is. What it cannot know says TODO. Nothing that looks personal is shown or mapped.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from schemas.documents import Lines
from schemas.imports import ImportMapping, Read
from streams.engine.plan import Plan
from streams.imports.columns import Profile, profiles
from streams.imports.database import database
from streams.imports.dialect import dialect
from streams.imports.draft import Draft, one_line, scalar
from streams.imports.encodings import BadFile, as_utf8
from streams.imports.mapping import CheckedMapping
from streams.imports.proposals import KINDS, kind_of
from streams.imports.tables import format_of

_EXAMPLES: Final = 3
_EXAMPLE: Final = 24
"""Characters of a cell that are shown."""
_DATA: Final = re.compile(r"[+-]?[\d.,:/ T-]*\d[\d.,:/ TZ+-]*|\S+@\S+|")
"""What names no column."""


def guess(path: Path, plan: Plan) -> str:
    """The text of a mapping for a file. BadFile when it cannot be read, MissingPart without DuckDB."""
    with TemporaryDirectory(prefix="kpi-import-") as scratch:
        read = _how_to_read(path, Path(scratch))
        with database(path, _bare(path, read), path.parent, Path(scratch)) as rows:
            columns, number = profiles(rows)
    if not columns or not number:
        raise BadFile(f"{path}: there are no rows in it")
    draft = Draft(path.stem, columns, kind_of(path.stem, columns) or KINDS[0], plan)
    return "\n".join([*_about(path, columns, number), *draft.head(), _reading(read), *draft.body(), ""])


def _bare(path: Path, read: Read) -> CheckedMapping:
    """A mapping by which a file can be read, before there is one."""
    event = {"type": "crm.deal.created", "time": "time"}
    mapping = ImportMapping.model_validate({"version": 1, "source": "/", "events": [event]})
    return CheckedMapping(mapping.model_copy(update={"read": read}), Lines(None), str(path))


def _how_to_read(path: Path, scratch: Path) -> Read:
    format_ = format_of(path)
    if format_ != "csv":
        return Read(format=format_)
    text = as_utf8(path, None, scratch)
    sample = text.sample()
    how = dialect(sample)
    first = next(csv.reader(sample.splitlines()[how.skip :][:1], delimiter=how.delimiter), [])
    return Read(format="csv", delimiter=how.delimiter, encoding=text.encoding, header=_is_header(first))


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a first line names columns: no number, no day, nothing empty and nothing twice."""
    return len(set(cells)) == len(cells) and not any(_DATA.fullmatch(cell.strip()) for cell in cells)


def _reading(read: Read) -> str:
    options = {name: value for name, value in read if name in read.model_fields_set}
    return f"read: {{{', '.join(f'{name}: {scalar(value)}' for name, value in options.items())}}}"


# -- What was found ---------------------------------------------------------------------------------------


def _about(path: Path, columns: Sequence[Profile], number: int) -> Iterator[str]:
    """Comments: each column with what it holds."""
    yield f"# A first mapping of {path.name}, from its first {number:,} rows. What you must decide says TODO."
    yield f"# Try it:  kpi import {path.name} --mapping THIS_FILE --dry-run"
    yield "#"
    width = min(max(len(column.name) for column in columns), 40)
    for column in columns:
        filled = "" if column.filled == number else f"{number - column.filled:,} empty; "
        yield f"#   {one_line(column.name):{width}}  {column.holds}; {filled}{_examples(column)}"
    yield ""


def _examples(column: Profile) -> str:
    if column.holds == "personal data":
        return "not shown here, and not to be in events"
    shown = ", ".join(one_line(cell)[:_EXAMPLE] for cell in column.cells[:_EXAMPLES])
    return f"{column.different:,} different: {shown}"
