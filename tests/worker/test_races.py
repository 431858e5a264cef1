"""A model of everything that can come between pump, seek and table: the real ones, over a Kafka, a Redis and
a clock that are made of chance. Whatever happens, each record is applied once, and nothing stands still.

A seed decides everything: who is switched to where somebody waits, which answers are late, lost or errors,
which batches never reach their table, who steals the partition, and when Redis forgets its last second. Time
is counted, not waited for.
"""

import asyncio
import logging
import random
import selectors
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, RequestTimedOutError
from redis.exceptions import ConnectionError as RedisConnectionError

from streams.engine.facts import NEVER
from streams.engine.work import Effect
from streams.settings import Settings
from streams.state import Changes, Outcome, Position
from streams.worker import assigned as assigned_module
from streams.worker.assigned import Assigned
from streams.worker.batch import Batch
from streams.worker.budget import Budget
from streams.worker.table import KpiTable
from streams.worker.telemetry import Telemetry
from streams.worker.unreadable import Salvage
from tests.builders import Record
from tests.worker.test_consumer import Agent

SEEDS = 200
BLOCK = 25
LONGEST_S = 600.0
"""Of the clock that is counted."""


class CountedTime(asyncio.SelectorEventLoop):
    """An event loop that never waits: its clock jumps to the next thing that is due."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        return self.now


class _Jump(selectors.SelectSelector):
    def __init__(self, loop: CountedTime) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everybody waits for somebody: it would stand for ever"
        self._loop.now += max(0.0, timeout)
        return []


class Trouble:
    """Chance. It ends after a while, as outages do, and then everything must come to an end."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.often = self.random.choice((0.0, 0.02, 0.1, 0.3))
        self.until_s = self.random.choice((5, 60))

    def strikes(self) -> bool:
        now = asyncio.get_running_loop().time()
        return now < self.until_s and self.random.random() < self.often

    async def switch(self) -> None:
        """Let others go first, any number of times, or for any time."""
        for _ in range(self.random.choice((0, 0, 0, 1, 2, 5))):
            await asyncio.sleep(0)
        if self.random.random() < 0.05:
            await asyncio.sleep(self.random.random() * 2)


class Log:
    """A partition: records at some offsets, control records and holes at the others."""

    def __init__(self, chance: random.Random) -> None:
        self.end = chance.randint(1, 60)
        self.records = [Record(at, 0, None, b"x") for at in range(self.end) if chance.random() < 0.8]

    def between(self, start: int, most: int) -> tuple[list[Record], int]:
        """The next records from `start` on, so many at most, and the position behind them."""
        left = [one for one in self.records if one.offset >= start]
        taken = left[:most]
        return taken, self.end if len(taken) == len(left) else taken[-1].offset + 1


class Kafka:
    """An AIOKafkaConsumer, with more switches than the real one has: it may be left at any of its awaits."""

    def __init__(self, logs: dict[TopicPartition, Log], trouble: Trouble) -> None:
        self._logs = logs
        self._trouble = trouble
        self._at = dict.fromkeys(logs, 0)

    async def position(self, partition: TopicPartition) -> int:
        await self._trouble.switch()
        at = self._at[partition]
        await self._trouble.switch()
        return at

    async def getmany(
        self, partition: TopicPartition, *, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Record]]:
        log, chance = self._logs[partition], self._trouble.random
        await self._trouble.switch()
        if self._trouble.strikes():
            raise chance.choice(
                (
                    OffsetOutOfRangeError({}),
                    RequestTimedOutError(),
                    UnicodeDecodeError("utf-8", b"x", 0, 1, ""),
                )
            )
        if self._at[partition] >= log.end:
            await asyncio.sleep(timeout_ms / 1000)
        found, self._at[partition] = log.between(
            self._at[partition], chance.randint(1, max(1, min(12, max_records)))
        )
        await self._trouble.switch()
        return {partition: found} if found else {}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._at[partition] = offset

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await self._trouble.switch()
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await self._trouble.switch()
        return {partition: self._logs[partition].end for partition in partitions}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {partition.partition for partition in self._logs}

    async def committed(self, partition: TopicPartition) -> None:
        await self._trouble.switch()

    def highwater(self, partition: TopicPartition) -> int:
        return self._logs[partition].end

    last_stable_offset = highwater


class Store:
    """A partition's state in memory: a position, and how often each record was applied."""

    def __init__(self, trouble: Trouble) -> None:
        self.client = self
        self._trouble = trouble
        self._position: Position | None = None
        self.totals: dict[str, int] = {}
        self._before: tuple[Position, dict[str, int]] | None = None

    async def _answer(self) -> None:
        await self._trouble.switch()
        if self._trouble.strikes():
            raise RedisConnectionError

    async def info(self, section: str) -> dict[str, str]:
        await self._answer()
        return {"maxmemory_policy": "noeviction"}

    async def meta(self) -> dict[str, str]:
        await self._answer()
        return {}

    async def others_meta(self, field: str, partitions: int) -> set[str]:
        await self._answer()
        return set()

    def gone_ms(self, now_ms: int) -> dict[str, int]:
        return {}

    async def position(self) -> Position | None:
        await self._answer()
        found = self._position
        await self._answer()  # which may be late
        return found

    async def beat(self) -> Position | None:
        return await self.position()

    async def claim(self, offset_if_new: int, meta: dict[str, str]) -> Position:
        await self._answer()
        self._position = Position.claimed(self._position.offset if self._position else offset_if_new)
        claimed = self._position
        await self._answer()
        return claimed

    async def load_totals(self) -> dict[str, int]:
        await self._answer()
        return dict(self.totals)

    async def load_rows(self, keys: Any) -> dict[Any, bytes | None]:
        await self._answer()
        return {}

    async def load_panes(self, wanted: Any) -> dict[Any, dict[str, int]]:
        await self._answer()
        return {}

    async def panes_before(self, now_ms: int) -> list[Any]:
        await self._answer()
        return []

    async def commit(self, current: Position, to: Position, changes: Changes, now_ms: int) -> Outcome:
        await self._answer()
        self._somebody_else_comes()
        if self._position != current:
            return Outcome.FENCED
        self._before = self._position, dict(self.totals)
        self._position = to
        self.totals |= changes.totals
        await self._answer()  # lost: it was done all the same
        return Outcome.COMMITTED

    def _somebody_else_comes(self) -> None:
        """Another worker claims the partition, or Redis comes back without its last second."""
        if self._trouble.strikes() and self._position is not None:
            self._position = Position.claimed(self._position.offset)
        if self._trouble.strikes() and self._before is not None:
            (self._position, self.totals), self._before = self._before, None


class Engine:
    """Applies a record by counting it under its offset."""

    def decode(self, records: Sequence[Record]) -> tuple[Sequence[Record], list[Any]]:
        return records, []

    def begin(self) -> "Work":
        return Work()

    def decode_row(self, kind: str, data: bytes) -> Any:
        raise AssertionError("there are no rows")


class Work:
    """Has no rows, and counts each record."""

    def __init__(self) -> None:
        self.rejects: list[Any] = []
        self.newest_ms = NEVER
        self._totals: Counter[str] = Counter()

    def missing(self, events: Sequence[Record]) -> set[Any]:
        return set()

    def merge(self, events: Sequence[Record], rows: Any) -> None:
        self._totals.update(str(event.offset) for event in events)

    def receive(self, records: Sequence[Record]) -> None:
        """They are counted when they are merged."""

    def effect(self, gone_ms: Any) -> Effect:
        return Effect({}, {}, dict(self._totals), {}, self.rejects, {}, NEVER, 0)


class NoLetters:
    async def write(self, source: TopicPartition, rejects: Sequence[Any]) -> None:
        assert not rejects


class Channel(asyncio.Queue[Batch]):
    """Loses a batch now and then, but never the last one of the log: nobody would ever ask for it."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(1)
        self._trouble = trouble

    async def send(self, *, value: Batch) -> None:
        await self._trouble.switch()
        if self._trouble.strikes() and not value.caught_up:
            assert value.share is not None
            return value.share.release()
        await self.put(value)


@dataclass(slots=True)
class App:
    """As much of a Faust app as holds channels."""

    trouble: Trouble
    agents: dict[str, Any] = field(default_factory=dict)

    def channel(self, maxsize: int) -> Channel:
        return Channel(self.trouble)


class World:
    """All partitions of one worker."""

    def __init__(self, seed: int, partitions: int) -> None:
        self.trouble = trouble = Trouble(seed)
        topic = [TopicPartition("model", number) for number in range(partitions)]
        self.logs = {partition: Log(trouble.random) for partition in topic}
        self.stores = {partition: Store(trouble) for partition in topic}
        self.budget = Budget(trouble.random.choice((8, 40, 32_000)))
        self._kafka: Any = Kafka(self.logs, trouble)
        self._app: Any = App(trouble)

    async def run(self) -> list[str]:
        """What is wrong at the end."""
        assigned = [self._assigned(partition) for partition in self.logs]
        restless = asyncio.create_task(self._reopen(assigned))
        for one in assigned:
            await one.start()
        loop = asyncio.get_running_loop()
        while not self._is_done() and loop.time() < LONGEST_S:
            await asyncio.sleep(1)
        restless.cancel()
        for one in assigned:
            await one.stop()
        return list(self._faults())

    def _assigned(self, partition: TopicPartition) -> Assigned:
        telemetry = Telemetry()

        def make_table(tp: TopicPartition, log: Any) -> KpiTable:
            settings = Settings(ends_at="events", commit_events=20)
            store: Any = self.stores[tp]
            engine: Any = Engine()
            letters: Any = NoLetters()
            return KpiTable(tp, log, store, engine, letters, telemetry, settings, lambda: 0)

        account = self.budget.open()
        return Assigned(
            self._kafka,
            partition,
            self._app,
            make_table,
            account=account,
            telemetry=telemetry,
            salvage=self._salvage,
        )

    async def _salvage(self, partition: TopicPartition, position: int) -> Salvage:
        await self.trouble.switch()
        records: Any
        records, end = self.logs[partition].between(position, 5)
        return Salvage(records, [], end)

    async def _reopen(self, assigned: list[Assigned]) -> None:
        while True:
            await asyncio.sleep(self.trouble.random.random() * 3)
            if self.trouble.strikes():
                await self.trouble.random.choice(assigned).table.open()

    def _is_done(self) -> bool:
        ends = {partition: log.end for partition, log in self.logs.items()}
        found = {tp: store._position.offset for tp, store in self.stores.items() if store._position}
        return found == ends

    def _faults(self) -> Iterator[str]:
        for partition, log in self.logs.items():
            store = self.stores[partition]
            if not store._position or store._position.offset != log.end:
                yield f"{partition.partition} stands at {store._position} of {log.end}"
            expected = {str(one.offset): 1 for one in log.records}
            if store.totals != expected:
                yield f"{partition.partition} has {store.totals}"
        if (self.budget.records, self.budget.bytes) != (0, 0):
            yield f"{self.budget.records} records of the budget were not given back"


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("block", range(SEEDS // BLOCK))
def test_whatever_comes_between_each_record_is_applied_once(
    partitions: int, block: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # so much goes wrong
    monkeypatch.setattr(assigned_module, "table_agent", Agent)
    wrong = {}
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        with asyncio.Runner(loop_factory=CountedTime) as runner:
            faults = runner.run(World(seed, partitions).run())
        if faults:
            wrong[seed] = faults
    assert wrong == {}
