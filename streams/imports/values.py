"""What a field becomes, to SQL: each value is the text of its JSON, or nothing.

A cell that is not what the field holds is handed on as the text that it is: the contract refuses it, in words
that name the field, as it would refuse it of anybody.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from schemas.imports import Column, Value, parts
from streams.imports import sql, times

YES: Final = ("true", "t", "yes", "y", "1")
NO: Final = ("false", "f", "no", "n", "0")
"""How cells say yes and no, in any case."""

_Reader = Callable[["Values", str, str, Value], str]
"""(self, cell, DuckDB's type of it, value) -> SQL of the JSON; nothing where the cell cannot be read."""


class Values:
    """Values of the rows of one mapping; `columns`: name -> DuckDB's type; `zone` is that of the mapping."""

    def __init__(self, columns: Mapping[str, str], zone: str) -> None:
        self._columns = columns
        self._zone = zone

    def json(self, value: Value, held: type) -> str:
        """SQL of the JSON of a value for a field that holds str, int, bool, date or datetime."""
        if value.constant is not None:
            return sql.json_text(value.constant)
        if value.first is not None:
            return f"coalesce({', '.join(self.json(one, held) for one in value.first)})"
        cell, type_ = self._cell(value)
        if value.values is not None:
            return self._meaning(value, sql.as_text(cell, type_), held)
        return self._read(cell, type_, value, held)

    def _cell(self, value: Value) -> tuple[str, str]:
        """SQL of what is read, and DuckDB's type of it."""
        if value.column is not None:
            return sql.name(value.column), self._columns[value.column]
        pieces = [self._piece(part) for part in parts(value.template or "")]
        return f"({' || '.join(pieces)})", sql.TEXT

    def _piece(self, part: str | Column) -> str:
        if isinstance(part, str):
            return sql.text(part)
        return sql.as_text(sql.name(part.name), self._columns[part.name])

    def _meaning(self, value: Value, cell: str, held: type) -> str:
        cases = [
            f"WHEN {sql.text(key)} THEN {_scalar(meaning)}" for key, meaning in (value.values or {}).items()
        ]
        if value.keeps_others:
            others = self._read(cell, sql.TEXT, value, held)
        else:
            others = f"CASE WHEN {cell} IS NOT NULL THEN {_scalar(value.otherwise)} END"
        return f"(CASE {cell} {' '.join(cases)} ELSE {others} END)" if cases else others

    def _read(self, cell: str, type_: str, value: Value, held: type) -> str:
        as_it_is = sql.json_string(sql.as_text(cell, type_))
        reader = _READERS.get(held)
        return as_it_is if reader is None else f"coalesce({reader(self, cell, type_, value)}, {as_it_is})"

    # -- Kinds of field -----------------------------------------------------------------------------------

    def _whole(self, cell: str, type_: str, value: Value) -> str:
        """In minor units with `digits`; a number with more decimals is not one."""
        digits, cell = value.digits or 0, sql.as_text(cell, type_)
        number = sql.text(rf"[+-]?(\d+(\.\d{{0,{digits}}}0*)?|\.\d{{1,{digits or 1}}}0*)")
        exact = f"CAST(TRY_CAST({cell} AS DECIMAL(38, {digits})) AS VARCHAR)"
        whole = f"CAST(TRY_CAST(replace({exact}, '.', '') AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN regexp_full_match({cell}, {number}) THEN {whole} END"

    def _truth(self, cell: str, type_: str, value: Value) -> str:
        cell = f"lower({sql.as_text(cell, type_)})"
        yes, no = f"WHEN {cell} IN ({sql.texts(YES)})", f"WHEN {cell} IN ({sql.texts(NO)})"
        return f"CASE {yes} THEN 'true' {no} THEN 'false' END"

    def _day(self, cell: str, type_: str, value: Value) -> str:
        return f"strftime({times.day_of(cell, type_, value)}, '\"%Y-%m-%d\"')"

    def _time(self, cell: str, type_: str, value: Value) -> str:
        return f"strftime({times.time_of(cell, type_, value, self._zone)}, '\"{sql.RFC3339}\"')"


_READERS: Final[Mapping[type, _Reader]] = {
    int: Values._whole,
    bool: Values._truth,
    date: Values._day,
    datetime: Values._time,
}


def _scalar(meaning: object) -> str:
    return "NULL" if meaning is None else sql.json_text(meaning)
