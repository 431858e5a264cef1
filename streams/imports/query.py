"""One DuckDB query of a mapping: the rows in, and of each row the lines of its events out.

Its columns are the mapping's events, in their order; a row that has no such event has nothing there.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from schemas.imports import EventMapping, ImportMapping
from streams.engine.plan import Plan
from streams.imports import sql
from streams.imports.conditions import NOTHING, Chosen, condition
from streams.imports.mapping import CheckedMapping, field_kinds
from streams.imports.values import Values

ID_DIGITS: Final = 32
"""Hexadecimal, of an id that is made of type, time and data."""


def lines_query(checked: CheckedMapping, rows: str, columns: Mapping[str, str], plan: Plan) -> str:
    """The query over the table `rows`. `columns`: name -> DuckDB's type; MappingError when one is missing."""
    checked.check_columns(columns)
    mapping = checked.mapping
    parts = [_parts(number, event, mapping, columns, plan) for number, event in enumerate(mapping.events)]
    lines = [_line(number, event, mapping.source) for number, event in enumerate(mapping.events)]
    cells = ", ".join(_cell(name, type_, mapping.read.nulls) for name, type_ in columns.items())
    return (
        f"WITH cells AS (SELECT {cells} FROM {rows}), parts AS (SELECT {', '.join(parts)} FROM cells) "
        f"SELECT {', '.join(lines)} FROM parts"
    )


def _cell(name: str, type_: str, nulls: list[str]) -> str:
    """A text is what stands between its blanks; one that says nothing is nothing."""
    column = sql.name(name)
    if type_ != sql.TEXT:
        return column
    empty = sql.texts(dict.fromkeys(["", *(null.strip() for null in nulls)]))
    cell = f"trim({column})"
    return f"CASE WHEN {cell} NOT IN ({empty}) THEN {cell} END AS {column}"


def _parts(
    number: int, event: EventMapping, mapping: ImportMapping, columns: Mapping[str, str], plan: Plan
) -> str:
    """What the line of an event is put together of: whether there is one, its time, data and id."""
    values = Values(columns, mapping.time_zone)
    kinds = field_kinds(plan.types[event.type], plan.catalog.told)
    fields = [
        f"{sql.text(_label(name))} || {values.json(value, kinds[name].held)}"
        for name, value in event.data.items()
    ]
    when = condition(event.when, columns) if event.when else Chosen("true", NOTHING)
    id_ = f", {values.json(event.id, str)} AS id{number}" if event.id else ""
    return (
        f"{when.holds} AS when{number}, {when.undecided} AS undecided{number}, "
        f"{values.json(event.time, datetime)} AS time{number}, "
        f"concat_ws(',', {', '.join(fields) or 'NULL'}) AS data{number}{id_}"
    )


def _label(field: str) -> str:
    return f'"{field}":'


def _line(number: int, event: EventMapping, source: str) -> str:
    about = {"specversion": "1.0", "source": source, "type": event.type}
    head = sql.text(json.dumps(about, ensure_ascii=False, separators=(",", ":"))[:-1])
    id_ = f"id{number}" if event.id else _made_id(number, event.type)
    parts = f"{head}, ',\"id\":' || {id_}, ',\"time\":' || time{number}, ',\"data\":{{', data{number}, '}}}}'"
    line = f"CASE WHEN when{number} THEN concat({parts}) ELSE undecided{number} END"
    return f"encode({line}) AS line{number}"


def _made_id(number: int, type_: str) -> str:
    content = f"concat_ws('|', {sql.text(type_)}, time{number}, data{number})"
    return f"'\"' || left(sha256({content}), {ID_DIGITS}) || '\"'"
