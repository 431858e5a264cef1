"""Members of the catalog's dimensions, from a Zendesk ticket."""

from collections.abc import Mapping
from typing import Any

from schemas.intake import Zendesk
from schemas.intake.fields import field_of
from schemas.intake.zendesk import Dimension, OfTags
from streams.intake.members import member
from streams.intake.values import text
from streams.intake.zendesk_events import is_there


def dimensions(detail: Mapping[str, Any], mapping: Zendesk) -> dict[str, str]:
    """Dimension -> member, of those that the ticket tells."""
    found = {name: _member(detail, source) for name, source in mapping.dimensions.items()}
    return {name: one for name, one in found.items() if one}


def _member(detail: Mapping[str, Any], source: Dimension) -> str | None:
    if isinstance(source, OfTags):
        return next((one for tag, one in source.tags.items() if tag in _tags(detail)), None)
    return member(source, _found(detail, field_of(source)))


def _found(detail: Any, field: str) -> str | None:
    """Enumerations are written in capitals or not, as it happens."""
    for name in field.split("."):
        detail = detail.get(name) if isinstance(detail, dict) else None
    found = text(detail)
    return found.lower() if is_there(found) and found else None


def _tags(detail: Mapping[str, Any]) -> list[str]:
    """Some send them as one text."""
    tags = detail.get("tags")
    words = tags.split() if isinstance(tags, str) else tags if isinstance(tags, list) else []
    return [word.lower() for word in words if isinstance(word, str)]
