"""What a person wants to be published again."""

from dataclasses import dataclass
from typing import Final

from streams.letters.filters import Filter
from streams.letters.fixing import Fix

UNSURE: Final = 100
"""A tenth of the records that the share of bad ones is taken of."""
RATE: Final = 1_000.0
"""Letters a second."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be published again, and how."""

    wanted: Filter
    fix: Fix = Fix()
    force: bool = False
    """Publish what would be refused again, too."""
    unsure: int = UNSURE
    """So many at most that the decoder cannot vouch for."""
    rate: float = RATE
    """Letters a second."""
