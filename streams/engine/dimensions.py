"""A subject's dimensions in its row: how an event sets them, and which slices the subject is in.

Dimensions of the kind `first` share one fact, `first_members`: the events that gave the members which stand,
each with those it gave. Mostly that is one event, whose members are then the subject's. A dimension of the
kind `as_was` has a fact of its own, all its changes. Of a pair of dimensions nothing is kept: which member of
it a subject is in follows from those of both.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, Final, Self

from schemas.catalog import Dimension
from schemas.words import nearest
from streams.engine import facts
from streams.engine.decode import Event
from streams.engine.facts import CHANGED, Row
from streams.engine.faults import PlanFault
from streams.naming import UNKNOWN, join_members

Members = tuple[str, ...]
"""One member per dimension of the subject, in the subject's order."""
Names = tuple[str | None, ...]

FIRST_MEMBERS: Final = "first_members"
PREFIX: Final = "dim_"
"""Begins the names of the fields of a row that hold the changes of a dimension."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The dimensions of one kind of subject."""

    names: tuple[str, ...]
    """Without the pairs."""
    as_was: tuple[str, ...]
    """Fields of the row that hold changes."""
    _in_order: Callable[[Names], Names]
    """Puts members of the kind `first`, then those `as_was`, in the order of all dimensions."""
    _read_firsts: Callable[[Any], Names]
    _read_as_was: Callable[[Any], Names]
    _read_changes: Callable[[Row], Sequence[list[facts.Member]]]
    _pairs: tuple[tuple[str, int, int], ...]
    """(name, where its two dimensions stand among all)."""

    @classmethod
    def of(cls, dimensions: Mapping[str, Dimension]) -> Self:
        """The dimensions of a subject, as the catalog has them; with a pair both that it is of."""
        told = [name for name, dimension in dimensions.items() if dimension.of is None]
        as_was = [name for name in told if dimensions[name].keeps == "as_was"]
        firsts = [name for name in told if name not in as_was]
        kept = tuple(f"{PREFIX}{name}" for name in as_was)
        return cls(
            names=tuple(told),
            as_was=kept,
            _in_order=_arranged([[*firsts, *as_was].index(name) for name in told]),
            _read_firsts=_reader_of(firsts),
            _read_as_was=_reader_of(as_was),
            _read_changes=_reader_of(kept),
            _pairs=tuple(_pairs(dimensions, told)),
        )

    def fields(self) -> list[tuple[str, Any, Any]]:
        """(name, type, default) of their fields in a row."""
        firsts: tuple[str, Any, Any] = (FIRST_MEMBERS, list[facts.First], [])
        return [firsts, *((name, list[facts.Member], []) for name in self.as_was)]

    # -- Events -------------------------------------------------------------------------------------------

    def moves(self, row: Row, data: Any, time_ms: int) -> bool:
        """Whether an event's data at a time may change the row's members: perhaps in vain, but never not."""
        firsts: list[facts.First] = row.first_members
        if not firsts or time_ms <= firsts[-1][0]:
            return True
        known = firsts[0][2] if len(firsts) == 1 else _known(firsts)
        if None in known:
            given = self._read_firsts(data)
            if any(name and was is None for was, name in zip(known, given, strict=True)):
                return True
        return bool(self.as_was) and any(self._read_as_was(data))

    def merge(self, row: Row, event: Event) -> int:
        """Merge the members that an event gives into a row; flags."""
        flags = 0
        names = self._read_firsts(event.data)
        if "" in names:  # says as little as nothing
            names = tuple([name or None for name in names])
        if any(names):
            first = (event.time_ms, event.digest, names)
            flags = CHANGED if facts.add_first(row.first_members, first) else 0
        return flags | self._merge_as_was(row, event) if self.as_was else flags

    def _merge_as_was(self, row: Row, event: Event) -> int:
        flags = 0
        for kept, name in zip(self.as_was, self._read_as_was(event.data), strict=True):
            if name:
                member = (event.time_ms, event.digest, name)
                flags |= facts.bounded(facts.add_standing, getattr(row, kept), member, facts.TRANSITIONS_KEPT)
        return flags

    # -- Members ------------------------------------------------------------------------------------------

    def members(self, row: Row, time_ms: int | None) -> Members:
        """The subject's member in each dimension at a time (ms); None: now."""
        firsts: list[facts.First] = row.first_members
        known = firsts[0][2] if len(firsts) == 1 else _known(firsts) or self._unknown
        if self.as_was:
            changing = self._read_changes(row)
            known = self._in_order((*known, *[_as_was(changes, time_ms) for changes in changing]))
        if None not in known:
            return known  # type: ignore[return-value]  # as it says
        return tuple([UNKNOWN if name is None else name for name in known])

    def slices(self, members: Members) -> list[tuple[str, str]]:
        """(dimension, member) of all slices that a subject with these members is in, those of pairs too."""
        pairs = [(name, join_members(members[one], members[other])) for name, one, other in self._pairs]
        return [*zip(self.names, members, strict=True), *pairs]

    def since_ms(self, row: Row) -> int:
        """When a dimension that is kept as it was changed last; NEVER: none ever did."""
        if not self.as_was:
            return facts.NEVER
        return max([changes[-1][0] if changes else facts.NEVER for changes in self._read_changes(row)])

    def changes(self, row: Row) -> list[int]:
        """The times at which a dimension that is kept as it was may have changed."""
        return sorted({time_ms for changes in self._read_changes(row) for time_ms, _, _ in changes})

    @property
    def _unknown(self) -> Names:
        return (None,) * (len(self.names) - len(self.as_was))


def check_pair(name: str, dimensions: Mapping[str, Dimension]) -> None:
    """PlanFault when a dimension is a pair of what is none, or a pair itself."""
    for at, part in enumerate(dimensions[name].of or ()):
        if part not in dimensions:
            raise PlanFault(f"unknown dimension {part!r}{nearest(part, dimensions)}", "of", at)
        if dimensions[part].of is not None:
            raise PlanFault(f"{part!r} is a pair itself: name the two dimensions that events tell", "of", at)


def _pairs(dimensions: Mapping[str, Dimension], told: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    for name, dimension in dimensions.items():
        if dimension.of is not None and all(part in told for part in dimension.of):
            yield name, told.index(dimension.of[0]), told.index(dimension.of[1])


def _reader_of(names: Sequence[str]) -> Callable[[Any], Any]:
    """Reads fields as a tuple, whatever their number."""
    if not names:
        return lambda data: ()
    read: Callable[[Any], Any] = attrgetter(*names)
    return read if len(names) > 1 else lambda data: (read(data),)


def _arranged(order: Sequence[int]) -> Callable[[Names], Names]:
    """Takes what stands at these places, in their order."""
    if len(order) > 1:
        arrange: Callable[[Names], Names] = itemgetter(*order)
        return arrange
    return tuple


def _known(firsts: Sequence[facts.First]) -> Names:
    """The members that stand; each is given by one of these. Empty when there are none."""
    return tuple(
        [next(filter(None, names), None) for names in zip(*(first[2] for first in firsts), strict=True)]
    )


def _as_was(changes: Sequence[facts.Member], time_ms: int | None) -> str | None:
    """The last that is not after a time; None: the last of all."""
    if time_ms is None or not changes or changes[-1][0] <= time_ms:
        return changes[-1][2] if changes else None
    at = bisect_right(changes, time_ms, key=lambda member: member[0])
    return changes[at - 1][2] if at else None
