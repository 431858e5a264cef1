"""Where a dimension's member stands in what a vendor sends, and words that several sections share."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field

from schemas.words import FreeName, Model

Origin = Literal["inbound", "outbound", "referral", "event", "partner", "other"]
"""Of a lead, in the contract."""


def _written(value: object) -> object:
    """Ids are numbers mostly, and YAML reads them as such."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


written = BeforeValidator(_written)
"""Vendors send as a text what YAML may read as a number."""

FieldName = Annotated[str, Field(min_length=1, max_length=200)]
"""A field as the vendor calls it, or the path to it."""
Said = Annotated[str, written, Field(min_length=1)]
Member = Annotated[str, written, Field(min_length=1, max_length=200)]

Field_ = TypeVar("Field_", bound=str)


class OfField(Model, Generic[Field_]):
    """The member is what stands in a field, renamed."""

    field: Field_
    values: dict[Said, Member]
    """What stands there, in any case -> the member; what is not listed has none."""


Dimensions = dict[FreeName, FieldName | OfField[FieldName]]
"""Dimension of the catalog -> where its member stands."""


def field_of(source: Field_ | OfField[Field_]) -> Field_:
    return source.field if isinstance(source, OfField) else source
