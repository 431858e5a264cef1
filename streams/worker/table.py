"""A partition's KPI table: where it stands, and the only ways in which it moves.

`open()` is the one way in: assigned, fenced, out of range, a gap, any error all end there. `take()` applies a
batch if it is the next one. `commit()` writes what was applied, atomically, together with the position.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

from aiokafka import TopicPartition
from redis.exceptions import RedisError

from streams.engine.decode import Event
from streams.engine.engine import Engine, RowKey
from streams.engine.panes import MINUTE_MS, Pane
from streams.engine.subjects import NEVER, Row
from streams.errors import Held
from streams.naming import NEWEST_MS
from streams.settings import Settings
from streams.state import Changes, Outcome, PartitionStore, Position, refuse_eviction
from streams.worker.batch import Batch
from streams.worker.dead_letters import DeadLetters
from streams.worker.pending import PaneCache, Pending
from streams.worker.sweeper import Sweeper
from streams.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

CHUNK_EVENTS: Final = 1_000
"""Rows are loaded for so many events at a time; between chunks other partitions have their turn."""
CACHED_CELLS: Final = 200_000
MIN_COMMIT_S: Final = 0.02
"""A table that has caught up commits at once, but not more often than this."""
RETRY_S: Final = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""How long to wait before opening, by the errors since the last commit."""
HELD_RETRY_S: Final = 5.0


class Log(Protocol):
    """The partition's log, as the partition consumer shows it."""

    async def bounds(self) -> tuple[int, int]:
        """(earliest offset, end offset)."""

    def partitions(self) -> int:
        """How many partitions the topic has; KafkaError while that is not known."""

    def seek(self, offset: int) -> int:
        """Fetch from `offset` next, and count one more epoch, in one step; the new epoch."""


class KpiTable:
    """The table of one partition. `state` is `opening`, `open` or `held: <reason>`."""

    def __init__(
        self,
        partition: TopicPartition,
        log_: Log,
        store: PartitionStore,
        engine: Engine,
        dead_letters: DeadLetters,
        telemetry: Telemetry,
        settings: Settings,
        now_ms: Callable[[], int],
    ) -> None:
        self.partition = partition
        self.store = store
        self._log = log_
        self._engine = engine
        self._dead_letters = dead_letters
        self._telemetry = telemetry
        self._settings = settings
        self._now_ms = now_ms
        self._sweeper = Sweeper(store, engine) if settings.ends_at == "wall" else None
        self._busy = asyncio.Lock()
        self._closing = False
        self._failures = 0
        """Errors since the last commit."""
        self._lost_until = 0
        """The offset up to which lost records are counted."""
        self._last_commit = 0.0
        self._told = ""
        self._dropped_at = NEVER
        self.epoch = -1
        self._reset()
        self._note("opening")

    def _reset(self) -> None:
        """Drop caches and uncommitted work; what was fetched before belongs to no epoch of ours any more."""
        self.epoch = -1
        self._position: Position | None = None
        self._reached = NEVER
        self._totals: dict[str, int] = {}
        self._cache = PaneCache(CACHED_CELLS)
        self._pending = Pending()

    def _note(self, state: str) -> None:
        self.state = state
        if not self._closing:  # its series are about to go, or gone
            self._telemetry.state(self.partition.partition, state.partition(":")[0])

    # -- The one way in -----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Come to one consistent moment with Redis. Retries until it is closed, whatever happens.

        1. Drop caches and uncommitted work.
        2. Check that this state may be gone on with; hold the partition if not.
        3. Make the position ours: a new random token, by compare and set.
        4. Read the totals, and seek the log to the position.
        """
        async with self._busy:
            await self._open()

    async def _open(self) -> None:
        self._reset()  # 1
        self._note("opening")
        while not self._closing:  # then the partition is somebody else's, who must not be fenced once more
            await asyncio.sleep(RETRY_S[min(self._failures, len(RETRY_S) - 1)])
            try:
                return await self._try_open()
            except Held as held:
                self._note(f"held: {held.reason}")
                if held.reason != self._told:
                    log.error("%s is held: %s", self.partition, held)
                    self._told = held.reason
                await asyncio.sleep(HELD_RETRY_S)
            except Exception as error:
                self._note("opening")
                self._failed("cannot open", error)

    async def _try_open(self) -> None:
        self._reset()
        await self._check()  # 2
        earliest, end = await self._log.bounds()
        position = await self.store.claim(earliest, {"partitions": str(self._log.partitions())})  # 3
        self._check_offset(position, end)
        self._position = position
        self._reached = self._skip_lost(position.offset, earliest)
        self._totals = await self.store.load_totals()  # 4
        self.epoch = self._log.seek(self._reached)
        self._note("open")
        self._told = ""

    async def _check(self) -> None:
        await refuse_eviction(self.store.client)
        meta = await self.store.meta()
        known, found = meta.get("partitions"), self._log.partitions()
        if known is not None and int(known) != found:
            text = f"the topic has {found} partitions, the state was made with {known}"
            raise Held("partitions", f"{text}; give KPI_NAMESPACE a new name")

    @staticmethod
    def _check_offset(position: Position, end: int) -> None:
        if position.offset > end:
            text = f"the topic ends at {end}, before our offset {position.offset}: it was made anew"
            raise Held("topic", f"{text}; give KPI_NAMESPACE a new name to count it from its beginning")

    def _skip_lost(self, offset: int, earliest: int) -> int:
        """Where to go on. Records that retention deleted before they were read are counted."""
        lost = earliest - max(offset, self._lost_until)
        if lost > 0:
            self._lost_until = earliest
            self._telemetry.lost.labels(self.partition.partition).inc(lost)
            log.error("%s: %d records were deleted by retention before they were read", self.partition, lost)
        return max(offset, earliest)

    # -- Batches ------------------------------------------------------------------------------------------

    async def take(self, batch: Batch) -> None:
        """Apply a batch if it is the next one, and commit when it is time; after any error, open again."""
        async with self._busy:
            try:
                await self._take(batch)
            except Exception as error:
                self._failed("opens again", error)
                await self._open()

    async def _take(self, batch: Batch) -> None:
        if self._closing or batch.epoch != self.epoch:
            return  # fetched before the last seek
        if batch.start != self._reached:
            log.warning("%s: a gap, %d instead of %d", self.partition, batch.start, self._reached)
            return await self._open()
        if self._pending.since is None:
            self._pending.since = asyncio.get_running_loop().time()
        for records in _chunks(batch.records, CHUNK_EVENTS):
            await self._apply(records)
        self._pending.rejects += batch.rejects
        self._reached = batch.end
        if self._due(batch):
            await self._pace(batch)
            await self._commit()

    async def _apply(self, records: Sequence[Any]) -> None:
        events, rejects = self._engine.decode(records)
        effect = self._engine.apply(events, await self._rows(events))
        effect.rejects += rejects
        pending = self._pending
        pending.add(effect)
        pending.records += len(records)
        pending.bytes += sum(len(record.value or b"") for record in records)
        pending.record_ms = records[-1].timestamp

    async def _rows(self, events: Iterable[Event]) -> dict[RowKey, Row | None]:
        """The rows that the events need: not yet committed ones from here, the others from Redis."""
        keys = self._engine.keys(events)
        dirty = self._pending.rows
        loaded = await self.store.load_rows(keys - dirty.keys())
        decode = self._engine.decode_row
        rows = {key: None if data is None else decode(key[0], data) for key, data in loaded.items()}
        return rows | {key: dirty[key] for key in keys & dirty.keys()}

    def _due(self, batch: Batch) -> bool:
        """5,000 events, 2 MB or 250 ms are enough for a commit; having caught up always is."""
        pending, settings = self._pending, self._settings
        age_ms = (asyncio.get_running_loop().time() - (pending.since or 0.0)) * 1000
        return (
            batch.caught_up
            or pending.records >= settings.commit_events
            or pending.bytes >= settings.commit_bytes
            or age_ms >= settings.commit_ms
        )

    async def _pace(self, batch: Batch) -> None:
        if batch.caught_up:
            wait_s = self._last_commit + MIN_COMMIT_S - asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, wait_s))

    # -- Commits ------------------------------------------------------------------------------------------

    async def _commit(self) -> None:
        """Write what is pending together with the new position.

        1. Dead letters are acknowledged by Kafka.
        2. The cells that are not cached are read, and everything becomes absolute.
        3. Redis takes rows, panes, totals, waiting lists and position in one step, or nothing.
        4. Fenced: somebody else moved the partition on; open again.
        """
        assert self._position is not None
        pending, started = self._pending, asyncio.get_running_loop().time()
        await self._dead_letters.write(self.partition, pending.rejects)  # 1
        now_ms = self._horizon_ms()
        changes = await self._changes(now_ms)  # 2
        to = self._position.at(self._reached)
        outcome = await self.store.commit(self._position, to, changes, now_ms)  # 3
        if outcome is not Outcome.COMMITTED:  # 4
            self._telemetry.fenced.inc()
            log.warning("%s: the commit was refused (%s)", self.partition, outcome.value)
            return await self._open()
        self._settle(to, changes)
        self._last_commit = asyncio.get_running_loop().time()
        self._telemetry.forgotten.inc(pending.forgotten)
        self._telemetry.committed(pending.outcomes, pending.rejects_by_reason(), self._last_commit - started)

    async def _changes(self, now_ms: int) -> Changes:
        pending = self._pending
        panes = {pane: cells for pane, cells in pending.panes.items() if self.store.leaves_ms(pane) > now_ms}
        self._cache.put(await self.store.load_panes(self._cache.missing(panes)))
        return Changes(
            rows={**await self._swept(now_ms, pending.record_ms), **self._encoded(pending.rows)},
            panes=self._cache.sums(panes),
            totals=self._new_totals(),
            waiting=pending.waiting,
            dropped=await self._dropped(now_ms),
            record_ms=pending.record_ms,
        )

    def _encoded(self, rows: Mapping[RowKey, Row]) -> dict[RowKey, bytes | None]:
        return {key: self._engine.encode_row(row) for key, row in rows.items()}

    async def _swept(self, now_ms: int, record_ms: int | None) -> dict[RowKey, bytes | None]:
        """A slice of the rows that are past their keep, to be forgotten.

        Judged by the log's own time as well as the clock: what refuses an event as too late goes by its
        record's timestamp, and a row that goes before that would be begun anew.
        """
        if self._sweeper is None or record_ms is None:
            return {}
        return dict.fromkeys(await self._sweeper.expired(min(now_ms, record_ms)))

    async def _dropped(self, now_ms: int) -> list[Pane]:
        """The panes that have left their tier, looked up when a minute has passed."""
        minute = now_ms // MINUTE_MS
        if minute == self._dropped_at:
            return []
        self._dropped_at = minute
        return await self.store.panes_before(now_ms)

    def _new_totals(self) -> dict[str, int]:
        pending = self._pending
        differences = {**pending.totals, **pending.counters()}
        totals = {cell: self._totals.get(cell, 0) + number for cell, number in differences.items()}
        if pending.newest_ms > self._totals.get(NEWEST_MS, NEVER):
            totals[NEWEST_MS] = pending.newest_ms
        return totals

    def _horizon_ms(self) -> int:
        """The moment that panes expire by: the clock, or the newest accepted event."""
        if self._settings.ends_at == "wall":
            return self._now_ms()
        return max(self._pending.newest_ms, self._totals.get(NEWEST_MS, NEVER))

    def _settle(self, to: Position, changes: Changes) -> None:
        """What was pending is now what is."""
        self._position = to
        self._totals.update(changes.totals)
        self._cache.put(changes.panes)
        self._pending = Pending()
        self._failures = 0

    # -- The end ------------------------------------------------------------------------------------------

    async def close(self, timeout_s: float) -> None:
        """Finish the batch in hand and commit; what takes longer is left to whoever comes next."""
        self._closing = True
        try:
            async with asyncio.timeout(timeout_s), self._busy:
                if self._pending.since is not None and self._reached > self._offset():
                    await self._commit()
        except Exception as error:
            log.warning("%s: closed without its last commit: %r", self.partition, error)
        self._telemetry.released(self.partition.partition)

    @property
    def reached(self) -> int:
        """The offset up to which records are applied, committed or not; negative while it is not open."""
        return self._reached

    @property
    def committed(self) -> int:
        """The offset that is committed in Redis; negative while it is not open."""
        return self._offset()

    async def beat(self, lag: int | None) -> None:
        """Tell the board that the partition has an owner, and the metrics how far behind it is."""
        if self._closing:
            return
        if lag is not None:
            self._telemetry.lag(self.partition.partition, lag)
        if self.state == "open":
            with suppress(RedisError):
                await self.store.beat()

    def _offset(self) -> int:
        return NEVER if self._position is None else self._position.offset

    def _failed(self, what: str, error: Exception) -> None:
        self._failures += 1
        self._telemetry.errors.labels(type(error).__name__).inc()
        log.warning("%s %s: %r", self.partition, what, error)


_T = TypeVar("_T")


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
