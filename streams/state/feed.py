"""One partition's state in Redis, as the board sees it: a snapshot, then a feed of what changed.

Each entry of the feed begins at the position where the one before it ends, claims included, and a position
names one state (see `Position`). So an entry may be applied to a copy exactly when it begins where the copy
stands; anything else (the feed was trimmed too far, Redis was set back or emptied) is a Gap, and needs a new
snapshot.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Self

from redis.asyncio import Redis

from streams.engine.panes import Pane
from streams.naming import NEWEST_MS, PartitionKeys, partition_prefix, split_pane_member
from streams.state.changes import PaneChanges, unpack_public
from streams.state.position import Position

PANES_PER_READ = 32
PAUSE_S = 0.002  # between two reads of panes, for whoever else waits for Redis
RETRY_S = 0.05
BEFORE_ALL = "0-0"  # the id before the first of any feed
NO_CHANGES = PaneChanges({}, {}, ())


@dataclass(frozen=True, slots=True)
class Entry:
    """One move of the position: a commit, or a claim, which changes nothing else."""

    feed_id: str
    before: Position | None  # None: the partition had no state
    position: Position
    record_ms: int | None  # timestamp of the newest record; None when there was none
    changes: PaneChanges


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All panes and totals at one position, without cells that are zero; position None: no state yet."""

    position: Position | None
    feed_id: str
    panes: Mapping[Pane, Mapping[str, int]]
    totals: Mapping[str, int]
    meta: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gap:
    """The feed does not lead on from where the reader stands; the partition now stands at `position`."""

    position: Position | None


class Waiting(NamedTuple):
    """A waiting list, as far as it was asked for."""

    number: int
    """How many there are, told or not."""
    oldest: Sequence[tuple[str, int]]
    """(id, since_ms), the oldest first."""
    by_time: Sequence[int] = ()
    """How many wait since each of the times that were asked for, or before it."""


class Feed:
    """Reads one partition, writes nothing; raises redis.exceptions.RedisError when Redis does not answer."""

    def __init__(self, client: Redis, namespace: str, partition: int) -> None:
        self.client = client
        self.keys = PartitionKeys(partition_prefix(namespace, partition))

    async def snapshot(self) -> Snapshot:
        """One committed state, however much is committed meanwhile; tries until it has one."""
        while (snapshot := await self._try_snapshot()) is None:
            await asyncio.sleep(RETRY_S)
        return snapshot

    async def follow(self, feed_id: str, position: Position | None) -> list[Entry] | Gap:
        """What came after the entry `feed_id`, which led to `position`; or that it cannot be had."""
        tail = await self._tail(feed_id)
        return tail.entries if tail.leads_on_from(position) else Gap(tail.position)

    async def waiting(
        self,
        measures: Iterable[str],
        count: int = 20,
        until_ms: int | None = None,
        times_ms: Sequence[int] = (),
    ) -> dict[str, Waiting]:
        """Measure -> those who wait for longest, all of one moment.

        `until_ms`: only those who wait since then or before; others will only be due some day. `times_ms`:
        how many wait since each of these times or before, whatever `until_ms` is.
        """
        names, until = list(measures), "+inf" if until_ms is None else until_ms
        pipeline = self.client.pipeline(transaction=True)
        for key in map(self.keys.waiting, names):
            pipeline.zrange(key, "-inf", until, byscore=True, offset=0, num=count, withscores=True)
            for time_ms in (until, *times_ms):
                pipeline.zcount(key, "-inf", time_ms)
        found = iter(await pipeline.execute())
        of_each = (list(islice(found, 2 + len(times_ms))) for _ in names)
        return {
            measure: Waiting(number, _since(oldest), by_time)
            for measure, (oldest, number, *by_time) in zip(names, of_each, strict=True)
        }

    async def newest_ms(self) -> int | None:
        """Time of the newest accepted event; None before there was any."""
        newest = await self.client.hget(self.keys.totals, NEWEST_MS)
        return None if newest is None else int(newest)

    async def alive(self) -> bool:
        """Whether an owner has beaten lately."""
        return bool(await self.client.exists(self.keys.alive))

    async def _try_snapshot(self) -> Snapshot | None:
        """One attempt; None when the feed broke off meanwhile.

        1. Note where the feed ends.
        2. Read the totals, then the panes some at a time. Each is of that moment or a later one.
        3. After each read apply what the feed has told since. Its values are absolute, so what was read too
           new is set to the same again, and in the end everything is of the position where the feed ends.
        """
        # 1.
        draft = _Draft.at(await self._tail(None))
        # 2.
        members, draft.totals = await self._overview()
        panes = iter([split_pane_member(member) for member in members])
        while await self._catch_up(draft):
            some = list(islice(panes, PANES_PER_READ))
            if not some:
                return draft.snapshot()
            await self._load(some, draft)
            await asyncio.sleep(PAUSE_S)
        return None

    async def _catch_up(self, draft: "_Draft") -> bool:
        # 3.
        return draft.advance(await self._tail(draft.feed_id))

    async def _overview(self) -> tuple[list[str], dict[str, int]]:
        """The panes that exist, and the totals."""
        pipeline = self.client.pipeline(transaction=False)
        pipeline.zrange(self.keys.panes, 0, -1)
        pipeline.hgetall(self.keys.totals)
        members, totals = await pipeline.execute()
        return [member.decode() for member in members], _cells(totals)

    async def _load(self, panes: Sequence[Pane], draft: "_Draft") -> None:
        pipeline = self.client.pipeline(transaction=False)
        for pane in panes:
            pipeline.hgetall(self.keys.pane(*pane))
        for pane, stored in zip(panes, await pipeline.execute(), strict=True):
            draft.put(pane, _cells(stored))

    async def _tail(self, feed_id: str | None) -> "_Tail":
        """The feed after `feed_id`, its last entry for None, and what stood beside it at that moment."""
        pipeline = self.client.pipeline(transaction=True)
        pipeline.get(self.keys.offset)
        pipeline.hgetall(self.keys.meta)
        pipeline.info("server")
        if feed_id is None:
            pipeline.xrevrange(self.keys.changes, count=1)
        else:
            pipeline.xrange(self.keys.changes, min=f"({feed_id}")
        position, meta, server, entries = await pipeline.execute()
        return _Tail(
            position=_position(position),
            meta={name.decode(): value.decode() for name, value in meta.items()},
            run_id=server["run_id"],
            entries=[_entry(feed_id, fields) for feed_id, fields in entries],
        )


@dataclass(frozen=True, slots=True)
class _Tail:
    """Some entries of the feed up to its end, with the rest of that moment."""

    position: Position | None
    meta: Mapping[str, str]
    run_id: str  # of the server process
    entries: list[Entry]

    def leads_on_from(self, position: Position | None) -> bool:
        """Whether the entries lead from there, one after the other, to where the partition stands."""
        for entry in self.entries:
            if entry.before != position:
                return False
            position = entry.position
        return position == self.position


@dataclass(slots=True)
class _Draft:
    """A snapshot in the making."""

    run_id: str
    feed_id: str
    position: Position | None
    meta: Mapping[str, str]
    panes: dict[Pane, dict[str, int]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)

    @classmethod
    def at(cls, tail: _Tail) -> Self:
        """Of where this tail ends."""
        feed_id = tail.entries[-1].feed_id if tail.entries else BEFORE_ALL
        return cls(tail.run_id, feed_id, tail.position, tail.meta)

    def put(self, pane: Pane, cells: dict[str, int]) -> None:
        """Take a pane as it was read, in place of what the feed told of it before."""
        if cells:
            self.panes[pane] = cells
        else:
            self.panes.pop(pane, None)

    def advance(self, tail: _Tail) -> bool:
        """Apply the tail, if it leads on from here.

        A Redis that was set back may stand where we began and tell no entry, while what was read before is
        newer; but then it is another process.
        """
        if tail.run_id != self.run_id or not tail.leads_on_from(self.position):
            return False
        for entry in tail.entries:
            self._apply(entry)
        self.position, self.meta = tail.position, tail.meta
        return True

    def _apply(self, entry: Entry) -> None:
        for pane, cells in entry.changes.panes.items():
            self.put(pane, _overlaid(self.panes.get(pane, {}), cells))
        self.totals = _overlaid(self.totals, entry.changes.totals)
        for pane in entry.changes.dropped:
            self.panes.pop(pane, None)
        self.feed_id = entry.feed_id

    def snapshot(self) -> Snapshot:
        return Snapshot(self.position, self.feed_id, self.panes, self.totals, self.meta)


async def partition_count(client: Redis, namespace: str) -> int | None:
    """How many partitions a namespace has, as the first one's owner wrote down; None without any state."""
    number = await client.hget(PartitionKeys(partition_prefix(namespace, 0)).meta, "partitions")
    return int(number) if number else None


def _since(members: Iterable[tuple[bytes, float]]) -> list[tuple[str, int]]:
    return [(member.decode(), int(since_ms)) for member, since_ms in members]


def _overlaid(cells: Mapping[str, int], changed: Mapping[str, int]) -> dict[str, int]:
    return {cell: value for cell, value in {**cells, **changed}.items() if value}


def _cells(stored: Mapping[bytes, bytes]) -> dict[str, int]:
    return {cell.decode(): int(value) for cell, value in stored.items()}


def _position(stored: bytes | None) -> Position | None:
    return Position.parse(stored) if stored else None


def _entry(feed_id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    record_ms, changes = fields.get(b"record_ms"), fields.get(b"changes")
    return Entry(
        feed_id=feed_id.decode(),
        before=_position(fields[b"from"]),
        position=Position.parse(fields[b"to"]),
        record_ms=int(record_ms) if record_ms else None,
        changes=unpack_public(changes) if changes else NO_CHANGES,
    )
