"""Sums: what readings are made of, as whoever keeps the panes tells it.

Numbers are read by key, not by the name of their cell: a reading asks for the same few cells again and again.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, Protocol

from streams.naming import ALL

Slice = tuple[str, str]
"""(dimension, member)."""
WHOLE: Final[Slice] = (ALL, ALL)
FOREVER_MS: Final = 2**62
"""After every pane."""

Key = Any
"""Where the number of a cell stands."""
Changed = Mapping[str, set[Slice]]
"""Measure -> the slices in which a cell of it has changed."""


class Numbers(Protocol):
    """The numbers of all cells at one moment, by key; 0 for what is not there. Never changed afterwards."""

    def __getitem__(self, key: Key, /) -> int: ...


class Sums(Protocol):
    """The panes of all partitions, summed."""

    def window(self, tier: str, start_ms: int, end_ms: int) -> Numbers:
        """Sums over the panes of a tier that start in [start_ms, end_ms]."""

    def level_now(self) -> Numbers:
        """The running totals."""

    def level_at(self, tier: str, time_ms: int) -> Numbers:
        """The running totals less the panes of a tier that start at `time_ms` or after it."""

    def key(self, cell: str) -> Key:
        """Where the number of a cell stands, in all numbers told. Holds until there are other cells."""

    def totals(self) -> Mapping[str, int]:
        """Cell -> running total; other counters may stand beside them."""

    def cells(self) -> AbstractSet[str]:
        """Every cell that is not 0 in some pane or total."""

    def first_pane(self, tier: str, cell: str, start_ms: int, end_ms: int) -> int | None:
        """Start of the earliest pane of a tier in [start_ms, end_ms) in which a cell is not 0."""

    def oldest_ms(self, measure: str) -> int | None:
        """Since when the longest waiting subject of a measure waits, exactly; or will, if none does yet."""

    def values(self, tier: str, cell: str, start_ms: int, end_ms: int) -> Mapping[int, int]:
        """Start -> value of the panes of a tier in [start_ms, end_ms) in which a cell is not 0."""


class ChangingSums(Sums, Protocol):
    """Sums that are read again and again.

    While nothing changes, it may tell the same numbers each time, and best does: then nothing is compared.
    """

    def changed(self, before: Numbers, after: Numbers) -> Changed:
        """Where numbers that were told are not the same."""


class _Zeros:
    def __getitem__(self, key: Key, /) -> int:
        return 0


ZEROS: Final[Numbers] = _Zeros()
"""Of what has no panes."""
