"""How many members each dimension has, over all partitions: what bounds panes, memory and series."""

import logging
from collections.abc import Iterable, Mapping

from schemas.catalog import Dimension
from streams.naming import ALL, UNKNOWN, split_cell, split_members

log = logging.getLogger(__name__)


class Census:
    """Counts members. Of a dimension that has more than the catalog expects it warns, once."""

    def __init__(self, dimensions: Mapping[str, Dimension]) -> None:
        self._dimensions = dimensions
        self._warned: set[str] = set()

    def count(self, cells: Iterable[str]) -> dict[str, int]:
        """Dimension -> its members in these cells. `unknown` is none, nor is a pair with it in."""
        members: dict[str, set[str]] = {name: set() for name in self._dimensions}
        for cell in cells:
            _, dimension, member = split_cell(cell)
            if dimension != ALL:
                members[dimension].add(member)
        counts = {name: self._known(name, found) for name, found in members.items()}
        for name, number in counts.items():
            self._judge(name, number)
        return counts

    def _known(self, dimension: str, members: Iterable[str]) -> int:
        if self._dimensions[dimension].of is None:
            return sum(member != UNKNOWN for member in members)
        return sum(UNKNOWN not in split_members(member) for member in members)

    def _judge(self, dimension: str, number: int) -> None:
        expected = self._dimensions[dimension].members
        if number > expected and dimension not in self._warned:
            self._warned.add(dimension)
            log.warning(
                "dimension %s has %d members, more than the %d that the catalog expects: all are counted, "
                "but each takes memory; raise its `members`, or let events name fewer",
                dimension,
                number,
                expected,
            )
