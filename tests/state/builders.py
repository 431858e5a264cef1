"""Stores, changes and whole dumps for the tests of this room."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from streams.state import Changes, Entry, Feed, Outcome, Pane, PartitionStore, Position

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TIERS = {"minute": 3 * HOUR_MS, "hour": 50 * DAY_MS, "day": 800 * DAY_MS}
NOW_MS = 1_763_800_000_000  # where windows end at events, the clock does not matter
META = {"partitions": "4"}

Panes = dict[Pane, dict[str, int]]


def a_store(
    client: Redis, *, namespace: str = "crm", partition: int = 3, fingerprint: str = "v1", wall: bool = False
) -> PartitionStore:
    return PartitionStore(client, namespace, partition, fingerprint=fingerprint, tiers=TIERS, wall=wall)


def a_feed(client: Redis) -> Feed:
    return Feed(client, "crm", 3)


async def an_owner(client: Redis, *, wall: bool = False) -> "Owner":
    """A store that has claimed its partition, at offset 0 if that is new."""
    store = a_store(client, wall=wall)
    return Owner(store, await store.claim(0, META))


@dataclass
class Owner:
    """A store and where it stands."""

    store: PartitionStore
    position: Position

    async def commit(self, changes: Changes, *, to: int | None = None, now_ms: int = NOW_MS) -> None:
        """Commit, one offset further unless told, and insist that it succeeds."""
        following = self.position.at(self.position.offset + 1 if to is None else to)
        assert await self.store.commit(self.position, following, changes, now_ms) is Outcome.COMMITTED
        self.position = following

    async def claim_again(self) -> None:
        self.position = await self.store.claim(0, META)


def cells_of(tier: str, start_ms: int, **cells: int) -> Changes:
    """Changes of a single pane."""
    return Changes(panes={(tier, start_ms): cells})


def some_of_each(mark: int = 1) -> Changes:
    """Every kind of change there is; `mark` makes it differ from others."""
    return Changes(
        rows={("lead", f"lead-{i}"): b"row %d of %d" % (i, mark) for i in range(40)},
        panes={
            ("minute", NOW_MS): {"leads": mark, "leads|channel|web": mark},
            ("day", NOW_MS): {"leads": mark},
        },
        totals={"leads_waiting": mark, "!applied": 40 * mark},
        waiting={"leads_waiting": {"lead-1": NOW_MS + mark, "lead-2": NOW_MS - mark}},
        record_ms=NOW_MS + mark,
        record_offset=mark,
    )


async def dump(client: Redis) -> dict[str, object]:
    """Every key of the server with all that it holds."""
    keys: list[Any] = sorted([key async for key in client.scan_iter()])
    return {key.decode(): await _content(client, key) for key in keys}


async def _content(client: Redis, key: bytes) -> object:
    kind: Any = await client.type(key)
    readers: dict[bytes, Any] = {
        b"string": lambda: client.get(key),
        b"hash": lambda: client.hgetall(key),
        b"zset": lambda: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda: client.xrange(key),
    }
    return await readers[kind]()


def overlay(panes: Mapping[Pane, Mapping[str, int]], entries: Iterable[Entry]) -> Panes:
    """The panes after these entries, as a reader of the feed is meant to apply them."""
    result: Panes = {pane: dict(cells) for pane, cells in panes.items()}
    for entry in entries:
        for pane, cells in entry.changes.panes.items():
            result.setdefault(pane, {}).update(cells)
        for pane in entry.changes.dropped:
            result.pop(pane, None)
    kept = {pane: {cell: value for cell, value in cells.items() if value} for pane, cells in result.items()}
    return {pane: cells for pane, cells in kept.items() if cells}
