"""Cells: what their names say, and all that there are, by what they hold."""

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache

from streams.engine.kpis.sums import Key, Slice
from streams.naming import cell, split_cell


@lru_cache(maxsize=2**17)
def parsed(name: str) -> tuple[str, Slice, int | None]:
    """(measure, slice, bucket) of a cell; bucket None for what is none."""
    part, dimension, member = split_cell(name)
    measure, _, suffix = part.partition(".")
    is_bucket = suffix.startswith("b") and suffix[1:].isdigit()
    return measure, (dimension, member), int(suffix[1:]) if is_bucket else None


def bucket_cell(measure: str, bucket: int, slice_: Slice) -> str:
    return cell(f"{measure}.b{bucket}", *slice_)


class Index:
    """All cells that there are, by what they hold, and where their numbers stand."""

    def __init__(self, cells: AbstractSet[str], key: Callable[[str], Key]) -> None:
        self.cells: AbstractSet[str] = frozenset()
        self.members: dict[tuple[str, str], Counter[str]] = {}
        """(measure, dimension) -> member -> how many cells it has."""
        self.buckets: dict[tuple[str, Slice], dict[int, Key]] = {}
        """(measure, slice) -> bucket -> key; the shortest durations first."""
        self._key = key
        self._keys: dict[Slice, Keys] = {}
        self.update(cells)

    def keys(self, slice_: Slice) -> "Keys":
        """Part -> its key in a slice."""
        if slice_ not in self._keys:
            self._keys[slice_] = Keys(slice_, self._key)
        return self._keys[slice_]

    def update(self, cells: AbstractSet[str]) -> bool:
        """These are all there are now. Tells whether a slice of some measure came or went."""
        came, gone = cells - self.cells, self.cells - cells
        self.cells = cells
        moved = [self._count(name, 1) for name in came] + [self._count(name, -1) for name in gone]
        self._put(came)
        return any(moved)

    def _count(self, name: str, number: int) -> bool:
        """A cell came (1) or went (-1); tells whether its slice did."""
        measure, (dimension, member), bucket = parsed(name)
        members = self.members.setdefault((measure, dimension), Counter())
        was_there = member in members
        members[member] += number
        if not members[member]:
            del members[member]
        if number < 0 and bucket is not None:
            del self.buckets[measure, (dimension, member)][bucket]
        return was_there != (member in members)

    def _put(self, came: Iterable[str]) -> None:
        """Note where the numbers of new cells stand."""
        where: dict[tuple[str, Slice], dict[int, Key]] = {}
        for name in came:
            measure, slice_, bucket = parsed(name)
            self._keys.pop(slice_, None)  # they may know it as one that never was
            if bucket is not None:
                where.setdefault((measure, slice_), {})[bucket] = self._key(name)
        for place, keys in where.items():
            self.buckets[place] = dict(sorted({**self.buckets.get(place, {}), **keys}.items()))


class Keys(dict[str, Key]):
    """Part -> its key in one slice."""

    def __init__(self, slice_: Slice, key: Callable[[str], Key]) -> None:
        self._slice = slice_
        self._key = key

    def __missing__(self, part: str) -> Key:
        found = self[part] = self._key(cell(part, *self._slice))
        return found
