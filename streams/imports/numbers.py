"""How the numbers of a column are written: plain, or with signs that have to go before they can be read."""

import re
from collections.abc import Sequence
from typing import Final, Literal

from streams.imports import sql

Written = Literal["plain", "with a point", "with a comma"]
_PLAIN: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_UNIT: Final = r"(?:[A-Z]{3}|[A-Z]{0,3}[$€£¥])?"
_OF_AMOUNTS: Final = re.compile(r"\b(amount|value|total|revenue|price|worth|cost|sum|score|rating)\b")
_WITH_POINT: Final = re.compile(rf"-?{_UNIT} ?-?\d{{1,3}}([, ']?\d{{3}})*(\.\d+)? ?{_UNIT}")
_WITH_COMMA: Final = re.compile(rf"-?{_UNIT} ?-?\d{{1,3}}([. ']?\d{{3}})*(,\d+)? ?{_UNIT}")


def written(words: str, cells: Sequence[str]) -> Written | None:
    """How the cells of a column are written, None if they are no numbers. `1,234` is a thousand.

    `words` is the column's name: only what is called an amount may have signs, for ids have some as well.
    """
    spaced = [cell.replace("\u00a0", " ").replace("\u202f", " ") for cell in cells]
    if all(map(_PLAIN.fullmatch, cells)):
        return "plain"
    if not _OF_AMOUNTS.search(words):
        return None
    if all(map(_WITH_POINT.fullmatch, spaced)):
        return "with a point"
    return "with a comma" if all(map(_WITH_COMMA.fullmatch, spaced)) else None


def plainly(column: str, as_written: Written) -> str:
    """SQL of the plain number that a column's cell says."""
    name = sql.name(column)
    if as_written == "with a comma":
        return f"replace(regexp_replace({name}, '[^0-9,-]', '', 'g'), ',', '.')"
    return f"regexp_replace({name}, '[^0-9.-]', '', 'g')"
