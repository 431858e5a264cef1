"""Times and days of cells to SQL.

A time that is written without a zone is local. Of an hour that there is twice, as clocks are put back, the
first is meant; a time that there is not, as clocks are put forward, is told by the clock that was not put
forward (02:30 is 03:30). That is what Python's `fold=0` says, too. What cannot be read is nothing.
"""

import re
from typing import Final

from schemas.imports import NOON, UNIX, Value
from streams.imports import sql

_HAS_ZONE: Final = re.compile(r"%[zZ]")
_HAS_CLOCK: Final = re.compile(r"%-?[HIMSfgncX]")
_ISO_DAY: Final = r"\d{4}-\d{1,2}-\d{1,2}"
_ISO_TIME: Final = _ISO_DAY + r"[Tt ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_ISO_INSTANT: Final = _ISO_TIME + r" ?([Zz]|(?i:UTC|GMT)|[+-]\d{2}(:?\d{2})?)"
"""What is none of these is no time: DuckDB would leave out what it does not know, such as PM or PST."""
_UTC: Final = "'UTC'"


def time_of(cell: str, type_: str, value: Value, zone: str) -> str:
    """A TIMESTAMP in UTC of a cell; `zone` is that of the mapping."""
    local = _Local(value.zone or zone, value.at or NOON)
    if value.format in UNIX:
        return _since_1970(cell, type_, 1 if value.format == UNIX[1] else 1000)
    if type_.startswith("TIMESTAMP WITH TIME ZONE"):
        return _utc(cell)
    if type_.startswith("TIMESTAMP"):
        return local.utc(f"CAST({cell} AS TIMESTAMP)")
    if type_ == "DATE":
        return local.utc(local.on(cell))
    cell = _no_word(sql.as_text(cell, type_))
    return _iso(cell, local) if value.format is None else _formatted(cell, value.format, local)


def day_of(cell: str, type_: str, value: Value) -> str:
    """A DATE of a cell."""
    if value.format in UNIX:
        return f"CAST({_since_1970(cell, type_, 1 if value.format == UNIX[1] else 1000)} AS DATE)"
    if type_ == "DATE" or type_.startswith("TIMESTAMP"):
        return f"CAST({cell} AS DATE)"
    cell = _no_word(sql.as_text(cell, type_))
    if value.format is None:
        return f"TRY_CAST({cell} AS DATE)"
    return f"CAST({_strptime(cell, value.format)} AS DATE)"


def _no_word(cell: str) -> str:
    """DuckDB takes `infinity` and `epoch` for times; a file means no such thing."""
    return f"CASE WHEN regexp_matches({cell}, '[0-9]') THEN {cell} END"


class _Local:
    """Times of a zone; a day is meant at its time `at`."""

    def __init__(self, zone: str, at: str) -> None:
        self._zone = zone
        self._at = at

    def on(self, day: str) -> str:
        return f"(CAST({day} AS DATE) + TIME {sql.text(self._at)})"

    def utc(self, local: str) -> str:
        """The TIMESTAMP in UTC of a local one."""
        if self._zone == "UTC":
            return local
        zone = sql.text(self._zone)
        # By the offset of the day before, unless that is not what the clock shows any more.
        before = (
            f"(l + ((l - INTERVAL 1 DAY) - ((l - INTERVAL 1 DAY) AT TIME ZONE {_UTC} AT TIME ZONE {zone})))"
        )
        after = f"(l AT TIME ZONE {zone} AT TIME ZONE {_UTC})"
        shown = f"(t AT TIME ZONE {_UTC} AT TIME ZONE {zone})"
        chosen = _with("t", before, f"CASE WHEN {shown} = l THEN t ELSE {_again(after, 't', shown)} END")
        return _with("l", local, chosen)


def _with(variable: str, value: str, expression: str) -> str:
    """`expression`, in which `variable` is `value`: worked out once."""
    return f"list_transform([{value}], lambda {variable}: {expression})[1]"


def _again(after: str, before: str, shown: str) -> str:
    """The later offset, if the clock showed that; else there was no such time, and the earlier one counts."""
    later = shown.replace("(t ", "(u ")
    return _with("u", after, f"CASE WHEN {later} = l THEN u ELSE {before} END")


def _iso(cell: str, local: _Local) -> str:
    day, instant = (
        local.on(f"TRY_CAST({cell} AS DATE)"),
        _utc(f"TRY_CAST({_offset_only(cell)} AS TIMESTAMPTZ)"),
    )
    return (
        f"CASE WHEN regexp_full_match({cell}, {sql.text(_ISO_DAY)}) THEN {local.utc(day)} "
        f"WHEN regexp_full_match({cell}, {sql.text(_ISO_TIME)}) "
        f"THEN {local.utc(f'TRY_CAST({cell} AS TIMESTAMP)')} "
        f"WHEN regexp_full_match({cell}, {sql.text(_ISO_INSTANT)}) THEN {instant} END"
    )


def _offset_only(instant: str) -> str:
    """A text with its zone as DuckDB reads it: an offset, without a blank before it."""
    named = f"regexp_replace({instant}, '(Z|UTC|GMT)$', '+00', 'i')"
    return f"regexp_replace({named}, ' ([+-])', '\\1')"


def _formatted(cell: str, format_: str, local: _Local) -> str:
    read = _strptime(cell, format_)
    if _HAS_ZONE.search(format_):
        return _utc(read)
    return local.utc(read if _HAS_CLOCK.search(format_) else local.on(read))


def _strptime(cell: str, format_: str) -> str:
    return f"try_strptime({cell}, {sql.text(format_)})"


def _since_1970(cell: str, type_: str, to_ms: int) -> str:
    ms = f"TRY_CAST({sql.as_text(cell, type_)} AS DECIMAL(18, 3)) * {to_ms}"
    return f"TRY(make_timestamp(CAST(floor({ms}) AS BIGINT) * 1000))"


def _utc(instant: str) -> str:
    return f"({instant} AT TIME ZONE {_UTC})"
