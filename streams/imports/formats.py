"""How the days and times of a column are written, found out from its cells."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import product
from typing import Final

ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")
_DAYS: Final = (
    *("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y"),
)
_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %I:%M %p")
_FORMATS: Final = tuple(day + clock for day, clock in product(_DAYS, _CLOCKS))
_OF_TIMES: Final = re.compile(r"\b(date|day|time|timestamp|at|on|created|updated|opened|closed|when)\b")
_UNIX: Final = (("unix_s", 10), ("unix_ms", 13))
"""Format of numbers that count from 1970 -> digits of those of the years 2001 to 2286."""


def time_formats(name: str, cells: Sequence[str]) -> list[str | None]:
    """The formats that fit all of these cells; None is ISO 8601. Empty where they are no times."""
    if all(map(_is_iso, cells)):
        return [None]
    if all(cell.isdigit() for cell in cells):
        return [unix for unix, digits in _UNIX if _OF_TIMES.search(name) and _have(cells, digits)]
    return [format_ for format_ in _FORMATS if _fits(format_, cells)]


def _have(cells: Collection[str], digits: int) -> bool:
    return all(len(cell) == digits for cell in cells)


def _is_iso(cell: str) -> bool:
    return bool(ISO.match(cell)) and _parses(datetime.fromisoformat, cell)


def _fits(format_: str, cells: Collection[str]) -> bool:
    return all(_parses(lambda cell: datetime.strptime(cell, format_), cell) for cell in cells)  # noqa: DTZ007


def _parses(read: Callable[[str], datetime], cell: str) -> bool:
    try:
        read(cell)
    except ValueError:
        return False
    return True


def has_clock(format_: str | None, cells: Sequence[str]) -> bool:
    """Whether these cells, in this format, have a time of day."""
    return len(cells[0]) > len("2024-01-31") if format_ is None else "%M" in format_ or "unix" in format_
