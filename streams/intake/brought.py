"""What a request brings: lines for Kafka, and what of it is left out, was lost, or cannot be read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from streams.intake.drafts import Mapped

FAULTS_TOLD: Final = 100
"""So many faults stand in an answer; the others are counted."""


class Line(NamedTuple):
    """An event as it goes to Kafka, and its type for the metrics."""

    type: str
    value: bytes


@dataclass(slots=True)
class Brought:
    lines: list[Line] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As the answer tells it."""
        told = {"events": len(self.lines), "ignored": dict(self.ignored), "gaps": dict(self.gaps)}
        return {name: value for name, value in told.items() if name == "events" or value}

    def told_faults(self) -> dict[str, Any]:
        return {"faults": self.faults[:FAULTS_TOLD], "more_faults": max(0, len(self.faults) - FAULTS_TOLD)}


def of_mapped(mapped: Mapped) -> Brought:
    lines = [Line(draft.type, draft.line()) for draft in mapped.drafts]
    return Brought(lines, mapped.ignored, mapped.gaps, _faults(mapped))


def _faults(mapped: Mapped) -> list[dict[str, Any]]:
    return [fault._asdict() for fault in mapped.faults]


def types_of(lines: Iterable[Line]) -> Counter[str]:
    """Type -> how many."""
    return Counter(line.type for line in lines)
