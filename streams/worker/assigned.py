"""One assigned partition: its pump fetches batches and puts them on its agent's channel, which holds one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    KafkaError,
    OffsetOutOfRangeError,
    UnknownTopicOrPartitionError,
)

from streams.worker.agents import table_agent
from streams.worker.batch import Batch
from streams.worker.budget import RECORD_BYTES, Account, Share
from streams.worker.condition import named
from streams.worker.log import Log
from streams.worker.placement import Placement
from streams.worker.seldom import Seldom
from streams.worker.table import KpiTable
from streams.worker.telemetry import Telemetry
from streams.worker.unreadable import Salvage

log = logging.getLogger(__name__)

FETCH_RECORDS: Final = 5_000
POLL_MS: Final = 1_000
STOP_S: Final = 2.0
"""How long a partition that is taken away may take to finish the batch in hand."""
BEAT_S: Final = 5.0
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
"""How long to wait before trying again, by the failures in a row."""


class Assigned:
    """One assigned partition: its table, its agent, its pump."""

    def __init__(
        self,
        kafka: AIOKafkaConsumer,
        partition: TopicPartition,
        app: faust.App,
        make_table: Callable[[TopicPartition, Log], KpiTable],
        *,
        account: Account,
        telemetry: Telemetry,
        salvage: Callable[[TopicPartition, int], Awaitable[Salvage]],
        placement: Placement | None = None,
    ) -> None:
        self._kafka = kafka
        self._partition = partition
        self._app = app
        self._account = account
        self._telemetry = telemetry
        self._salvage = salvage
        self._placement = placement
        self._seldom = Seldom()
        self._busy = False
        """Whether the last fetch brought something, and there is more."""
        self._failures = 0
        self._failed_at = -1
        """The position at which the last fetch failed."""
        self.trouble = ""
        self.epoch = 0
        self._sought = 0
        """Where the last seek went."""
        self._channel: Any = app.channel(maxsize=1)
        self.table = make_table(partition, self)
        self._agent: Any = table_agent(app, self._channel, self.table)
        self._tasks: list[asyncio.Task[None]] = []

    # -- The log, as the table sees it ---------------------------------------------------------------------

    async def bounds(self) -> tuple[int, int]:
        partition = self._partition
        earliest = await self._kafka.beginning_offsets([partition])
        end = await self._kafka.end_offsets([partition])
        return earliest[partition], end[partition]

    def partitions(self) -> int:
        found = self._kafka.partitions_for_topic(self._partition.topic)
        if not found:
            raise UnknownTopicOrPartitionError
        return len(found)

    async def group_offset(self) -> int | None:
        committed: int | None = await self._kafka.committed(self._partition)
        return committed

    async def timestamp_at(self, offset: int) -> int | None:
        try:
            found = await self._salvage(self._partition, offset)
        except OffsetOutOfRangeError:  # retention was faster
            return None
        records = [*found.records, *(reject.record for reject in found.rejects)]
        return next((record.timestamp for record in records if record.offset == offset), None)

    def seek(self, offset: int) -> int:
        self._kafka.seek(self._partition, offset)  # one step: there is no await between the two
        self._sought = offset
        self.epoch += 1
        return self.epoch

    # -- Running -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        await self._agent.start()
        for name, run in (("pump", self._run_pump), ("beat", self._run_beat)):
            self._tasks.append(asyncio.create_task(run(), name=f"{name}-{self._partition.partition}"))

    async def stop(self) -> None:
        """The agent finishes the batch in hand and commits; then both stop."""
        for task in self._tasks:
            task.cancel()
        try:
            await self.table.close(STOP_S)
            await self._agent.stop()
        finally:
            self._account.close()
            self._app.agents.pop(self._agent.name, None)

    def progress(self) -> tuple[int, int] | None:
        """(epoch, offset up to which records are applied); None while the table is not open."""
        return (self.table.epoch, self.table.reached) if self.table.state == "open" else None

    async def _run_beat(self) -> None:
        while True:  # a task of its own: a beat may find out that the table is to be opened again
            await self.table.beat()
            await asyncio.sleep(BEAT_S)

    # -- The pump ------------------------------------------------------------------------------------------

    async def _run_pump(self) -> None:
        while True:
            try:
                await self._pump_one()
            except OffsetOutOfRangeError:
                log.warning("%s: the offset to fetch is gone", self._partition)
                await self._reopen()
            except ConsumerStoppedError:
                return
            except Exception as error:  # whatever it is: without its pump a partition stands still
                self._failed(error)
                await asyncio.sleep(retry_s(self._failures))

    async def _reopen(self) -> None:
        """Once all that was fetched is applied, for it is not lost; what takes longer must not stand here."""
        epoch, fetched = self.epoch, await self._kafka.position(self._partition)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                while self.epoch == epoch and self.table.reached < fetched:
                    await asyncio.sleep(0.01)
        if self.epoch == epoch:
            await self.table.reopen()

    async def _pump_one(self) -> None:
        """Wait for room, fetch one batch, and hand it on."""
        if self.table.epoch < 0:
            return await asyncio.sleep(0.01)
        share = await self._account.reserve(FETCH_RECORDS, greedy=self._busy)
        try:
            batch = await self._fetch(share)
            if batch is None:
                share.release()
            else:
                await self._channel.send(value=batch)
        except BaseException:
            share.release()
            raise

    async def _fetch(self, share: Share) -> Batch | None:
        """One batch. What was asked for before a seek is dropped: its positions may be wrong.

        It may even lie behind the seek, and then nobody would ask for it again: so back to there.
        """
        partition = self._partition
        epoch, start = self.epoch, await self._kafka.position(partition)
        try:
            fetched = await self._kafka.getmany(partition, timeout_ms=POLL_MS, max_records=share.records)
        except Exception as error:
            if not self._may_be_unreadable(error, start):
                raise
            return await self._fetch_past(epoch, start, share)
        end = await self._kafka.position(partition)
        if self.epoch != epoch:
            self._kafka.seek(partition, self._sought)  # nothing of the new epoch has been handed on yet
            return None
        if end <= start:
            self._busy = False
            return None
        self._failures, self._failed_at, self.trouble = 0, -1, ""
        records = fetched.get(partition, [])
        return self._batch(share, Batch(epoch, start, end, records, self._is_end(end), share=share))

    def _batch(self, share: Share, batch: Batch) -> Batch:
        size = sum([len(record.value or b"") for record in batch.records])
        number = len(batch.records) + len(batch.rejects)
        self._account.fetched(share, number, size + RECORD_BYTES * number)
        self._busy = bool(batch.records) and not batch.caught_up
        if self._placement is not None:
            self._placement.check(batch.records, self._kafka.partitions_for_topic(self._partition.topic))
        return batch._replace(bytes=size)

    def _may_be_unreadable(self, error: Exception, start: int) -> bool:
        """Whether it is the second failure at one position, and none that Kafka has told us."""
        first, self._failed_at = self._failed_at != start, start
        told_by_kafka = isinstance(error, KafkaError) and not isinstance(error, CorruptRecordException)
        return not first and not told_by_kafka

    async def _fetch_past(self, epoch: int, start: int, share: Share) -> Batch | None:
        """A batch that aiokafka's consumer cannot read, fetched past it; the consumer goes on behind it."""
        found = await self._salvage(self._partition, start)
        if self.epoch != epoch or found.end <= start:
            return None
        self._failures, self.trouble = 0, ""
        self._kafka.seek(self._partition, found.end)  # no new epoch: the batch moves the table as far
        for reject in found.rejects:
            log.warning("%s: offset %d: %s", self._partition, reject.record.offset, reject.message)
        caught_up = self._is_end(found.end)
        batch = Batch(epoch, start, found.end, found.records, caught_up, found.rejects, share=share)
        return self._batch(share, batch)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self.trouble = named(error)
        self._telemetry.fetch_errors.labels(self._partition.partition, type(error).__name__).inc()
        if self._seldom.may_say(self.trouble):
            log.warning("%s: cannot fetch at offset %d: %s", self._partition, self._failed_at, self.trouble)

    def _end(self) -> int | None:
        """The end of what may be read, as of the last fetch; old brokers tell only the end of the log."""
        stable = self._kafka.last_stable_offset(self._partition)
        highwater: int | None = self._kafka.highwater(self._partition)
        return stable if stable is not None and stable >= 0 else highwater

    def _is_end(self, offset: int) -> bool:
        end = self._end()
        return end is not None and offset >= end


def retry_s(failures: int) -> float:
    return RETRY_S[min(failures, len(RETRY_S)) - 1]
