"""The envelope: CloudEvents 1.0, the types that there are, and the record key."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schemas.events import campaigns, customers, money, operations, sales, support
from schemas.events.base import CUSTOMER, Data, Id, Text

_FAMILIES: Final = (sales, customers, money, campaigns, support, operations)
EventTypes = Mapping[str, type[Data]]
"""Event type -> the model of its data."""
EVENT_TYPES: Final[EventTypes] = {
    model.TYPE: model
    for family in _FAMILIES
    for model in vars(family).values()
    if isinstance(model, type) and issubclass(model, Data) and hasattr(model, "TYPE")
}
"""The types of the contract. A catalog may declare more (`schemas.own_events`)."""


class Envelope(BaseModel):
    """The CloudEvents attributes that count here; others are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, use_attribute_docstrings=True)

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: Id
    type: str
    time: AwareDatetime
    """When it happened, not when it was sent."""
    partitionkey: Id | None = None
    dataschema: Text | None = None


class Event(Envelope):
    """A whole event as producers make it. Its data may be a model of a catalog's own type."""

    data: SerializeAsAny[Data]

    @field_validator("data", mode="before")
    @classmethod
    def _data_of_its_type(cls, value: Any, info: ValidationInfo) -> Any:
        """Data that is not yet a model, as when an event is read back, becomes that of its type."""
        model = EVENT_TYPES.get(info.data.get("type", ""))
        if model is None or isinstance(value, Data):
            return value
        return (
            model.model_validate_json(json.dumps(value))
            if info.mode == "json"
            else model.model_validate(value)
        )

    @model_validator(mode="after")
    def _type_fits_data(self) -> Self:
        if self.type != getattr(self.data, "TYPE", None):
            raise ValueError(f"type {self.type} does not fit data of {type(self.data).__name__}")
        return self

    def key(self) -> str:
        """The Kafka record key: one key per relationship."""
        return self.partitionkey or _first(self.data.key_fields(), self.data.model_dump()) or self.id

    def to_json(self) -> bytes:
        """The structured mode's value (content type application/cloudevents+json)."""
        return self.model_dump_json(exclude_none=True).encode()


def partition_key(type_: str, data: Mapping[str, Any], types: EventTypes = EVENT_TYPES) -> str | None:
    """The key that the contract gives to an event without `partitionkey`.

    Of a type that is not among `types` the customer's, if it names one.
    """
    model = types.get(type_)
    return _first(model.key_fields() if model else [CUSTOMER], data)


def _first(fields: Sequence[str], data: Mapping[str, Any]) -> str | None:
    """The first of these fields that holds a text."""
    for field in fields:
        value = data.get(field)
        if isinstance(value, str) and value:
            return value
    return None
