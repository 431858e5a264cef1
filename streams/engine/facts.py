"""The four kinds of fact, each a merge that forgets order and repetition.

Every fact is a function of the *set* of events that were merged into it, so merging the same events in any
order, any number of times, gives the same fact (Law 1). Beyond a bound the earliest and the latest are kept,
which is again a function of the set. A merge returns whether it changed the fact.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

CHANGED: Final = 1
"""A fact is another than before."""
FORGOT: Final = 2
"""A fact that keeps its earliest and latest times only was full: one in between is forgotten."""

TIMES_KEPT: Final = 16
TRANSITIONS_KEPT: Final = 64
NEVER: Final = -(2**62)
"""A time before all others."""

Row = Any
"""All facts of one subject: an instance of the `row_type` that is generated for its kind."""

Time = tuple[int, int]
"""(time_ms, event digest)."""
Registered = tuple[int, int, int, tuple[Any, ...]]
"""(revision, time_ms, digest, values): the greatest wins."""
Change = tuple[int, int, int, str | None, *tuple[int, ...]]
"""(time_ms, digest, state, kind) and, where a transition tells it, the state before."""
Member = tuple[int, int, str]
"""(time_ms, digest, member of a dimension)."""
Stage = tuple[int, int, int]
"""(time_ms, digest, place): the place counts from 1, in the order in which the stages are declared."""
First = tuple[int, int, tuple[str | None, ...]]
"""(time_ms, digest, the members that stand by this event: one or None per dimension)."""

_T = TypeVar("_T")
_Standing = TypeVar("_Standing", Member, Stage)


def bounded(add: Callable[[list[_T], _T], bool], items: list[_T], item: _T, kept: int) -> int:
    """Add to a fact that keeps `kept` of its earliest and as many of its latest; `CHANGED` and `FORGOT`."""
    if len(items) < 2 * kept:
        return CHANGED if add(items, item) else 0
    changed = add(items, item)
    forgot = changed or item not in items
    return CHANGED * changed + FORGOT * forgot


def add_time(times: list[Time], time: Time) -> bool:
    """Merge one time of a step; the 16 earliest and the 16 latest stay."""
    if times and time > times[-1] and len(times) < 2 * TIMES_KEPT:
        times.append(time)
        return True
    return _add_bounded(times, time, TIMES_KEPT)


def add_change(changes: list[Change], change: Change) -> bool:
    """Merge one transition; the 64 earliest and the 64 latest stay."""
    return _add_bounded(changes, change, TRANSITIONS_KEPT, key=order)


def order(change: Change) -> tuple[int, int, int, str, tuple[int, ...]]:
    """By time, then digest; what one event says twice, by content."""
    return (change[0], change[1], change[2], change[3] or "", change[4:])


def add_standing(kept: list[_Standing], new: _Standing) -> bool:
    """Merge what stands from its time on (a member of a dimension, a stage); bounded like transitions."""
    return _add_bounded(kept, new, TRANSITIONS_KEPT)


def add_first(firsts: list[First], new: First) -> bool:
    """Merge the members that one event gives: a dimension keeps that of the earliest event that had one."""
    if not firsts:
        firsts.append(new)
        return True
    time_ms, digest, names = new
    kept = [_earliest(firsts, at) for at in range(len(names))]
    changed = False
    for at, name in enumerate(names):
        old = kept[at]
        if name is not None and (old is None or (time_ms, digest, name) < old):
            kept[at], changed = (time_ms, digest, name), True
    if changed:
        firsts[:] = _by_event(kept)
    return changed


def _earliest(firsts: list[First], at: int) -> Member | None:
    return next(((time, digest, name) for time, digest, names in firsts if (name := names[at])), None)


def _by_event(kept: Sequence[Member | None]) -> list[First]:
    """In order of time, so that equal facts are equal however they came about."""
    events = sorted({member[:2] for member in kept if member is not None})
    return [
        (*event, tuple([None if one is None or one[:2] != event else one[2] for one in kept]))
        for event in events
    ]


def add_key(keys: list[str], key: str, kept: int | None) -> bool:
    """Merge one key of a map that keeps nothing else; of more than `kept` the first in their order stay."""
    at = bisect_left(keys, key)
    if at == kept or (at < len(keys) and keys[at] == key):
        return False
    keys.insert(at, key)
    if kept is not None:
        del keys[kept:]
    return True


def put(registers: dict[str, Registered], key: str, new: Registered, kept: int | None) -> bool:
    """Merge one register of a map; of more than `kept` those of the first keys stay.

    A key that had to go comes never back, for those before it stay: what is kept of the others is whole.
    """
    if not wins(new, registers.get(key)):
        return False
    registers[key] = new
    if kept is None or len(registers) <= kept:
        return True
    last = max(registers)
    del registers[last]
    return last != key


def wins(new: Registered, old: Registered | None) -> bool:
    """Whether a register takes the new value. Equal marks are decided by content, never by order."""
    if old is None or new[:3] != old[:3]:
        return old is None or new[:3] > old[:3]
    return new[3] != old[3] and msgspec.json.encode(new[3]) > msgspec.json.encode(old[3])


def opening(changes: list[Change]) -> int:
    """The state before all that is known: what the earliest of the transitions tells of it, else 0."""
    return changes[0][4] if changes and len(changes[0]) > 4 else 0


def normalised(changes: list[Change]) -> list[Change]:
    """The transitions as they count.

    Sorted by time; a repeated state is dropped (the first keeps its date and kind); at equal times the one
    that changes the current state comes first; a leaving (state 0) without an earlier joining is ignored.
    """
    state = opening(changes)
    if len(changes) == 1:
        return changes if changes[0][2] != state else []
    result: list[Change] = []
    for same_time in _by_time(changes):
        for change in sorted(same_time, key=lambda change: change[2] == state):
            if change[2] != state:
                result.append(change)
                state = change[2]
    return result


def standing(changes: list[Change]) -> int:
    """The state after all transitions."""
    counted = normalised(changes)
    return counted[-1][2] if counted else opening(changes)


def _by_time(changes: list[Change]) -> list[list[Change]]:
    groups: dict[int, list[Change]] = {}
    for change in changes:
        groups.setdefault(change[0], []).append(change)
    return list(groups.values())


def _add_bounded(items: list[Any], item: Any, kept: int, key: Any = None) -> bool:
    """Insert into a sorted list unless it is there; of more than 2 * kept the middle goes."""
    at = bisect_left(items, key(item) if key else item, key=key)
    if at < len(items) and items[at] == item:
        return False
    insort(items, item, key=key)
    if len(items) <= 2 * kept:
        return True
    dropped = items.pop(kept)
    return bool(dropped != item)
