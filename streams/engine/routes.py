"""Where events go: the kinds of subject with their measures, and the way of an event type into each kind."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from schemas.events import CustomerErased
from streams.engine.dimensions import Dimensions
from streams.engine.endings import (
    ERASED_TYPE,
    REMOVED_TYPE,
    can_be_removed,
    closer,
    is_erasable,
    remove,
    removed_id,
)
from streams.engine.facts import Row
from streams.engine.measures.base import Contribution, Measure, Seen
from streams.engine.mergers import Merger
from streams.engine.plan import Plan
from streams.engine.subjects import SubjectPlan

Chosen = int
"""Some of a subject's measures: bit n is for the n-th."""


class Kind:
    """A kind of subject, with its measures."""

    def __init__(self, plan: SubjectPlan, measures: Sequence[Measure]) -> None:
        self.plan = plan
        self.name = plan.kind
        self._measures = measures
        self.all: Chosen = (1 << len(measures)) - 1
        self._contributing = lru_cache(maxsize=None)(self._of)
        self.ages = [(measure.name, measure.age) for measure in measures if measure.age is not None]

    def reading(self, fact: str) -> Chosen:
        """The measures that read a fact."""
        return sum(1 << at for at, measure in enumerate(self._measures) if fact in measure.reads)

    def contributions(self, row: Row, chosen: Chosen) -> list[Contribution]:
        """What a row contributes by the chosen measures; nothing when its subject has ended."""
        if row.gone:
            return []
        seen = Seen.of(self.plan.dimensions, row)
        found: list[Contribution] = []
        for contribute in self._contributing(chosen):
            found += contribute(seen)
        return found

    def holds(self, row: Row, since_ms: int) -> bool:
        """Whether a row must not be forgotten.

        It still counts in a level or a waiting list, or it contributes to a pane after `since_ms`: taken back
        later, that contribution would have to be known.
        """
        ages = {age for _, age in self.ages}
        return any(
            amount and (time_ms is None or time_ms > since_ms or part in ages)
            for part, time_ms, _, amount in self.contributions(row, self.all)
        )

    def forgets(self, row: Row, now_ms: int) -> bool:
        """Whether a row is past its keep and nothing needs it: swept or not, it counts as gone.

        That a subject has ended is remembered for ever.
        """
        keep_ms = self.plan.keep_ms
        if keep_ms is None or row.gone or row.newest_ms + keep_ms >= now_ms:
            return False
        return not self.holds(row, now_ms - keep_ms)

    def _of(self, chosen: Chosen) -> list[Any]:
        return [measure.contribute for at, measure in enumerate(self._measures) if chosen >> at & 1]


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one event type into one kind of subject."""

    kind: Kind
    kind_name: str
    id_of: Callable[[Any], str | None]
    """The subject's id in such an event's data."""
    dimensions: Dimensions | None
    """When such events set them."""
    merges: Sequence[tuple[Callable[[Any], bool] | None, Merger, Chosen]]
    """(condition on the data, merger, the measures that read its fact)."""
    erases: bool = False
    """Whether nothing but a tombstone is left of the subject."""


def routes_of(plan: Plan) -> tuple[dict[str, Kind], dict[str, list[Route]]]:
    """The kinds of subject by name, and the routes by event type."""
    kinds = {name: Kind(subject, plan.measures_of[name]) for name, subject in plan.subjects.items()}
    routes: dict[str, list[Route]] = {}
    for kind in kinds.values():
        for type_, about in kind.plan.about.items():
            merges = [(merge.when, merge.into, kind.reading(merge.fact)) for merge in about.merges]
            dimensions = kind.plan.dimensions if about.gives_members else None
            route = Route(kind, kind.name, about.id_of, dimensions, merges)
            routes.setdefault(type_, []).append(route)
    for kind in kinds.values():
        for type_, route in _endings(kind):
            routes.setdefault(type_, []).append(route)
    return kinds, routes


def _endings(kind: Kind) -> Iterator[tuple[str, Route]]:
    """The ways in which a subject of this kind can end, behind all else that such events say."""
    subject = kind.plan.subject
    if can_be_removed(subject):
        yield REMOVED_TYPE, Route(kind, kind.name, removed_id(kind.name), None, [(None, remove, kind.all)])
    if is_erasable(subject):
        id_of, merges = attrgetter(CustomerErased.OWN_ID), [(None, closer(subject), kind.all)]
        yield ERASED_TYPE, Route(kind, kind.name, id_of, None, merges, erases=True)
