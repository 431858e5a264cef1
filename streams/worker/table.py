"""A partition's KPI table: where it stands, and the only ways in which it moves.

`open()` is the one way in: assigned, fenced, out of range, a gap, any error all end there. `take()` applies a
batch if it is the next one. `commit()` writes what was applied, atomically, together with the position.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import TopicPartition

from streams.engine.decode import Event, Reject
from streams.engine.engine import Engine
from streams.engine.facts import NEVER, Row
from streams.engine.panes import MINUTE_MS, Pane
from streams.engine.work import Effect, RowKey
from streams.errors import Held
from streams.naming import NEWEST_MS
from streams.settings import Settings
from streams.state import Changes, Outcome, PartitionStore, Position
from streams.worker.bad_share import BadShare
from streams.worker.batch import Batch
from streams.worker.checks import Checks
from streams.worker.condition import OURS, Condition, named, reason_of
from streams.worker.dead_letters import DeadLetters
from streams.worker.log import Log
from streams.worker.pace import Pace
from streams.worker.pending import PaneCache, Pending, event_totals, rejects_by_reason, time_totals
from streams.worker.sieve import Sieve
from streams.worker.sweeper import Sweeper
from streams.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

CHUNK_EVENTS: Final = 2_000
"""Rows are loaded for so many events at a time; between chunks other partitions have their turn."""
CACHED_CELLS: Final = 200_000
RETRY_S: Final = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""How long to wait before opening, by the errors since the last commit."""
HELD_RETRY_S: Final = 5.0
FAULTS: Final = 3
"""After so many faults of our own code at one position, the records that it fails at are looked for."""


class KpiTable:
    """The table of one partition; `condition` says what state it is in, and why."""

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
        self.condition = Condition(partition, telemetry)
        self._log = log_
        self._pace = Pace(settings)
        self._checks = Checks(partition, store, log_)
        self._bad_share = BadShare(settings.dead_letter_share)
        self._engine = engine
        self._dead_letters = dead_letters
        self._telemetry = telemetry
        self._settings = settings
        self._now_ms = now_ms
        self._sweeper = Sweeper(store, engine) if settings.ends_at == "wall" else None
        self._busy = asyncio.Lock()
        self._closing = asyncio.Event()
        self._failures = 0
        """Errors since the last commit,"""
        self._faults = 0
        """and those of them that are our own code's."""
        self._lost_until = 0
        """The offset up to which lost records are counted."""
        self._dropped_at = NEVER
        self._reset()

    def _reset(self) -> None:
        """Drop caches and uncommitted work; what was fetched before belongs to no epoch of ours any more."""
        self.epoch = -1
        self._position: Position | None = None
        self._reached = NEVER
        self._totals: dict[str, int] = {}
        self._cache = PaneCache(CACHED_CELLS)
        self._pending = Pending(self._engine.begin())

    @property
    def state(self) -> str:
        """`opening`, `open` or `held`."""
        return self.condition.state

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

    async def reopen(self) -> None:
        """Commit what is applied, and open again: the log has nothing where it would go on."""
        async with self._busy:
            if self._has_uncommitted():
                await self._or_open(self._commit())
            await self._open()

    async def _open(self) -> None:
        self._reset()  # 1
        self.condition.opening()
        while not self._is_closing:  # then the partition is somebody else's, who must not be fenced once more
            await self._rest(RETRY_S[min(self._failures, len(RETRY_S) - 1)])
            try:
                return await self._try_open()
            except Held as held:
                self.condition.held(held)
                await self._rest(HELD_RETRY_S)
            except Exception as error:
                self._failed(error)

    async def _rest(self, seconds: float) -> None:
        """Sleep, but not beyond the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    @property
    def _is_closing(self) -> bool:
        return self._closing.is_set()

    async def _try_open(self) -> None:
        self._reset()
        self._bad_share.check()  # 2
        earliest = await self._checks.at_open()
        if self._is_closing:
            return
        position = await self.store.claim(earliest, {"partitions": str(self._checks.partitions)})  # 3
        self._position = position
        self._bad_share.back_to(position.offset)
        self._reached = self._skip_lost(position.offset, earliest)
        self._totals = await self.store.load_totals()  # 4
        self.epoch = self._log.seek(self._reached)
        self.condition.opened()

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
            await self._or_open(self._take(batch))
            if not self._is_closing:
                self._pace.set_deadline(self._pending, self._commit_in_time)

    async def _or_open(self, work: Awaitable[None]) -> None:
        """The way out of all trouble."""
        try:
            await work
        except asyncio.CancelledError:
            self._reset()  # a batch may be half applied: nobody must commit that
            raise
        except Held:
            await self._open()  # which finds the same, and holds
        except Exception as error:
            self._failed(error)
            await self._open()

    async def _take(self, batch: Batch) -> None:
        if self._is_closing or batch.epoch != self.epoch:
            return  # fetched before the last seek
        if batch.start != self._reached:
            log.warning("%s: a gap, %d instead of %d", self.partition, batch.start, self._reached)
            return await self._open()
        if self._pending.since is None:
            self._pending.since = asyncio.get_running_loop().time()
        for first in range(0, len(batch.records), CHUNK_EVENTS):
            await self._apply(batch.records[first : first + CHUNK_EVENTS])
        self._reject(batch.rejects)
        self._pending.bytes += batch.bytes
        self._reached = batch.end
        if self._pace.is_due(self._pending, caught_up=batch.caught_up):
            await self._pace.wait(caught_up=batch.caught_up)
            await self._commit()

    async def _apply(self, records: Sequence[Any]) -> None:
        good, poison = await self._sifted(records)
        events, rejects = self._engine.decode(good)
        work = self._pending.work
        known = len(work.rejects)
        work.rejects += [*poison, *rejects]
        work.merge(events, await self._rows(work.missing(events)))
        self._bad_share.add(records, work.rejects[known:])  # Held before any of them is written
        self._pending.note(records)

    def _reject(self, rejects: Sequence[Reject]) -> None:
        """Records that could not even be read."""
        if rejects:
            records = [reject.record for reject in rejects]
            self._pending.work.rejects += rejects
            self._bad_share.add(records, rejects)
            self._pending.note(records)

    async def _sifted(self, records: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Reject]]:
        """The records that our code does not fail at, and the others, which are looked for when it does."""
        if self._faults < FAULTS:
            return records, ()
        sieve = Sieve(self._engine, self._rows_as_they_are)
        await sieve.sift(records)
        return sieve.good, sieve.rejects

    async def _rows_as_they_are(self, events: Iterable[Event]) -> dict[RowKey, Row | None]:
        """The rows that the events need: not yet committed ones from here, the others from Redis."""
        keys, work = self._engine.keys(events), self._pending.work
        missing = work.missing(events)
        return {**await self._rows(missing), **work.rows(keys - missing)}

    async def _rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Row | None]:
        decode = self._engine.decode_row
        loaded = await self.store.load_rows(keys)
        return {key: None if data is None else decode(key[0], data) for key, data in loaded.items()}

    # -- Commits ------------------------------------------------------------------------------------------

    async def _commit_in_time(self, pending: Pending) -> None:
        """Commit what no further batch has led to a commit, or to being dropped."""
        async with self._busy:
            if pending is self._pending and not self._is_closing:
                await self._or_open(self._commit())

    async def _commit(self) -> None:
        """Write what is pending together with the new position.

        1. Dead letters are acknowledged by Kafka.
        2. The cells that are not cached are read, and everything becomes absolute.
        3. Redis takes rows, panes, totals, waiting lists and position in one step, or nothing.
        4. Fenced: somebody else moved the partition on; open again.
        """
        assert self._position is not None
        await self._checks.while_open()
        pending, started = self._pending, asyncio.get_running_loop().time()
        await self._dead_letters.write(self.partition, pending.work.rejects)  # 1
        now_ms = self._horizon_ms()
        effect = pending.work.effect(self.store.gone_ms(now_ms))
        changes = await self._changes(effect, now_ms)  # 2
        to = self._position.at(self._reached)
        outcome = await self.store.commit(self._position, to, changes, now_ms)  # 3
        if outcome is not Outcome.COMMITTED:  # 4
            self._telemetry.fenced.inc()
            log.warning("%s: the commit was refused (%s)", self.partition, outcome.value)
            return await self._open()
        self._settle(to, changes)
        self._pace.committed()
        seconds = asyncio.get_running_loop().time() - started
        self._telemetry.forgotten.inc(effect.forgotten)
        self._telemetry.committed(effect.outcomes, rejects_by_reason(effect), seconds)

    async def _changes(self, effect: Effect, now_ms: int) -> Changes:
        pending = self._pending
        self._cache.put(await self.store.load_panes(self._cache.missing(effect.panes)))
        return Changes(
            rows={**await self._swept(now_ms, pending.record_ms), **effect.rows},
            panes=self._cache.sums(effect.panes),
            totals=self._new_totals(effect),
            waiting=effect.waiting,
            dropped=await self._dropped(now_ms),
            record_ms=pending.record_ms,
            record_offset=pending.record_offset,
        )

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

    def _new_totals(self, effect: Effect) -> dict[str, int]:
        differences = {**effect.totals, **event_totals(effect)}
        totals = {cell: self._totals.get(cell, 0) + number for cell, number in differences.items()}
        return totals | time_totals(self._totals, effect)

    def _horizon_ms(self) -> int:
        """The moment that panes expire by: the clock, or the newest accepted event."""
        if self._settings.ends_at == "wall":
            return self._now_ms()
        return max(self._pending.work.newest_ms, self._totals.get(NEWEST_MS, NEVER))

    def _settle(self, to: Position, changes: Changes) -> None:
        """What was pending is now what is."""
        self._position = to
        self._totals.update(changes.totals)
        self._cache.put(changes.panes)
        self._pending = Pending(self._engine.begin())
        self._failures = self._faults = 0
        self._bad_share.keep(to.offset)

    # -- The end ------------------------------------------------------------------------------------------

    async def close(self, timeout_s: float) -> None:
        """Finish the batch in hand and commit; what takes longer is left to whoever comes next."""
        self._closing.set()
        try:
            async with asyncio.timeout(timeout_s), self._busy:
                if self._has_uncommitted():
                    await self._commit()
        except Exception as error:
            log.warning("%s: closed without its last commit: %s", self.partition, named(error))
        finally:
            self._pace.drop_deadline()
            self.condition.released()

    @property
    def reached(self) -> int:
        """The offset up to which records are applied, committed or not; negative while it is not open."""
        return self._reached

    @property
    def committed(self) -> int:
        """The offset that is committed in Redis; negative while it is not open."""
        return NEVER if self._position is None else self._position.offset

    def tell_lag(self, end: int | None) -> None:
        """Tell the metrics how many records before `end` are not committed, also while it is not open.

        Nothing while one of the two is not known, or when the log ends before us: then it is another log. An
        open table may be further than an older answer of Kafka says.
        """
        if self._is_closing:
            return
        lag = None if end is None or self.store.seen is None else end - self.store.seen.offset
        if lag is not None and lag < 0:
            lag = 0 if self.state == "open" else None
        self._telemetry.lag(self.partition.partition, lag)

    async def beat(self) -> None:
        """Tell the board that the partition has an owner, and find out what else only a commit would.

        An idle partition has none for long. It is asked without the lock, for a batch may take its time; what
        is found counts when no commit has moved the position meanwhile.
        """
        if self._is_closing or self.state != "open":
            return
        ours = self._position
        (found,) = await asyncio.gather(self._ask(), return_exceptions=True)
        if found == ours:
            return
        async with self._busy:
            if self._position is ours and not self._is_closing:
                await self._or_open(self._elsewhere(found))

    async def _ask(self) -> Position | None:
        """Beat, and return where Redis says that we stand; Held when the minute's check finds something."""
        await self._checks.while_open()
        return await self.store.beat()

    async def _elsewhere(self, found: Position | None | BaseException) -> None:
        """Redis was rolled back or emptied, or somebody else moved the partition; or `_ask` has failed."""
        if isinstance(found, BaseException):
            raise found
        self._telemetry.fenced.inc()
        log.warning("%s: Redis is at %s, not where we left it", self.partition, found)
        await self._open()

    def _has_uncommitted(self) -> bool:
        return self._pending.since is not None and self._reached > self.committed

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._faults += reason_of(error) == OURS
        self.condition.failed(error)
