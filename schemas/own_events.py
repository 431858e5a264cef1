"""Event types that a catalog declares beside those of the contract, and the models that are made of them."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field, create_model

from schemas.events.base import (
    MAX_AMOUNT,
    PERIOD,
    Amount,
    Currency,
    Data,
    Declared,
    Fault,
    Id,
    Text,
    period_fault,
    time_fault,
)
from schemas.words import Model, Name

OWN: Final = "crm.x."
"""What the names of such types begin with."""

FieldKind = Literal["id", "text", "integer", "amount", "currency", "boolean", "date", "time"]
Choices = list[Annotated[str, Field(min_length=1, max_length=200)]]
"""All that a field may hold."""

_ANNOTATIONS: Final[dict[FieldKind, Any]] = {
    "id": Id,
    "text": Text,
    "integer": Annotated[int, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)],
    "amount": Amount,
    "currency": Currency,
    "boolean": bool,
    "date": date,
    "time": AwareDatetime,
}


class EventType(Model):
    """An event type of one's own, `crm.x.<entity>.<past tense>`; its fields are those of `data`."""

    id: str
    """The field that names what the event is about; the record key when there is no customer."""
    required: dict[Name, FieldKind | Choices]
    """Field -> what it holds; a list of texts is all that it may hold."""
    optional: dict[Name, FieldKind | Choices] = {}


def own_model(type_: str, declared: EventType) -> type[Data]:
    """The model of an own type's data, as those of the contract are."""
    required: dict[str, Any] = {name: _annotation(kind) for name, kind in declared.required.items()}
    optional: dict[str, Any] = {
        name: (_annotation(kind) | None, None) for name, kind in declared.optional.items()
    }
    rule = staticmethod(_rule({**declared.required, **declared.optional}))
    members = {"TYPE": type_, "OWN_ID": declared.id, "fault": rule, "__module__": __name__}
    name = "".join(word.capitalize() for word in type_.replace("_", ".").split(".")[2:])
    base: type[Data] = type(name, (Data,), members)
    return create_model(name, __base__=base, **required, **optional)


def _annotation(kind: FieldKind | Choices) -> Any:
    return _ANNOTATIONS[kind] if isinstance(kind, str) else Literal[tuple(kind)]


def _rule(kinds: Mapping[str, FieldKind | Choices]) -> Callable[..., Fault | None]:
    """The rules that the contract's own types keep to, on periods, days and times."""
    days = [name for name, kind in kinds.items() if kind in ("date", "time")]
    has_period = set(PERIOD) <= set(days)

    def fault(data: Any, declared: Declared | None = None) -> Fault | None:
        if has_period and (found := period_fault(data)):
            return found
        return next(filter(None, (time_fault(data, name) for name in days)), None)

    return fault
