"""Folding: of a dimension with many members gauges and board show the largest, and the others as one.

Which are the largest is decided per KPI, so that all its windows show the same ones. `other` is made of sums,
and a formula is evaluated once over them: with `unknown` the slices that are shown add up to the whole.
A member that is itself called `other` is never among the largest: it is folded with the rest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from streams.engine.buckets import Counts
from streams.engine.kpis.terms import Slice
from streams.engine.measures.base import Measure
from streams.naming import OTHER, UNKNOWN

LARGEST: Final = 20
"""So many members of a dimension are shown by themselves, and `unknown` beside them."""

Fold = Literal["member", "other"]
"""What gauges and board leave out, for they fold it; and what only they show, in its place."""

_Name = tuple[str, str]
"""(dimension, member)."""


@dataclass(frozen=True, slots=True)
class Others:
    """The slice that a KPI folds members of a dimension into."""

    dimension: str
    members: frozenset[str]

    @property
    def slice(self) -> _Name:
        return self.dimension, OTHER

    @property
    def folded(self) -> list[_Name]:
        return [(self.dimension, member) for member in sorted(self.members)]

    def isdisjoint(self, slices: Iterable[_Name]) -> bool:
        """Whether none of these slices is folded into it."""
        return not any(dimension == self.dimension and member in self.members for dimension, member in slices)


@dataclass(frozen=True, slots=True)
class Folding:
    """Dimension -> the slice that some of its members are folded into; the others of them have none."""

    others: Mapping[str, Others]

    @classmethod
    def by_samples(cls, samples: Mapping[_Name, int]) -> "Folding":
        """Of the slices of a KPI, each with so many samples."""
        folded = {
            dimension: _smaller(dimension, found, samples) for dimension, found in _members(samples).items()
        }
        return cls({dimension: Others(dimension, those) for dimension, those in folded.items() if those})

    def of(self, slice_: _Name, is_folded: bool) -> Fold | None:
        """What a slice, or one that others are folded into, is to gauges and board."""
        if is_folded:
            return "other"
        dimension, member = slice_
        others = self.others.get(dimension)
        return "member" if others is not None and member in others.members else None


NOTHING_FOLDED: Final = Folding({})


def has_too_many(slices: Iterable[_Name]) -> bool:
    """Whether some dimension has more members than are shown by themselves."""
    return any(len(found - {UNKNOWN}) > LARGEST for found in _members(slices).values())


def _members(slices: Iterable[_Name]) -> dict[str, set[str]]:
    members: dict[str, set[str]] = {}
    for dimension, member in slices:
        members.setdefault(dimension, set()).add(member)
    return members


def _smaller(dimension: str, members: Iterable[str], samples: Mapping[_Name, int]) -> frozenset[str]:
    """All but the largest members by samples, of equals the first by name; none if there is room for all."""
    named = frozenset(members) - {UNKNOWN}
    if len(named) <= LARGEST:
        return frozenset()
    ranked = sorted(named - {OTHER}, key=lambda member: (-samples[dimension, member], member))
    return named.difference(ranked[:LARGEST])


@dataclass(frozen=True, slots=True)
class Folded:
    """Several slices of a window, read as one (`streams.engine.kpis.terms.Slice`)."""

    slice: _Name
    parts: Sequence[Slice]
    read: dict[str, Counts] = field(default_factory=dict)
    """Measure -> its durations, as far as they were asked for."""

    @property
    def covered_ms(self) -> int:
        return self.parts[0].covered_ms

    @property
    def before(self) -> "Folded | None":
        before = [found for part in self.parts if (found := part.before) is not None]
        return Folded(self.slice, before) if before else None

    def sum(self, measure: Measure) -> int:
        return sum(part.sum(measure) for part in self.parts)

    def suffix(self, measure: Measure, suffix: str) -> int:
        return sum(part.suffix(measure, suffix) for part in self.parts)

    def start(self, measure: Measure) -> int:
        return sum(part.start(measure) for part in self.parts)

    def end(self, measure: Measure) -> int:
        return sum(part.end(measure) for part in self.parts)

    def trailing(self, measure: Measure) -> int | None:
        return _sum_of(part.trailing(measure) for part in self.parts)

    def latest(self, measure: Measure) -> int | None:
        return _sum_of(part.latest(measure) for part in self.parts)

    def lasting_ms(self, measure: Measure) -> int:
        return sum(part.lasting_ms(measure) for part in self.parts)

    def durations(self, measure: Measure) -> Counts:
        if measure.name not in self.read:
            numbers: Counter[int] = Counter()
            for part in self.parts:
                numbers.update(part.durations(measure).by_bucket())
            ordered = sorted(numbers)
            self.read[measure.name] = Counts(ordered, map(numbers.__getitem__, ordered))
        return self.read[measure.name]

    def oldest_ms(self, measure: Measure) -> int | None:
        ages = [part.oldest_ms(measure) for part in self.parts]
        return max((age for age in ages if age is not None), default=None)


def _sum_of(numbers: Iterable[int | None]) -> int | None:
    """None if one of them is not known."""
    found = list(numbers)
    return None if None in found else sum(number for number in found if number is not None)
