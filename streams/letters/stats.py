"""How many dead letters there are, by reason and type, hour by hour or day by day."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from streams.letters.letter import Letter
from streams.letters.masking import Mask
from streams.naming import OTHER

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
STEPS: Final = {"hour": HOUR_MS, "day": DAY_MS}
MOST_GROUPS: Final = 1_000
"""Records may say anything as their type; beyond so many groups it is `other`."""


@dataclass(slots=True)
class Group:
    """The letters of one reason and one type. Times in milliseconds, of the records."""

    number: int = 0
    first_ms: int = 0
    last_ms: int = 0
    steps: Counter[int] = field(default_factory=Counter)
    """Beginning of an hour or a day (UTC) -> letters in it."""

    def add(self, time_ms: int, step_ms: int) -> None:
        self.first_ms = min(self.first_ms, time_ms) if self.number else time_ms
        self.last_ms = max(self.last_ms, time_ms) if self.number else time_ms
        self.number += 1
        self.steps[time_ms // step_ms * step_ms] += 1


class Stats:
    """Counts letters; `step_ms` is an hour or a day."""

    def __init__(self, step_ms: int, mask: Mask | None = None) -> None:
        """Without a mask types are those that the records tell."""
        self.step_ms = step_ms
        self._mask = mask
        self.groups: dict[tuple[str, str], Group] = {}
        """(reason, type) -> its letters."""

    def add(self, letter: Letter) -> None:
        origin = letter.origin()
        key = (letter.dead.reason, (self._mask.type(origin) if self._mask else origin.type) or "")
        if key not in self.groups and len(self.groups) >= MOST_GROUPS:
            key = (letter.dead.reason, OTHER)
        self.groups.setdefault(key, Group()).add(letter.dead.timestamp_ms, self.step_ms)

    def sorted(self) -> list[tuple[str, str, Group]]:
        """Reason, type and group; the largest first."""
        found = [(reason, type_, group) for (reason, type_), group in self.groups.items()]
        return sorted(found, key=lambda one: (-one[2].number, one[0], one[1]))
