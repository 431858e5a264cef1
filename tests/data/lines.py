"""What the converters of this folder share: rows in, events out, and the count of what was found."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(slots=True)
class Converted:
    """Events as lines of NDJSON, without newlines, and how often what was met in the rows."""

    lines: list[bytes] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)


def rows(file: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, each a dict of texts."""
    with file.open(newline="") as lines:
        yield from csv.DictReader(lines)


def line(source: str, id_: str, type_: str, at: datetime, data: dict[str, Any]) -> bytes:
    """An event; fields that are None are left out."""
    time = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {name: value for name, value in data.items() if value is not None}
    envelope = {"specversion": "1.0", "source": source, "id": id_, "type": type_, "time": time, "data": told}
    return msgspec.json.encode(envelope)
