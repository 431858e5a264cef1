"""Members of the catalog's dimensions, from the fields that a mapping names."""

from collections.abc import Callable
from typing import Any

from schemas.intake.fields import Dimensions, FieldName, OfField, field_of
from streams.intake.values import looked_up


def members(dimensions: Dimensions, read: Callable[[FieldName], str | None]) -> dict[str, str]:
    """Dimension -> member, of those whose field says something."""
    found = {name: member(source, read(field_of(source))) for name, source in dimensions.items()}
    return {name: one for name, one in found.items() if one is not None}


def member(source: str | OfField[Any], said: str | None) -> str | None:
    """What is said, or what the mapping has for it."""
    renamed: str | None = looked_up(said, source.values) if isinstance(source, OfField) else said
    return renamed
