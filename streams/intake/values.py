"""What stands in a vendor's JSON, one value at a time: None for what is not of its kind.

Nothing raises, whatever the value is: numbers of a million digits, halves of surrogate pairs, NaN.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

MAX_TEXT: Final = 200
"""Characters that a stage or a dimension's member may have."""
MAX_ID: Final = 100
"""Characters of a vendor's id: the contract's have 200 at most, and a prefix, or are made of several."""
_MAX_WHOLE: Final = 10**18
_LONGEST_NUMBER: Final = 40
_MAX_EXPONENT: Final = 20
_LAST_MS: Final = 7_258_118_400_000
"""The beginning of the year 2200: times of the contract lie before it."""


def text(value: object, longest: int = MAX_TEXT) -> str | None:
    """A text that says something, without the blanks around it; a whole number is written out."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < _MAX_WHOLE else None
    if not isinstance(value, str):
        return None
    found = value.strip()
    return found if 0 < len(found) <= longest and _is_utf8(found) else None


def whole(value: object) -> int | None:
    """A whole number from 0 on, also when it is written as a text of digits."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < _LONGEST_NUMBER:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 10**_MAX_EXPONENT else None


def number(value: object) -> Decimal | None:
    """A number as it is written, exactly: 1299.9 is no binary fraction here."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**_MAX_EXPONENT else None
    written = value.strip() if isinstance(value, str) else repr(value)
    try:
        found = Decimal(written) if len(written) <= _LONGEST_NUMBER else None
    except ArithmeticError:  # not a number
        return None
    if found is None or not found.is_finite() or abs(found.adjusted()) > _MAX_EXPONENT:
        return None
    return found


def flag(value: object) -> bool | None:
    """True or false, also as a text in any case."""
    return _FLAGS.get(value.lower()) if isinstance(value, str) else value if isinstance(value, bool) else None


_FLAGS: Final = {"true": True, "false": False}


def rfc3339(time_ms: int | None) -> str | None:
    """Milliseconds since the epoch as the contract writes times; None for those beyond its years."""
    if time_ms is None or not 0 <= time_ms < _LAST_MS:
        return None
    seconds, ms = divmod(time_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def member(value: object, name: str) -> Any:
    """What an object has under a name; None when it is no object, or has nothing there."""
    return value.get(name) if isinstance(value, dict) else None


def at_path(value: object, path: str) -> Any:
    """What stands at a path such as `items.data.0.price.product`; None where it leads nowhere."""
    for name in path.split("."):
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        else:
            value = member(value, name)
    return value


def same(value: str) -> str:
    """The form in which names that people write are compared: case and blanks around them do not count."""
    return value.strip().casefold()


def is_one_of(value: str | None, names: Iterable[str]) -> bool:
    return value is not None and same(value) in map(same, names)


def looked_up(value: str | None, table: Mapping[str, Any]) -> Any:
    """What a mapping's table has for a name; None when it has nothing."""
    if value is None:
        return None
    wanted = same(value)
    return next((found for name, found in table.items() if same(name) == wanted), None)


def _is_utf8(value: str) -> bool:
    """Whether it can be written at all: JSON may hold half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
