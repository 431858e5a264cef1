"""The mapping of files that are imported: which column is what, as a person writes it in YAML.

`parse(text)` gives the mapping or every problem in it, each with its path and line. What depends on the
catalog (event types, fields, zones, conditions) or on the file (columns) is checked by
`streams.imports.mapping`, with the same `Problem`.

What the words mean:
- Cells of a CSV are texts, and so are the values of NDJSON, nested ones as JSON; those of Parquet are what
  they are. What a cell becomes is decided by the field that it is for: a text, a whole number, yes or no, a
  day, a time.
- A cell that is empty, or one of `read.nulls`, is no value: its field is left out of the event.
- In `when` the names are columns; one whose name is no plain word stands in braces: `{Deal Stage} == 'Won'`.
  A cell that is compared with a number is the number that it says, otherwise its text.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas import documents
from schemas.documents import Lines, Problem
from schemas.words import Condition, CurrencyCode, Model, Name, TimeOfDay

UNIX = ("unix_s", "unix_ms")
"""Formats of times that are seconds or milliseconds since 1970, UTC."""
NOON = "12:00"
"""At what time of day a date is when `at` does not say: the same date almost everywhere."""
_FORMAT = re.compile(r"%(-[dmHIMSj]|[aAwdbBmyYHIpMSgfnzZjUWcxXuVG%])?")
_PARTS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|([{}])|([^{}]+)")


# -- Templates --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """In a template: the cell of this column."""

    name: str


def parts(template: str) -> list[str | Column]:
    """A template such as `account:{account}` as texts and columns; `{{` and `}}` are braces themselves."""
    return list(_parts(template))


def _parts(template: str) -> Iterator[str | Column]:
    for found in _PARTS.finditer(template):
        column, brace, text = found.groups()
        if brace is not None:
            raise _fault("'{brace}' has no counterpart: close the brace, or write it twice", brace=brace)
        if column == "":
            raise _fault("there is no column's name between the braces")
        yield Column(column) if column is not None else text or found[0][0]


def _fault(message: str, **context: Any) -> PydanticCustomError:
    return PydanticCustomError("imports", message, context)


def _template(text: str) -> str:
    if not any(isinstance(part, Column) for part in parts(text)):
        raise _fault("names no column in braces; for a text that is always the same write {constant: ..}")
    return text


def _format(text: str) -> str:
    if text in UNIX:
        return text
    if "%" not in text:
        raise _fault("a format is written with %, as in %d.%m.%Y %H:%M; or it is unix_s or unix_ms")
    for found in _FORMAT.finditer(text):
        if found[1] is None:
            code = text[found.start() : found.start() + 2]
            raise _fault("there is no {code} in formats; known: %Y %m %d %H %M %S %z and others", code=code)
    return text


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        known = "utf-8, latin-1 or windows-1252"
        raise _fault("'{name}' is no encoding that is known, such as " + known, name=name) from None
    return name


# -- Values -----------------------------------------------------------------------------------------------

Cell = Annotated[str, BeforeValidator(lambda key: _as_cell(key))]
"""What stands in a cell, as text: the keys of `values`."""
Scalar = bool | int | str
Template = Annotated[str, AfterValidator(_template)]
Format = Annotated[str, AfterValidator(_format)]
KINDS = ("column", "template", "first", "constant")
_OPTIONS = ("values", "otherwise", "digits", "format", "zone", "at")
"""What can be said of how a column's or a template's text is read."""


def _as_cell(key: Any) -> Any:
    if isinstance(key, bool):
        return str(key).lower()
    return str(key) if isinstance(key, int | float) else key


class Value(Model):
    """What a field becomes. Exactly one of column, template, first and constant.

    A text instead is a template if it has braces (`account:{account}`), else the name of a column.
    """

    column: str | None = Field(None, min_length=1)
    template: Template | None = None
    """Text and columns; no value when one of its columns has none."""
    first: list["Value"] | None = Field(None, min_length=1)
    """The first of these that has a value."""
    constant: Scalar | None = None

    values: dict[Cell, Scalar | None] | None = None
    """Cell -> what it means; nothing (null) leaves the field out. Other cells are kept as they are."""
    otherwise: Scalar | None = None
    """What cells mean that are not among `values`. Not what an empty one means: that is no value."""
    digits: int | None = Field(None, ge=0, le=4)
    """The cell is in major units, which have so many decimals; a cell with more of them is refused."""
    format: Format | None = None
    """How a time or day is written, as strptime has it, or `unix_s`, `unix_ms`; else as in ISO 8601."""
    zone: str | None = None
    """IANA name, of times that are written without a zone; the mapping's `time_zone` by default."""
    at: TimeOfDay | None = None
    """What time of day it is where only a date is written; noon by default."""

    @property
    def keeps_others(self) -> bool:
        """Whether cells that are not among `values` stay as they are."""
        return "otherwise" not in self.model_fields_set

    def columns(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(path below this, name) of each column that it reads."""
        if self.column is not None:
            yield ("column",), self.column
        for part in parts(self.template or ""):
            if isinstance(part, Column):
                yield ("template",), part.name
        for at, value in enumerate(self.first or ()):
            for path, name in value.columns():
                yield ("first", at, *path), name

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        return {"template" if "{" in data or "}" in data else "column": data}

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in KINDS if kind in self.model_fields_set]
        if len(given) != 1 or getattr(self, given[0]) is None:
            raise _fault("is exactly one of column, template, first and constant")
        options = [option for option in _OPTIONS if option in self.model_fields_set]
        if options and given[0] in ("first", "constant"):
            raise _fault(
                "`{option}` is said of a column or a template, not beside `{kind}`",
                option=options[0],
                kind=given[0],
            )
        if "otherwise" in options and self.values is None:
            raise _fault("`otherwise` needs `values`, of which it is the rest")
        if self.values is not None and set(options) - {"values", "otherwise"}:
            raise _fault(
                "`values` says already what each cell means: leave `{option}` out", option=options[-1]
            )
        return self


# -- The mapping ------------------------------------------------------------------------------------------


class Read(Model):
    """How the file is read; what is left out is found out."""

    format: Literal["csv", "ndjson", "parquet"] | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    header: bool | None = None
    """Whether the first line names the columns; without a header they are column0, column1, .."""
    nulls: list[str] = [""]
    """Cells that are no value."""


class EventMapping(Model):
    """An event that rows become. A row may become several."""

    type: str
    when: Condition | None = None
    """Only the rows of which this holds; all by default."""
    id: Value | None = None
    """By default made of type, time and data, so that the same row is the same event."""
    time: Value
    data: dict[Name, Value] = {}


def _not_the_input(name: str) -> str:
    if name == "input":
        raise _fault("`input` is the file that is imported; choose another name")
    return name


class ImportMapping(Model):
    version: Literal[1]
    source: str = Field(min_length=1, max_length=200)
    """The CloudEvents source of all events; with an event's id it is what makes it the same event."""
    time_zone: str = "UTC"
    currency: CurrencyCode | None = None
    """Of events that have an amount and say no currency."""
    read: Read = Read()
    files: dict[Annotated[Name, AfterValidator(_not_the_input)], str] = {}
    """Tables for `rows`: name -> path, relative to the mapping."""
    rows: str | None = Field(None, min_length=1)
    """A DuckDB query over `input` and `files` that gives the rows; those of the file by default."""
    events: list[EventMapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _files_are_used(self) -> Self:
        if self.files and self.rows is None:
            raise _fault("`files` are for a query: write one under `rows`, or leave them out")
        return self


@dataclass(frozen=True, slots=True)
class Parsed:
    """`mapping` is None when there are problems."""

    mapping: ImportMapping | None
    lines: Lines
    problems: list[Problem]


def parse(text: str) -> Parsed:
    """Read a mapping from YAML text; nothing is raised for a bad one."""
    document = documents.read(text)
    if document.problem is not None:
        return Parsed(None, document.lines, [document.problem])
    try:
        return Parsed(ImportMapping.model_validate(document.content), document.lines, [])
    except ValidationError as error:
        return Parsed(None, document.lines, list(documents.problems(document.lines, (), error)))
