"""Members of the catalog's dimensions, from the fields that a mapping names."""

from collections.abc import Callable

from schemas.intake.fields import Dimensions, FieldName, OfField, field_of
from streams.intake.values import looked_up


def members(dimensions: Dimensions, read: Callable[[FieldName], str | None]) -> dict[str, str]:
    """Dimension -> member, of those whose field says something."""
    found = {name: _member(source, read(field_of(source))) for name, source in dimensions.items()}
    return {name: member for name, member in found.items() if member is not None}


def _member(source: FieldName | OfField, said: str | None) -> str | None:
    renamed: str | None = looked_up(said, source.values) if isinstance(source, OfField) else said
    return renamed
