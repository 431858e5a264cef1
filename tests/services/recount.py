"""A recount: the state that a topic's records must have led to, computed from the topic alone.

What measures count comes from the engine, in one go over all records; what the worker says of the log itself
(records and dead letters by the minute, outcomes, the newest times) is counted here, without its code.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from schemas.events import YEARS
from streams import naming
from streams.engine.arrivals import DEAD_LETTERS, EVENTS_RECEIVED, bounded
from streams.engine.decode import Event, Record, Reject
from streams.engine.engine import Engine
from streams.engine.facts import NEVER
from streams.engine.panes import KEEP_MS, TIERS, Calendar, Pane
from streams.engine.work import Effect
from streams.state import PartitionStore
from tests.builders import ms

Cells = dict[str, int]

LAST_MS = ms(f"{YEARS[-1]}-01-01")
"""Records of that time and later are counted in no pane, and neither are those from before 1970."""
PANES_PER_READ = 200


@dataclass(slots=True)
class State:
    """One partition's state, with what is 0 left out."""

    offset: int = 0
    rows: dict[tuple[str, str], bytes] = field(default_factory=dict)
    panes: dict[tuple[str, int], Cells] = field(default_factory=dict)
    totals: Cells = field(default_factory=dict)
    waiting: dict[str, dict[str, int]] = field(default_factory=dict)
    strays: list[Pane] = field(default_factory=list)
    """Panes that the index lacks, or has for another time than that at which they leave: never dropped."""

    def cells(self) -> int:
        """How many numbers and rows it holds."""
        counted = [*self.panes.values(), *self.waiting.values()]
        return len(self.rows) + len(self.totals) + sum(map(len, counted))


class Recount:
    """A recount that is given the records of a partition bit by bit, in the order in which they stand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._work = engine.begin()
        self._seen = Seen(engine.plan.calendar)
        self._offset = 0

    def add(self, records: Sequence[Any], poison: Collection[int] = ()) -> None:
        """`poison` are the offsets of those that a worker's engine fails at."""
        work = self._work
        events, rejects = self._engine.decode([one for one in records if one.offset not in poison])
        rejects += [Reject(one, "engine_error", None, "") for one in records if one.offset in poison]
        work.merge(events, dict.fromkeys(work.missing(events)))
        self._seen.note(records, events, [*rejects, *work.rejects])
        work.rejects.clear()
        self._offset = records[-1].offset + 1 if records else self._offset

    def state(self, store: PartitionStore) -> State:
        effect = self._work.effect()
        waiting = {
            measure: {id_: since for id_, since in ids.items() if since is not None}
            for measure, ids in effect.waiting.items()
        }
        return State(
            offset=self._offset,
            rows=dict(effect.rows),
            panes=kept(self._seen.added_to(effect.panes), store, self._seen.newest_ms),
            totals=_nonzero({**effect.totals, **self._seen.totals(effect)}),
            waiting={measure: found for measure, found in waiting.items() if found},
        )


class Seen:
    """What the log itself is like, whatever its events say."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._arrived: Counter[tuple[str, int]] = Counter()
        """(built-in measure, Kafka timestamp) -> records."""
        self._reasons: Counter[str] = Counter()
        self._newest_ms: dict[str, int] = {}
        """Source -> time of its newest accepted event."""

    @property
    def newest_ms(self) -> int:
        return max(self._newest_ms.values(), default=NEVER)

    def note(self, records: Sequence[Record], events: Sequence[Event], rejects: Sequence[Reject]) -> None:
        self._arrived.update((EVENTS_RECEIVED, one.timestamp) for one in records)
        self._arrived.update((DEAD_LETTERS, one.record.timestamp) for one in rejects)
        self._reasons.update(one.reason for one in rejects)
        late = {one.record.offset for one in rejects}
        for event in events:
            if event.record.offset not in late:
                newest_ms = self._newest_ms.get(event.source, event.time_ms)
                self._newest_ms[event.source] = max(event.time_ms, newest_ms)

    def added_to(self, panes: Mapping[Pane, Cells]) -> dict[Pane, Cells]:
        """These panes, and with them the records and dead letters of each minute, hour and day."""
        found = {pane: dict(cells) for pane, cells in panes.items()}
        for pane, measure, number in self._placed():
            cells = found.setdefault(pane, {})
            cells[measure] = cells.get(measure, 0) + number
        return found

    def _placed(self) -> Iterator[tuple[Pane, str, int]]:
        for (measure, time_ms), number in self._arrived.items():
            if 0 <= time_ms < LAST_MS:
                starts = self._calendar.starts(time_ms)
                yield from (((tier, starts.of(tier)), measure, number) for tier in TIERS)

    def totals(self, effect: Effect) -> Cells:
        """What is counted of events: by reason and outcome, and the newest times."""
        counts = {naming.rejects_total(reason): number for reason, number in self._reasons.items()}
        for (_, outcome), number in effect.outcomes.items():
            total = naming.APPLIED if outcome == "applied" else naming.UNCHANGED
            counts[total] = counts.get(total, 0) + number
        times = {naming.source_total(name): time for name, time in bounded(self._newest_ms).items()}
        newest = {naming.NEWEST_MS: self.newest_ms} if self._newest_ms else {}
        return {**counts, **times, **newest}


def recount(
    engine: Engine, records: Sequence[Any], store: PartitionStore, poison: Collection[int] = ()
) -> State:
    """One pass over all records in one batch; `poison` as in `Recount.add`."""
    whole = Recount(engine)
    whole.add(records, poison)
    return whole.state(store)


async def stored(redis: Redis, store: PartitionStore, engine: Engine) -> State:
    """What Redis holds of a partition."""
    position = await store.position()
    totals = await store.load_totals()
    panes = await _stored_panes(redis, store)
    indexed: Any = await redis.zrange(store.keys.panes, 0, -1, withscores=True)
    index = {member.decode(): leaves_ms for member, leaves_ms in indexed}
    rows: dict[tuple[str, str], bytes] = {}
    for kind in engine.plan.subjects:
        for shard in range(naming.ROW_SHARDS):
            found: Any = await redis.hgetall(store.keys.rows(kind, shard))
            rows |= {(kind, id_.decode()): row for id_, row in found.items()}
    waiting = {}
    for measure in engine.plan.open_measures:
        members: Any = await redis.zrange(store.keys.waiting(measure), 0, -1, withscores=True)
        waiting[measure] = {id_.decode(): int(since) for id_, since in members}
    return State(
        offset=position.offset if position else 0,
        rows=rows,
        panes=kept(panes, store, totals.get(naming.NEWEST_MS, NEVER)),
        totals=totals,
        waiting={measure: ids for measure, ids in waiting.items() if ids},
        strays=[pane for pane in panes if index.get(naming.pane_member(*pane)) != store.leaves_ms(pane)],
    )


async def _stored_panes(redis: Redis, store: PartitionStore) -> dict[Pane, Cells]:
    """All that exist, whether the index has them or not."""
    match = f"{store.keys.panes}:*".replace("{", "[{]")
    keys = [key async for key in redis.scan_iter(match=match, count=1_000)]
    panes: dict[Pane, Cells] = {}
    for first in range(0, len(keys), PANES_PER_READ):
        some = keys[first : first + PANES_PER_READ]
        pipeline = redis.pipeline(transaction=False)
        for key in some:
            pipeline.hgetall(key)
        for key, cells in zip(some, await pipeline.execute(), strict=True):
            pane = naming.split_pane_member(key.decode().removeprefix(f"{store.keys.panes}:"))
            panes[pane] = {cell.decode(): int(value) for cell, value in cells.items()}
    return panes


def kept(
    panes: Mapping[tuple[str, int], Cells], store: PartitionStore, now_ms: int
) -> dict[tuple[str, int], Cells]:
    """The panes that have not left their tier, which are those that windows read."""
    return {pane: cells for pane, cells in panes.items() if cells and store.leaves_ms(pane) > now_ms}


def partition_store(redis: Redis, namespace: str, partition: int, engine: Engine) -> PartitionStore:
    return PartitionStore(
        redis, namespace, partition, fingerprint=engine.plan.fingerprint, tiers=KEEP_MS, wall=False
    )


def differences(expected: State, found: State) -> list[str]:
    """What differs, in words; a few of each kind."""
    said = [] if expected.offset == found.offset else [f"offset {found.offset} instead of {expected.offset}"]
    for name in ("rows", "panes", "totals", "waiting"):
        ours, theirs = getattr(expected, name), getattr(found, name)
        keys = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
        said += [f"{name} {key}: {theirs.get(key)} instead of {ours.get(key)}" for key in keys[:3]]
        said += [f"and {len(keys) - 3} more {name}"] if len(keys) > 3 else []
    return said + [f"pane {pane} is not in the index as it should be" for pane in found.strays[:3]]


def _nonzero(cells: Any) -> Cells:
    return {cell: number for cell, number in cells.items() if number}
