"""A dead letter without personal data: only what the contract declares and nobody is known by is shown.

Shown are enumerations, numbers, booleans, times and currencies, where the contract has them and the record
keeps to it; of an id, where it is long enough, the beginning. Of anything else there is told what it is:
`text of 17 characters`. Names of fields that the contract does not have are not shown either, for a record
may have anything as a name.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from schemas.events import YEARS, Data, field_type
from streams.engine.plan import Plan
from streams.letters.letter import Letter, Origin
from streams.letters.quotations import masked_message

Kind = Literal["number", "boolean", "date", "time", "currency", "id", "text"]

SHOWN_RUN: Final = 3
"""So many characters of an id are shown, at its beginning."""
_SHORTEST_ID: Final = 9
"""Of a shorter one they would be half a name."""
_MOST_TEXTS: Final = 1_000
_STRICT: Final = ConfigDict(strict=True)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_ID: Final = re.compile(r"[\w.:/-]+", re.ASCII)
_ENVELOPE: Final[Mapping[str, Kind]] = {"id": "id", "source": "id", "time": "time", "partitionkey": "id"}
_KINDS: Final[Mapping[type, Kind]] = {
    bool: "boolean",
    int: "number",
    date: "date",
    datetime: "time",
}


class Mask:
    """Masks by the types and fields of one catalog."""

    def __init__(self, plan: Plan) -> None:
        self._kinds = {type_: _kinds_of(model) for type_, model in plan.types.items()}
        self._choices = {type_: _choices_of(model) for type_, model in plan.types.items()}
        self._numbers = {type_: _numbers_of(model) for type_, model in plan.types.items()}
        fields = {name for kinds in self._kinds.values() for name in kinds}
        choices = {text for of_type in self._choices.values() for texts in of_type.values() for text in texts}
        self._fields = {*fields, *plan.catalog.told, "data", "specversion", "type", *_ENVELOPE}
        self._words = frozenset({*self._fields, *plan.types, *map(str, choices), *plan.catalog.told})

    def type(self, origin: Origin) -> str:
        """An event type that there is, or what stands there instead; empty where nothing does."""
        if origin.type is None or origin.type in self._kinds:
            return origin.type or ""
        return described(origin.type)

    def source(self, origin: Origin) -> str:
        """In shortened form; empty where there is none. No catalog declares sources."""
        return shortened(origin.source) or ""

    def field(self, letter: Letter) -> str:
        """The path of the field at fault."""
        return ".".join(
            part if part in self._fields else described(part)
            for part in (letter.dead.field or "").split(".")
            if part
        )

    def message(self, letter: Letter) -> str:
        return self.text(letter.dead.message, letter)

    def text(self, message: str, letter: Letter) -> str:
        """A message about the letter, without what it quotes."""
        return masked_message(message, self._words, _texts(letter))

    def event(self, letter: Letter) -> Mapping[str, Any] | str:
        """The event with its values masked; of what is no event, how long it is."""
        event = letter.event()
        if event is None:
            return _sized(letter.dead.size)
        shown = {name: _masked(event[name], kind) for name, kind in _ENVELOPE.items() if name in event}
        if event.get("specversion") == "1.0":
            shown["specversion"] = "1.0"
        type_ = event.get("type")
        if "type" in event:
            shown["type"] = type_ if isinstance(type_, str) and type_ in self._kinds else described(type_)
        if "data" in event:
            shown["data"] = self._data(event["data"], type_)
        return _with_rest(shown, event)

    def _data(self, data: Any, type_: Any) -> Any:
        if not isinstance(data, Mapping):
            return described(data)
        known = type_ if isinstance(type_, str) and type_ in self._kinds else None
        if known is None:
            return _with_rest({}, data)
        kinds = self._kinds[known]
        shown = {name: self._value(known, name, value) for name, value in data.items() if name in kinds}
        return _with_rest(shown, data)

    def _value(self, type_: str, name: str, value: Any) -> Any:
        """Of a field that the contract has."""
        if _is_among(value, self._choices[type_].get(name, ())):
            return value
        number = self._numbers[type_].get(name)
        if value is None or number is None:
            return _masked(value, self._kinds[type_][name])
        return value if _fits(number, value) else described(value)


def _is_among(value: Any, choices: Iterable[Any]) -> bool:
    return any(type(value) is type(choice) and value == choice for choice in choices)


def _with_rest(shown: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """With how many fields there are that the contract does not have."""
    rest = len(given) - len(shown)
    return {**shown, "…": f"{rest} more field{'s' if rest > 1 else ''}"} if rest else shown


# -- What the contract says of a field --------------------------------------------------------------------


def _kinds_of(model: type[Data]) -> dict[str, Kind]:
    return {name: _kind(name, model) for name in model.model_fields}


def _kind(name: str, model: type[Data]) -> Kind:
    held = field_type(model, name)
    if held is not str:
        return _KINDS[held]
    if name == "currency":
        return "currency"
    return "id" if name.endswith("_id") else "text"


def _choices_of(model: type[Data]) -> dict[str, tuple[Any, ...]]:
    """Field -> all that it may say, of those that have such a list."""
    found = {name: _literals(info.annotation) for name, info in model.model_fields.items()}
    return {name: choices for name, choices in found.items() if choices}


def _numbers_of(model: type[Data]) -> dict[str, TypeAdapter[Any]]:
    """Field -> what its numbers may be, of those that hold numbers."""
    return {
        name: _adapter(Annotated[info.annotation, info])
        for name, info in model.model_fields.items()
        if field_type(model, name) is int
    }


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation, config=_STRICT)


def _literals(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(value for part in get_args(annotation) for value in _literals(part))


# -- Values -----------------------------------------------------------------------------------------------


def _masked(value: Any, kind: Kind) -> Any:
    """The value where it is what it should be and may be shown; what it is where not."""
    if value is None:
        return None
    if kind == "id":
        return shortened(value)
    shows = _SHOWS.get(kind)
    return value if shows is not None and shows(value) else described(value)


def _fits(number: TypeAdapter[Any], value: Any) -> bool:
    """Whether it is a number within the bounds of the contract."""
    try:
        number.validate_python(value)
    except ValidationError:
        return False
    return True


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and value.isascii() and date.fromisoformat(value).year in YEARS
    except ValueError:
        return False


def _is_time(value: Any) -> bool:
    """Of day, hour and zone, as the contract has times: a day alone may be that of a birth."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and value.isascii() else None
    except ValueError:
        return False
    return moment is not None and moment.tzinfo is not None and moment.year in YEARS


_SHOWS: Final[Mapping[Kind, Callable[[Any], bool]]] = {
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "time": _is_time,
    "currency": lambda value: isinstance(value, str) and bool(_CURRENCY.fullmatch(value)),
}


def shortened(value: Any) -> str | None:
    """cus…; of what is short, or looks like a text or an address, how long it is."""
    if value is None:
        return None
    if isinstance(value, str) and len(value) >= _SHORTEST_ID and _ID.fullmatch(value):
        return f"{value[:SHOWN_RUN]}…"
    return described(value)


def described(value: Any) -> str:
    """What a value is, without saying any of it."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return _counted("text of", len(value), "character")
        case list():
            return _counted("list of", len(value), "value")
        case Mapping():
            return _counted("object of", len(value), "field")
    return "a value"


def _sized(size: int) -> str:
    return _counted("record of", size, "byte")


def _counted(what: str, number: int, of: str) -> str:
    return f"{what} {number:,} {of}{'' if number == 1 else 's'}"


def _texts(letter: Letter) -> list[str]:
    """All texts of a record that a message about it could quote without saying so."""
    found = [name for name, _ in letter.dead.headers]
    todo: list[Any] = [letter.event()]
    while todo and len(found) < _MOST_TEXTS:
        value = todo.pop()
        match value:
            case str():
                found += [] if _is_time(value) else [value]
            case Mapping():
                todo += [*value, *value.values()]
            case list():
                todo += value
    return found
