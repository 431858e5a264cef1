"""Forgetting rows that are past their keep, a slice at a time."""

import asyncio
from itertools import cycle
from typing import Final

from streams.engine.engine import Engine
from streams.engine.work import RowKey
from streams.naming import ROW_SHARDS
from streams.state import PartitionStore

SLICE_ROWS: Final = 200
EVERY_S: Final = 1.0


class Sweeper:
    """Walks through a partition's rows, shard by shard, and finds those that nothing needs any more."""

    def __init__(self, store: PartitionStore, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        kinds = [kind for kind, plan in engine.plan.subjects.items() if plan.keep_ms is not None]
        self._shards = cycle([(kind, shard) for kind in kinds for shard in range(ROW_SHARDS)])
        self._at = next(self._shards, None)
        self._cursor = 0
        self._next = 0.0

    async def expired(self, now_ms: int) -> list[RowKey]:
        """Rows of the next slice that are past their keep and count in no level and no waiting list."""
        now = asyncio.get_running_loop().time()
        if self._at is None or now < self._next:
            return []
        self._next = now + EVERY_S
        kind, shard = self._at
        self._cursor, rows = await self._store.scan_rows(kind, shard, self._cursor, SLICE_ROWS)
        if self._cursor == 0:
            self._at = next(self._shards)
        decode, forgets = self._engine.decode_row, self._engine.forgets
        return [(kind, id_) for id_, data in rows if forgets(kind, decode(kind, data), now_ms)]
