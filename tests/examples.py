"""Data with which every model of an event type is content, made from the model itself."""

from datetime import date, datetime
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

from schemas.events import Data, field_type

_OF_TYPE: Final[dict[type, Any]] = {
    str: "text",
    int: 1,
    bool: True,
    date: "2024-04-01",
    datetime: "2024-04-01T10:00:00Z",
}
_NAMED: Final[dict[str, Any]] = {"currency": "USD", "entity": "lead", "scale_min": 0, "scale_max": 10}
"""What not every text or number will do for."""


def data_of(model: type[Data]) -> dict[str, Any]:
    """Data with every field that there is, as JSON has it."""
    return {name: _value(model, name) for name in model.model_fields}


def required_of(model: type[Data]) -> dict[str, Any]:
    """Data with no field that may be left out."""
    return {name: value for name, value in data_of(model).items() if model.model_fields[name].is_required()}


def _value(model: type[Data], name: str) -> Any:
    choices = _choices(model.model_fields[name].annotation)
    return _NAMED.get(name, choices[0] if choices else _OF_TYPE[field_type(model, name)])


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return _choices(parts[0]) if len(parts) == 1 else ()
