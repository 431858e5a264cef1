"""A KPI table on a real Redis, with a log in memory that stands in for the partition consumer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Self

from aiokafka import TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError
from redis.asyncio import Redis

from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode, spread
from streams.engine import decode as events_
from streams.engine.decode import Reject
from streams.engine.engine import Engine
from streams.engine.facts import Row
from streams.engine.panes import KEEP_MS
from streams.engine.work import RowKey, Work
from streams.settings import Settings
from streams.state import PartitionStore
from streams.worker.batch import Batch
from streams.worker.table import KpiTable
from streams.worker.telemetry import Telemetry
from tests.builders import Event, Record, record, shipped
from tests.services import recount

PARTITION = TopicPartition("crm.events", 3)
NAMESPACE = "tables"
UNTIL_MS = 1_760_000_000_000  # 9 October 2025
PUBLISHED_MS = UNTIL_MS + 1
NEVER_BY_ITSELF: dict[str, Any] = {"commit_events": 10**9, "commit_bytes": 10**9, "commit_ms": 10**9}
"""Settings under which only a table that has caught up commits."""
PATIENCE_S = 20.0


@lru_cache
def engine(*, sweeps: bool = False) -> Engine:
    """The real engine on the catalog that we ship."""
    return Engine(shipped(), sweeps=sweeps)


class Poisoned(Engine):
    """The real engine, but it fails at some records, when it has already changed rows in place."""

    def __init__(self, offsets: Collection[int]) -> None:
        super().__init__(shipped(), sweeps=False)
        self._offsets = offsets

    def begin(self) -> Work:
        work = super().begin()
        merge = work.merge

        def fail(events: Iterable[events_.Event], rows: Mapping[RowKey, Row | None]) -> None:
            given = list(events)
            merge(given, rows)
            if any(event.record.offset in self._offsets for event in given):
                raise ZeroDivisionError("s3cret")

        work.merge = fail  # type: ignore[method-assign]
        return work


@lru_cache
def history(events: int = 300) -> Sequence[Record]:
    """A company's events of two months, with repeats, disorder and bad lines."""
    lines = messy((encode(event) for _, event in spread(7, events, UNTIL_MS, 60)), Mess(window=60), 7)
    return records(lines)


def records(values: Iterable[Event | str | bytes | None], first: int = 0) -> list[Record]:
    """One record after the other, from offset `first` on."""
    return [record(value, at=PUBLISHED_MS, offset=offset) for offset, value in enumerate(values, first)]


@dataclass
class MemoryLog:
    """A partition's log in memory, and the pump that fetches from it.

    Records may lie anywhere in [earliest, end): what is between them are holes.
    """

    records: Sequence[Record]
    earliest: int = 0
    end: int = -1
    group: int | None = None
    """What the group has committed."""
    count: int = 4
    """Partitions of the topic; 0 while they are not known."""
    epoch: int = 0
    next: int = 0

    def __post_init__(self) -> None:
        if self.end < 0:
            self.end = self.records[-1].offset + 1 if self.records else 0

    # -- As the table sees it

    async def bounds(self) -> tuple[int, int]:
        return self.earliest, self.end

    def partitions(self) -> int:
        if not self.count:
            raise UnknownTopicOrPartitionError
        return self.count

    async def group_offset(self) -> int | None:
        return self.group

    async def timestamp_at(self, offset: int) -> int | None:
        return next((one.timestamp for one in self.records if one.offset == offset), None)

    def seek(self, offset: int) -> int:
        self.next = offset
        self.epoch += 1
        return self.epoch

    # -- As the pump sees it

    def fetch(self, number: int | None = None) -> Batch:
        """The next batch, of so many records; of all that are left, without `number`."""
        start = self.next
        left: list[Any] = [record for record in self.records if record.offset >= start]
        taken = left[:number]
        self.next = self.end if len(taken) == len(left) else taken[-1].offset + 1
        size = sum(len(record.value or b"") for record in taken)
        return Batch(self.epoch, start, self.next, taken, caught_up=self.next == self.end, bytes=size)


class Letters:
    """Notes dead letters in place of writing them; fails so many times first."""

    def __init__(self, failing: Iterable[Exception] = ()) -> None:
        self.failing = list(failing)
        self.written: list[tuple[TopicPartition, Reject]] = []

    async def write(self, source: TopicPartition, rejects: Iterable[Reject]) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.written += [(source, reject) for reject in rejects]


@dataclass(slots=True)
class Bench:
    """A table with all that is around it."""

    log: MemoryLog
    store: PartitionStore
    table: KpiTable
    letters: Any
    telemetry: Telemetry
    commits: list[int] = field(default_factory=list)
    """The offsets that were committed."""

    async def opened(self) -> Self:
        await self.table.open()
        return self

    async def take(self, number: int | None = None) -> None:
        """Let the pump fetch a batch, and the table take it."""
        await self.table.take(self.log.fetch(number))

    async def run(self, number: int = 50) -> None:
        """To the end of the log, in batches of so many records."""
        while self.log.next < self.log.end:
            await self.take(number)

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric; 0 for one that is not there."""
        return self.telemetry.registry.get_sample_value(name, labels) or 0.0

    def errors(self) -> dict[str, float]:
        """Name of an error -> how often the table had it."""
        return {
            sample.labels["error"]: sample.value
            for family in self.telemetry.registry.collect()
            for sample in family.samples
            if sample.name == "crm_partition_errors_total"
        }

    async def offset(self) -> int | None:
        """How far Redis says that the partition is."""
        position = await self.store.position()
        return None if position is None else position.offset

    async def differences(
        self, counted: Sequence[Record] | None = None, poison: Collection[int] = ()
    ) -> list[str]:
        """How the state in Redis differs from a recount of the log, up to the committed offset."""
        offset = await self.offset() or 0
        of = [one for one in (self.log.records if counted is None else counted) if one.offset < offset]
        expected = recount.recount(engine(), of, self.store, poison)
        expected.offset = offset
        return recount.differences(expected, await recount.stored(self.store.client, self.store, engine()))

    async def is_exact(self, counted: Sequence[Record] | None = None, poison: Collection[int] = ()) -> bool:
        """Whether the table has caught up, and its state is the recount of the whole log."""
        assert await self.offset() == self.log.end
        assert await self.differences(counted, poison) == []
        return True


def a_bench(
    client: Redis,
    log: MemoryLog | Sequence[Record] | None = None,
    *,
    letters: Any = None,
    poison: Collection[int] = (),
    fingerprint: str | None = None,
    now_ms: Callable[[], int] = lambda: PUBLISHED_MS,
    **settings: Any,
) -> Bench:
    """A table that is not open yet; by default over `history()`, and it commits each batch.

    `poison` are the offsets of records that its engine fails at.
    """
    if not isinstance(log, MemoryLog):
        log = MemoryLog(history() if log is None else log)
    found = Settings(**{"ends_at": "events", "commit_events": 1, **settings})
    wall = found.ends_at == "wall"
    store = PartitionStore(
        client,
        NAMESPACE,
        PARTITION.partition,
        fingerprint=fingerprint or shipped().fingerprint,
        tiers=KEEP_MS,
        wall=wall,
    )
    telemetry, letters = Telemetry(), letters or Letters()
    used = Poisoned(poison) if poison else engine(sweeps=wall)
    table = KpiTable(PARTITION, log, store, used, letters, telemetry, found, now_ms)
    bench = Bench(log, store, table, letters, telemetry)
    after(store, "commit", partial(_note_commit, bench))
    return bench


def _note_commit(bench: Bench, outcome: Any, current: Any, to: Any, *_: Any) -> None:
    if outcome.value == "committed":
        bench.commits.append(to.offset)


# -- Getting in between -----------------------------------------------------------------------------------


def before(owner: Any, name: str, act: Callable[..., Any]) -> None:
    """Call `act` with the same arguments before each call of this coroutine function of `owner`."""
    real = getattr(owner, name)

    async def wrapped(*arguments: Any, **named: Any) -> Any:
        await _maybe(act(*arguments, **named))
        return await real(*arguments, **named)

    setattr(owner, name, wrapped)


def after(owner: Any, name: str, act: Callable[..., Any]) -> None:
    """Call `act` with the result and the arguments after each call of this coroutine function of `owner`."""
    real = getattr(owner, name)

    async def wrapped(*arguments: Any, **named: Any) -> Any:
        result = await real(*arguments, **named)
        await _maybe(act(result, *arguments, **named))
        return result

    setattr(owner, name, wrapped)


async def is_held(bench: Bench, reason: str) -> None:
    """Open it, and wait until it is held."""
    await until(lambda: (bench.table.state, bench.table.condition.reason) == ("held", reason))
    assert bench.metric("crm_partition_state", partition="3", state="held") == 1
    assert bench.metric("crm_partition_held", partition="3", reason=reason) == 1
    assert bench.metric("crm_partition_state", partition="3", state="open") == 0
    assert bench.table.reached < 0


@asynccontextmanager
async def under_way(work: Awaitable[Any]) -> AsyncIterator[asyncio.Future[Any]]:
    """Let it run beside; at the end it must have ended."""
    task = asyncio.ensure_future(work)
    try:
        yield task
        await asyncio.wait_for(task, timeout=20)
    finally:
        task.cancel()


async def _maybe(result: Any) -> Any:
    return await result if isinstance(result, Awaitable) else result


async def until(condition: Callable[[], Any]) -> None:
    """Return when the condition holds, which may be a coroutine function; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _maybe(condition()):
            await asyncio.sleep(0.005)
