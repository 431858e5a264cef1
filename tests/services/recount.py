"""A recount: the state that a topic's records must have led to, computed from the topic alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from streams import naming
from streams.engine.decode import Reject
from streams.engine.engine import Engine
from streams.engine.facts import NEVER
from streams.engine.panes import KEEP_MS
from streams.state import PartitionStore
from streams.worker.pending import event_totals, time_totals

Cells = dict[str, int]


@dataclass(slots=True)
class State:
    """One partition's state, with what is 0 left out."""

    offset: int = 0
    rows: dict[tuple[str, str], bytes] = field(default_factory=dict)
    panes: dict[tuple[str, int], Cells] = field(default_factory=dict)
    totals: Cells = field(default_factory=dict)
    waiting: dict[str, dict[str, int]] = field(default_factory=dict)

    def cells(self) -> int:
        """How many numbers and rows it holds."""
        counted = [*self.panes.values(), *self.waiting.values()]
        return len(self.rows) + len(self.totals) + sum(map(len, counted))


class Recount:
    """A recount that is given the records of a partition bit by bit, in the order in which they stand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._work = engine.begin()
        self._offset = 0

    def add(self, records: Sequence[Any], poison: Collection[int] = ()) -> None:
        """`poison` are the offsets of those that a worker's engine fails at."""
        work = self._work
        events, rejects = self._engine.decode([one for one in records if one.offset not in poison])
        rejects += [Reject(one, "engine_error", None, "") for one in records if one.offset in poison]
        work.rejects += rejects
        work.receive(records)
        work.merge(events, dict.fromkeys(work.missing(events)))
        self._offset = records[-1].offset + 1 if records else self._offset

    def state(self, store: PartitionStore) -> State:
        effect = self._work.effect()
        totals = {**effect.totals, **event_totals(effect), **time_totals({}, effect)}
        waiting = {
            measure: {id_: since for id_, since in ids.items() if since is not None}
            for measure, ids in effect.waiting.items()
        }
        return State(
            offset=self._offset,
            rows=dict(effect.rows),
            panes=kept(effect.panes, store, effect.newest_ms),
            totals=_nonzero(totals),
            waiting={measure: found for measure, found in waiting.items() if found},
        )


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
    panes: dict[tuple[str, int], Cells] = {}
    async for key in redis.scan_iter(match=f"{store.keys.panes}:*".replace("{", "[{]"), count=1_000):
        cells: Any = await redis.hgetall(key)
        tier, _, start = key.decode().removeprefix(f"{store.keys.panes}:").partition(":")
        panes[tier, int(start)] = {cell.decode(): int(value) for cell, value in cells.items()}
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
    )


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
    return said


def _nonzero(cells: Any) -> Cells:
    return {cell: number for cell, number in cells.items() if number}
