"""One partition's state in Redis, as its worker sees it: load what a batch needs, commit what it changed.

The state moves by `commit.lua` and changes hands by `claim.lua`; nothing else writes it. Every call raises
redis.exceptions.RedisError when Redis does not answer or refuses (out of memory, a key of a wrong type). A
commit that raised, or that was not COMMITTED, must be followed by a claim.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from importlib import resources
from itertools import chain, repeat
from typing import Any, Final, TypeVar

from redis.asyncio import Redis

from streams.engine.panes import Pane
from streams.engine.work import RowKey
from streams.errors import Held
from streams.naming import PartitionKeys, partition_prefix, split_pane_member
from streams.state.changes import Changes, PaneChanges, by_hash, pack_private, pack_public
from streams.state.position import Position

FEED_ENTRIES: Final = 256
FEED_BYTES: Final = 4_000_000
ENTRY_BYTES: Final = 200  # of an entry beside its changes
FIELDS_PER_READ: Final = 1_000  # of one HMGET
HEARTBEAT_MS: Final = 15_000

FOREIGN_TEXT: Final = (
    "the state {} was made with another catalog; give KPI_NAMESPACE a new name to count the topic anew "
    "(`kpi rebuild`, which does that in place, comes later)"
)

# How long a pane stays after its tier's keep: its own width and some slack, so that it is never gone while a
# window may still want it.
LINGER_MS: Final = {"minute": 5 * 60_000, "hour": 2 * 3_600_000, "day": 26 * 3_600_000}

_T = TypeVar("_T")

Row = tuple[str, bytes]  # (subject id, encoded row)


class Outcome(Enum):
    """What became of a commit."""

    COMMITTED = "committed"
    FENCED = "fenced"  # somebody else owns the partition, or Redis lost our last commit
    FOREIGN = "foreign"  # the state was made with another fingerprint


class PartitionStore:
    """State of one partition. One worker at a time owns it: whoever claimed it last."""

    def __init__(
        self,
        client: Redis,
        namespace: str,
        partition: int,
        *,
        fingerprint: str,
        tiers: Mapping[str, int],
        wall: bool,
    ) -> None:
        """`tiers` says how many ms each tier keeps its panes; with `wall` they expire by themselves."""
        self.client = client
        self._namespace = namespace
        self.keys = PartitionKeys(partition_prefix(namespace, partition))
        self.fingerprint = fingerprint
        self._stay_ms = {tier: keep_ms + LINGER_MS[tier] for tier, keep_ms in tiers.items()}
        self._wall = wall
        self.seen: Position | None = None
        """Where the partition stood when we read it, claimed it or committed last."""
        self._feed = FeedCap()
        self._claim = client.register_script(_script("claim.lua"))
        self._commit = client.register_script(_script("commit.lua"))

    async def position(self) -> Position | None:
        """Where the partition stands; None when it has no state yet."""
        self.seen = _position(await self.client.get(self.keys.offset))
        return self.seen

    async def meta(self) -> dict[str, str]:
        """fingerprint, record_ms, record_offset and what the first claim was given; empty without state."""
        fields: Any = await self.client.hgetall(self.keys.meta)
        return {name.decode(): value.decode() for name, value in fields.items()}

    async def others_meta(self, field: str, partitions: int) -> set[str]:
        """The values that a field has in the meta of the first so many partitions of the namespace."""
        pipeline = self.client.pipeline(transaction=False)
        for number in range(partitions):
            pipeline.hget(PartitionKeys(partition_prefix(self._namespace, number)).meta, field)
        return {value.decode() for value in await pipeline.execute() if value is not None}

    async def claim(self, offset_if_new: int, meta: Mapping[str, str]) -> Position:
        """Become the owner where the partition stands; one without state begins at `offset_if_new`.

        `meta` is written only where it says nothing yet. Raises Held when the state has another fingerprint.
        """
        while True:
            held = await self.position()
            mine = Position.claimed(held.offset if held else offset_if_new)
            reply = await self._claim(
                keys=[self.keys.offset, self.keys.meta, self.keys.changes],
                args=[str(held or ""), str(mine), self.fingerprint, FEED_ENTRIES, *chain(*meta.items())],
            )
            if reply == b"foreign":
                raise Held("fingerprint", FOREIGN_TEXT.format(self.keys.prefix))
            if reply == b"claimed":
                self._feed = FeedCap()
                self.seen = mine
                return mine

    async def load_rows(self, row_keys: Iterable[RowKey]) -> dict[RowKey, bytes | None]:
        """Rows of these subjects, None where there is none, in one round trip."""
        hashes = by_hash(row_keys).items()
        found = await self._fields((kind, self.keys.rows(kind, shard), ids) for (kind, shard), ids in hashes)
        rows: dict[RowKey, bytes | None] = {}
        for kind, ids, values in found:
            rows.update(zip(zip(repeat(kind), ids), values, strict=False))  # `repeat` never ends
        return rows

    async def load_panes(self, wanted: Mapping[Pane, Collection[str]]) -> dict[Pane, dict[str, int]]:
        """The value of every wanted cell, 0 where there is none, in one round trip."""
        found = await self._fields((pane, self.keys.pane(*pane), list(wanted[pane])) for pane in wanted)
        panes: dict[Pane, dict[str, int]] = {pane: {} for pane in wanted}
        for pane, cells, values in found:
            panes[pane].update(zip(cells, [int(value or 0) for value in values], strict=True))
        return panes

    async def load_totals(self) -> dict[str, int]:
        totals: Any = await self.client.hgetall(self.keys.totals)
        return {cell.decode(): int(value) for cell, value in totals.items()}

    async def commit(self, current: Position, to: Position, changes: Changes, now_ms: int) -> Outcome:
        """Write `changes` and move from `current` to `to`, atomically; our own resend counts as COMMITTED.

        Panes that have left their tier by `now_ms` (the clock, or the newest event's time where windows end
        there) are not written: what Redis had of them is gone, so their cells would be wrong.
        """
        if to.token != current.token or to.offset <= current.offset:
            raise ValueError(f"{to} does not follow {current}")
        dropped = set(changes.dropped)
        leaves_ms = {pane: self.leaves_ms(pane) for pane in changes.panes if pane not in dropped}
        panes = {pane: changes.panes[pane] for pane, leaves in leaves_ms.items() if leaves > now_ms}
        public = pack_public(PaneChanges(panes, changes.totals, dropped), leaves_ms)
        reply = await self._commit(
            keys=[self.keys.offset, self.keys.meta, self.keys.totals, self.keys.panes, self.keys.changes],
            args=[
                str(current),
                str(to),
                self.fingerprint,
                self._feed.admit(len(public) + ENTRY_BYTES),
                "" if changes.record_ms is None else changes.record_ms,
                "wall" if self._wall else "",
                public,
                pack_private(changes, self.keys),
                "" if changes.record_offset is None else changes.record_offset,
            ],
        )
        outcome = Outcome(reply.decode())
        if outcome is Outcome.COMMITTED:
            self.seen = to
        return outcome

    async def panes_before(self, now_ms: int, limit: int = 1_000) -> list[Pane]:
        """Panes that have left their tier by `now_ms`, the oldest first: the next commit should drop them."""
        members: Any = await self.client.zrangebyscore(self.keys.panes, "-inf", now_ms, start=0, num=limit)
        return [split_pane_member(member.decode()) for member in members]

    async def scan_rows(self, kind: str, shard: int, cursor: int, count: int) -> tuple[int, list[Row]]:
        """About `count` rows of a shard, and the cursor to go on with: 0 begins, and 0 is the end.

        A row that is there throughout a whole scan is seen at least once.
        """
        reply: Any = await self.client.hscan(self.keys.rows(kind, shard), cursor, count=count)
        cursor, rows = reply
        return cursor, [(subject_id.decode(), row) for subject_id, row in rows.items()]

    async def beat(self) -> Position | None:
        """Tell the board that the partition has an owner; in the same round trip: where it stands."""
        pipeline = self.client.pipeline(transaction=False)
        pipeline.set(self.keys.alive, "1", px=HEARTBEAT_MS)
        pipeline.get(self.keys.offset)
        _, stored = await pipeline.execute()
        return _position(stored)

    def gone_ms(self, now_ms: int) -> dict[str, int]:
        """Tier -> the latest start of panes that have left it by `now_ms`."""
        return {tier: now_ms - stay_ms for tier, stay_ms in self._stay_ms.items()}

    def leaves_ms(self, pane: Pane) -> int:
        """When a pane leaves its tier and is written no more."""
        tier, start_ms = pane
        return start_ms + self._stay_ms[tier]

    async def _fields(
        self, wanted: Iterable[tuple[_T, str, Sequence[str]]]
    ) -> list[tuple[_T, Sequence[str], list[bytes | None]]]:
        """(what, key of a hash, fields) -> (what, fields, values), by short commands: nobody waits long."""
        pipeline = self.client.pipeline(transaction=False)
        asked: list[tuple[_T, Sequence[str]]] = []
        for what, key, all_fields in wanted:
            for fields in _chunks(all_fields):
                pipeline.hmget(key, fields)
                asked.append((what, fields))
        replies = await pipeline.execute()
        return [(what, fields, values) for (what, fields), values in zip(asked, replies, strict=True)]


class FeedCap:
    """How many of the feed's newest entries fit both its caps, as far as this owner knows their sizes."""

    def __init__(self) -> None:
        self._sizes = deque([ENTRY_BYTES], maxlen=FEED_ENTRIES)  # that of the claim

    def admit(self, size: int) -> int:
        """Count one more entry, of `size` bytes, and return how many may stay; itself always does."""
        self._sizes.append(size)
        while len(self._sizes) > 1 and sum(self._sizes) > FEED_BYTES:
            self._sizes.popleft()
        return len(self._sizes)


def _position(stored: Any) -> Position | None:
    return None if stored is None else Position.parse(stored)


def _script(name: str) -> str:
    return resources.files("streams.state").joinpath(name).read_text()


def _chunks(fields: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(fields), FIELDS_PER_READ):
        yield fields[first : first + FIELDS_PER_READ]
