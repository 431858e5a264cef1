"""Cells: what their names say, and all that there are, by what they hold."""

from collections.abc import Callable, Collection
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

    def __init__(self, cells: Collection[str], key: Callable[[str], Key]) -> None:
        self.cells = cells
        self.members: dict[tuple[str, str], set[str]] = {}
        """(measure, dimension) -> members."""
        self.buckets: dict[tuple[str, Slice], dict[int, Key]] = {}
        """(measure, slice) -> bucket -> key; the shortest durations first."""
        self._key = key
        self._keys: dict[Slice, Keys] = {}
        for name in cells:
            measure, slice_, bucket = parsed(name)
            self.members.setdefault((measure, slice_[0]), set()).add(slice_[1])
            if bucket is not None:
                self.buckets.setdefault((measure, slice_), {})[bucket] = key(name)
        self.buckets = {where: dict(sorted(keys.items())) for where, keys in self.buckets.items()}

    def keys(self, slice_: Slice) -> "Keys":
        """Part -> its key in a slice."""
        if slice_ not in self._keys:
            self._keys[slice_] = Keys(slice_, self._key)
        return self._keys[slice_]


class Keys(dict[str, Key]):
    """Part -> its key in one slice."""

    def __init__(self, slice_: Slice, key: Callable[[str], Key]) -> None:
        self._slice = slice_
        self._key = key

    def __missing__(self, part: str) -> Key:
        found = self[part] = self._key(cell(part, *self._slice))
        return found
