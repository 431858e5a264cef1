"""Changes: in which slices sums are not what they were the last time that somebody read them."""

from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from streams.engine.kpis.sums import Changed, ChangingSums, Numbers, Slice

NOTHING: Final[Changed] = {}


class Changes:
    """Compares sums with those that stood in the same place the last time."""

    def __init__(self, sums: ChangingSums, last: "Changes | None") -> None:
        self._sums = sums
        self._last: Mapping[Hashable, Numbers] = {} if last is None else last.seen
        self._found: dict[Hashable, Changed] = {}
        self._compared: dict[tuple[int, int], Changed] = {}
        self._slices: dict[tuple[int, tuple[str, ...]], AbstractSet[Slice]] = {}
        self.seen: dict[Hashable, Numbers] = {}
        """Place -> what stands there."""

    def of(self, place: Hashable, numbers: Numbers) -> Changed:
        """What has changed in a place; nothing in a new one, of which nobody can remember anything."""
        if place not in self.seen:
            self.seen[place] = numbers
            self._found[place] = self._differences(self._last.get(place, numbers), numbers)
        return self._found[place]

    def slices(self, changed: Changed, measures: tuple[str, ...]) -> AbstractSet[Slice]:
        """Of what `of` gave, the slices in which one of these measures has changed."""
        asked = id(changed), measures
        if asked not in self._slices:
            self._slices[asked] = set().union(*(changed[name] for name in measures if name in changed))
        return self._slices[asked]

    def _differences(self, before: Numbers, after: Numbers) -> Changed:
        """Several places may hold the same sums, which are compared once."""
        both = id(before), id(after)
        if both not in self._compared:
            same = before is after
            self._compared[both] = NOTHING if same else self._sums.changed(before, after)
        return self._compared[both]
