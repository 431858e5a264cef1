"""What arrives, whatever it says: how many records and dead letters, and how new each source's events are.

Records and dead letters are placed at their Kafka timestamps, so that these sums are a function of the log as
all others are. A record whose timestamp is beyond all years that an event may have counts nowhere.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from schemas.events import YEARS
from streams.engine.decode import Record, Reject
from streams.engine.measures.base import BARE, Contribution, Measure
from streams.engine.panes import MINUTE_MS, TIERS
from streams.naming import OTHER, source_of

EVENTS_RECEIVED: Final = "events_received"
DEAD_LETTERS: Final = "dead_letters"
SOURCES_KEPT: Final = 100
"""So many sources are known by their names, the others together as `other`."""

_LAST_MS: Final = int(datetime(YEARS[-1], 1, 1, tzinfo=UTC).timestamp()) * 1000


def _built_in(name: str) -> Measure:
    return Measure(
        name=name,
        kind="count",
        contribute=lambda seen: (),  # it is of no subject
        reads=frozenset(),
        tiers=TIERS,
        functions=(BARE,),
        dimensions=(),
        slices=lambda members: (),
        keep_ms=None,
        is_amount=False,
        ahead=True,
    )


BUILT_IN: Final = {name: _built_in(name) for name in (EVENTS_RECEIVED, DEAD_LETTERS)}
"""The measures that every catalog has."""


class Arrivals:
    """Counts records by the minute."""

    def __init__(self) -> None:
        self._minutes: Counter[int] = Counter()

    def add(self, records: Iterable[Record]) -> None:
        self._minutes.update([record.timestamp // MINUTE_MS for record in records])

    def contributions(self, rejects: Iterable[Reject]) -> Iterator[Contribution]:
        """What all records, and those of them that were refused, contribute."""
        refused = Counter(reject.record.timestamp // MINUTE_MS for reject in rejects)
        for name, minutes in ((EVENTS_RECEIVED, self._minutes), (DEAD_LETTERS, refused)):
            for minute, number in minutes.items():
                if 0 <= minute * MINUTE_MS < _LAST_MS:
                    yield name, minute * MINUTE_MS, (), number


def bounded(newest_ms: Mapping[str, int]) -> dict[str, int]:
    """Source -> time of its newest event: the first in the order of their names, and `other` for the rest.

    Which these are depends on the set of sources alone, and so does what is kept of several such mappings.
    """
    names = sorted(newest_ms.keys() - {OTHER})
    kept = {name: newest_ms[name] for name in names[:SOURCES_KEPT]}
    rest = [newest_ms[name] for name in (*names[SOURCES_KEPT:], OTHER) if name in newest_ms]
    return {**kept, OTHER: max(rest)} if rest else kept


def sources_in(totals: Mapping[str, int]) -> dict[str, int]:
    """Source -> time of its newest event, of those that the totals know."""
    times = ((source_of(total), time_ms) for total, time_ms in totals.items() if time_ms)
    return {source: time_ms for source, time_ms in times if source is not None}


def newest_of(all_newest_ms: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Several such mappings as one: of each source the newest, and again so many sources."""
    merged: dict[str, int] = {}
    for newest_ms in all_newest_ms:
        for source, time_ms in newest_ms.items():
            merged[source] = max(time_ms, merged.get(source, time_ms))
    return bounded(merged)
