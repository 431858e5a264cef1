"""How a subject ends: its record is removed, or the customer is erased.

Removed (`crm.record.removed`): a fact, so that it may come before everything else. From then on the subject
contributes nothing, whatever is said about it, and what it had contributed is taken back.

Erased (`crm.customer.erased`), for every kind of subject that `customer_id` names:

1. What is open is closed at that time, or after the last that is known of it: every transition leaves its
   state with the kind `unknown`, and whoever still waits waits no longer.
2. Its row is replaced by a tombstone that says nothing but that it is erased.
3. Later events about it are counted as `erased` and ignored. What it has contributed to panes stays.

A tombstone is kept under the row's own key, for ever. Keys are the ids that producers send: whoever must not
keep these has them hashed by the producer. Other subjects of the customer (leads, tickets) stay as they are;
what must go of them is removed by events of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

from schemas.events import CustomerErased, RecordRemoved
from schemas.measures import Subject
from streams.engine import facts
from streams.engine.decode import Event
from streams.engine.facts import CHANGED, Row
from streams.engine.measures.base import Contribution
from streams.engine.mergers import Merger
from streams.naming import UNKNOWN

REMOVED_TYPE: Final = RecordRemoved.TYPE
ERASED_TYPE: Final = CustomerErased.TYPE

REMOVED: Final = 1
ERASED: Final = 2
"""How a subject has ended, in the field `gone` of its row."""


def can_be_removed(subject: Subject) -> bool:
    """Whether one id names it, as a removal does."""
    return isinstance(subject.id, str)


def removed_id(kind: str) -> Callable[[Any], str | None]:
    """Reads the id of a removal's data, if it is about this kind of subject."""
    return lambda data: data.id if data.entity == kind else None


def remove(row: Row, event: Event) -> int:
    """Merge a removal into a row."""
    if row.gone:
        return 0
    row.gone = REMOVED
    return CHANGED


def is_erasable(subject: Subject) -> bool:
    return subject.id == CustomerErased.OWN_ID


def closer(subject: Subject) -> Merger:
    """Leaves every state that the subject is in."""
    readers = [attrgetter(name) for name in subject.transitions]

    def close(row: Row, event: Event) -> int:
        for read in readers:
            for changes in read(row).values():
                _leave(changes, event)
        return CHANGED

    return close


def _leave(changes: list[facts.Change], event: Event) -> None:
    known = facts.normalised(changes)
    if not (known[-1][2] if known else facts.opening(changes)):
        return
    last = changes[-1]
    leaving = (max(event.time_ms, last[0] + 1), event.digest, 0, UNKNOWN, *last[4:])
    facts.add_change(changes, leaving)


def ended(
    contributions: Sequence[Contribution], ages: Iterable[tuple[str, str]], time_ms: int
) -> list[Contribution]:
    """The contributions of an erased subject: who waits by a measure of `ages` does so no longer.

    `ages`: (measure, the part that a subject contributes to while it waits).
    """
    present = {part for part, *_ in contributions}
    waits = {measure: age for measure, age in ages if age in present}

    def leaves_ms(measure: str) -> int:
        return max([time_ms, *(at or time_ms for part, at, *_ in contributions if part == measure)])

    return [
        (part, leaves_ms(part), members, -amount)
        if part in waits and at_ms is None
        else (part, at_ms, members, amount)
        for part, at_ms, members, amount in contributions
        if part not in waits.values()
    ]
