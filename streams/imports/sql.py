"""Words of SQL: names, texts and JSON as DuckDB reads them."""

import json
from collections.abc import Iterable

RFC3339 = "%Y-%m-%dT%H:%M:%S.%gZ"
"""With milliseconds, of a time that is UTC."""


def name(identifier: str) -> str:
    """A column or table."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text, whatever stands in it."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    return ", ".join(map(text, values))


def json_text(value: object) -> str:
    """A value as the text of its JSON."""
    return text(json.dumps(value, ensure_ascii=False))


def as_text(expression: str, type_: str) -> str:
    """An expression of DuckDB's type `type_` as a text."""
    return expression if type_ == TEXT else f"CAST({expression} AS VARCHAR)"


def json_string(expression: str) -> str:
    """A text as a JSON string; nothing of nothing."""
    return f"CAST(to_json({expression}) AS VARCHAR)"


TEXT = "VARCHAR"
