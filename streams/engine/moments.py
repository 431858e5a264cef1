"""Times that follow from a subject's facts: those of its steps, and its moments.

    contact        every time of a step
    stands_won     a moment: the first won after the last lost

A `Times` reads them from a row as `(time_ms, digest)`, in order of time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from schemas.measures import Moment, Subject
from schemas.words import nearest
from streams.engine import facts
from streams.engine.facts import NEVER, Row
from streams.engine.faults import PlanFault


@dataclass(frozen=True, slots=True)
class Times:
    """The known times of a step or moment."""

    read: Callable[[Row], Sequence[facts.Time]]
    facts: frozenset[str]
    """The names of the facts that it reads."""


def times_of(subject: Subject, name: str, asking: tuple[str, ...] = ()) -> Times:
    """How to read the times of a step or moment of this subject; PlanFault for another name.

    `asking`: the moments, from the outermost, that rest on it.
    """
    if name in subject.steps:
        return Times(attrgetter(name), frozenset({name}))
    if name in asking:
        raise PlanFault(f"moments rest on each other in a circle: {' -> '.join((*asking, name))}")
    if name in subject.moments:
        return _moment(subject, subject.moments[name], (*asking, name))
    raise PlanFault(f"unknown step {name!r}{nearest(name, (*subject.steps, *subject.moments))}")


def not_before(times: Sequence[facts.Time], bound_ms: int, skipped: int = 0) -> int | None:
    """The first time that is not before `bound_ms`, in milliseconds, or one that comes so many later."""
    for time_ms, _ in times:
        if time_ms >= bound_ms:
            if not skipped:
                return time_ms
            skipped -= 1
    return None


def _moment(subject: Subject, moment: Moment, asking: tuple[str, ...]) -> Times:
    if (moment.first is None) == (moment.entering is None):
        raise PlanFault("a moment has `first` (a step) or `entering` (a transition), one of them")
    if moment.entering is not None:
        return _entering(subject, moment.entering, moment.unless_kind)
    first = times_of(subject, moment.first or "", asking)
    after = [times_of(subject, name, asking) for name in moment.after]
    earliest = [times_of(subject, name, asking) for name in moment.not_before]
    bounds = [*((times.read, 1) for times in after), *((times.read, 0) for times in earliest)]

    def read(row: Row) -> Sequence[facts.Time]:
        times = first.read(row)
        if not times:
            return ()
        bound_ms = NEVER
        for read_bound, distance_ms in bounds:
            bounding = read_bound(row)
            if bounding:
                bound_ms = max(bound_ms, bounding[-1][0] + distance_ms)
        for time in times:
            if time[0] >= bound_ms:
                return (time,)
        return ()

    return Times(read, first.facts.union(*(times.facts for times in (*after, *earliest))))


def _entering(subject: Subject, name: str, unless_kind: str | None) -> Times:
    if name not in subject.transitions:
        raise PlanFault(f"unknown transition {name!r}{nearest(name, subject.transitions)}")

    changes_of = attrgetter(name)
    opens = any(transition.before is not None for transition in subject.transitions[name])

    def read(row: Row) -> Sequence[facts.Time]:
        of_keys = changes_of(row).values()
        entered = [change for kept in of_keys for change in facts.normalised(kept)[:1]]
        if not entered or (opens and any(map(facts.opening, of_keys))):  # it was in before all that is known
            return ()
        first = min(entered, key=facts.order)
        return () if unless_kind is not None and first[3] == unless_kind else (first[:2],)

    return Times(read, frozenset({name}))
