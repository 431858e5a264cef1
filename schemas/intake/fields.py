"""Where a dimension's member stands in what a vendor sends."""

from typing import Annotated

from pydantic import Field

from schemas.words import FreeName, Model

FieldName = Annotated[str, Field(min_length=1, max_length=200)]
"""A field as the vendor calls it, or the path to it."""


class OfField(Model):
    """The member is what stands in a field, renamed."""

    field: FieldName
    values: dict[str, Annotated[str, Field(min_length=1, max_length=200)]]
    """What stands there, in any case -> the member; what is not listed has none."""


Dimensions = dict[FreeName, FieldName | OfField]
"""Dimension of the catalog -> where its member stands."""


def field_of(source: FieldName | OfField) -> FieldName:
    return source.field if isinstance(source, OfField) else source
