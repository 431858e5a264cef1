"""The partition consumer: aiokafka in a Faust service, one agent and one pump per assigned partition.

Faust runs the agents; it does not fetch (DESIGN 3 says why). The pump of a partition fetches a batch and puts
it on the agent's channel, which holds one; the agent hands it to the partition's table.

What bounds memory: the budget, of all batches between their fetch and their table. Before that, aiokafka
keeps one answer of Kafka per partition, still compressed: at most `PARTITION_BYTES` (or one record batch,
when that is larger). It asks for no more before that is taken, and a broker for at most `RESPONSE_BYTES` at
a time.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    KafkaError,
    OffsetOutOfRangeError,
    UnknownTopicOrPartitionError,
)
from mode import Service

from streams.errors import Stalled
from streams.settings import Settings
from streams.worker.agents import table_agent
from streams.worker.batch import Batch
from streams.worker.budget import RECORD_BYTES, Account, Budget, Share
from streams.worker.condition import named
from streams.worker.dead_letters import DeadLetters, letter_producer
from streams.worker.health import LOOK_S, Ends, KafkaHealth
from streams.worker.log import Log
from streams.worker.placement import PARTITIONERS, Placement
from streams.worker.seldom import Seldom
from streams.worker.table import KpiTable
from streams.worker.telemetry import Telemetry
from streams.worker.topics import create_topics
from streams.worker.unreadable import Salvage, salvage
from streams.worker.watchdog import ENDS, Watchdog

log = logging.getLogger(__name__)

FETCH_RECORDS: Final = 5_000
FETCH_WAIT_MS: Final = 200
PARTITION_BYTES: Final = 1_000_000
RESPONSE_BYTES: Final = 16_000_000
POLL_MS: Final = 1_000
STOP_S: Final = 2.0
"""How long a partition that is taken away may take to finish the batch in hand."""
DISCONNECT_S: Final = 1.0
"""How long leaving the group may take; who does not get to it is missed after the session time-out."""
REBALANCE_MS: Final = 30_000
"""How long the group waits for a living worker to let its partitions go; a dead one is out after its session.

By default that is a session, too: who is busy for longer is thrown out, joins again, and throws out the next.
"""
BEAT_S: Final = 5.0
GROUP_S: Final = 1.0
"""How often aiokafka is asked what the group has against us."""
MIRROR_S: Final = 5.0
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
"""How long to wait before fetching or connecting again, by the failures in a row."""
HEARTBEAT_MS: Final = 1_000
DAY_MS: Final = 86_400_000
METADATA_MS: Final = 10_000
"""Within this time an added partition is heard of; the group gives all out anew, and they are held."""
NOBODYS: Final = -1
"""The number of a partition that there is not: a fetch from it takes no record from a pump."""


class MakeTable(Protocol):
    """Makes the table of a partition."""

    def __call__(self, partition: TopicPartition, log_: Log, *, dead_letters: DeadLetters) -> KpiTable: ...


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
                await asyncio.sleep(_retry_s(self._failures))

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
            return await self._pass(epoch, start, share)
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

    async def _pass(self, epoch: int, start: int, share: Share) -> Batch | None:
        """A batch that aiokafka's consumer cannot read, fetched past it; the consumer goes on behind it."""
        found = await self._salvage(self._partition, start)
        if self.epoch != epoch or found.end <= start:
            return None
        self._failures, self.trouble = 0, ""
        self._kafka.seek(self._partition, found.end)  # no new epoch: the batch moves the table as far
        for reject in found.rejects:
            log.warning("%s: offset %d: %s", self._partition, reject.record.offset, reject.message)
        end = self._is_end(found.end)
        return self._batch(
            share, Batch(epoch, start, found.end, found.records, end, found.rejects, share=share)
        )

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self.trouble = repr(error)
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


def _retry_s(failures: int) -> float:
    return RETRY_S[min(failures, len(RETRY_S)) - 1]


class PartitionConsumer(Service):
    """Owns the consumer, and an `Assigned` for each partition that the group gives to this worker."""

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        make_table: MakeTable,
        telemetry: Telemetry,
        give_up: Callable[[Stalled], None],
        **kwargs: Any,
    ) -> None:
        """`give_up` is called when only another start helps: this process is to end."""
        super().__init__(**kwargs)
        self._app = app
        self._settings = settings
        self._make_table = make_table
        self._telemetry = telemetry
        self._give_up = give_up
        self._budget = Budget()
        self._seldom = Seldom()
        self._kafka: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.health = KafkaHealth(telemetry, time.monotonic)
        self._ends: Ends = {}
        """The ends of what may be read, as of the last look; none when Kafka did not answer."""
        self.assigned: dict[TopicPartition, Assigned] = {}
        self.joined = False
        """Whether the group has told us our partitions, which may be none."""
        self.trouble = ""
        """The last error of connecting or of the group; none once we have joined."""

    async def on_start(self) -> None:
        """Connect to Kafka, however long that takes, and join the group."""
        self._app.flow_control.resume()  # without it channels deliver nothing when Faust's Kafka is off
        self._connecting = asyncio.create_task(self._connect(), name="connect-kafka")

    async def _connect(self) -> None:
        failures = 0
        while True:
            try:
                await self._join()
                return self.health.answered()
            except Exception as error:  # whatever it is: without a group this worker does nothing
                failures += 1
                self.health.failed(error)
                self.trouble = said = named(error)
                if self._seldom.may_say(said):
                    log.warning("Kafka at %s does not answer, trying again: %s", self._settings.broker, said)
                await self._disconnect()
                await asyncio.sleep(_retry_s(failures))

    async def _join(self) -> None:
        settings = self._settings
        if settings.create_topics:
            await create_topics(settings)
        self._producer = letter_producer(settings)
        await self._producer.start()
        self._kafka = AIOKafkaConsumer(
            **settings.kafka_client(),
            group_id=settings.group_id(),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=PARTITION_BYTES,
            fetch_max_bytes=RESPONSE_BYTES,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=min(HEARTBEAT_MS, settings.session_timeout_ms // 3),
            rebalance_timeout_ms=max(REBALANCE_MS, settings.session_timeout_ms),
            max_poll_interval_ms=DAY_MS,
            metadata_max_age_ms=METADATA_MS,
        )
        await self._kafka.start()
        self._kafka.subscribe([settings.topic], listener=_Listener(self))

    async def _disconnect(self) -> None:
        """Stop both clients; who hangs because its broker does is left behind."""
        clients = [client for client in (self._kafka, self._producer) if client is not None]
        self._kafka = self._producer = None
        await asyncio.gather(*(_stop(client) for client in clients))

    async def take_over(self, partitions: Collection[TopicPartition]) -> None:
        """Start an `Assigned` for each. Who cannot ends: aiokafka would go on, and they have nobody."""
        if self.should_stop:  # the group has answered while we were leaving
            return
        try:
            await self._assign(partitions)
        except Exception as error:
            log.critical("the partitions of the group cannot be taken over", exc_info=True)
            self._give_up(Stalled(f"partitions were not taken over: {error!r}: {ENDS}"))
        else:
            self.joined, self.trouble = True, ""

    async def _assign(self, partitions: Collection[TopicPartition]) -> None:
        assert self._kafka is not None and self._producer is not None
        letters = DeadLetters(self._producer, self._settings.dead_letters_topic)
        for partition in partitions:
            assigned = Assigned(
                self._kafka,
                partition,
                self._app,
                partial(self._make_table, dead_letters=letters),
                account=self._budget.open(),
                telemetry=self._telemetry,
                salvage=partial(salvage, self._settings),
                placement=self._placement(partition),
            )
            self.assigned[partition] = assigned
            await assigned.start()

    def _placement(self, partition: TopicPartition) -> Placement | None:
        name = self._settings.partitioner
        return None if name is None else Placement(partition, PARTITIONERS[name], self._telemetry)

    async def let_go(self, partitions: Collection[TopicPartition]) -> None:
        self.joined = False
        let_go = [self.assigned.pop(partition) for partition in partitions if partition in self.assigned]
        await asyncio.gather(*(assigned.stop() for assigned in let_go))

    @Service.task
    async def _ask_group(self) -> None:
        """Hear what the group has against us, also while no pump does.

        aiokafka puts an error of the group aside for the next fetch, and does not join again before that.
        """
        nobodys = TopicPartition(self._settings.topic, NOBODYS)
        last: Exception | None = None
        while not self.should_stop:
            await self.sleep(GROUP_S)
            if self._kafka is None or self._connecting is None or not self._connecting.done():
                continue
            try:  # in a rebalance it waits for the end of that
                await self._kafka.getmany(nobodys, timeout_ms=0)
            except ConsumerStoppedError:
                return
            except Exception as error:  # whatever it is: aiokafka joins again now
                if error is last:  # unless this comes from its task, which has ended
                    return self._give_up(Stalled(f"Kafka's client has stopped: {named(error)}: {ENDS}"))
                last = error
                self._group_failed(error)

    def _group_failed(self, error: Exception) -> None:
        said = named(error)
        self.trouble = "" if self.joined else said
        if self._seldom.may_say(said):
            log.warning("the group %s: %s", self._settings.group_id(), said)

    @Service.task
    async def _mirror(self) -> None:
        """Commit to the group what is committed in Redis, for tools that show lag.

        Nothing reads it back: it may go backwards, and resetting the group has no effect. It is waited for as
        long as it takes: aiokafka shields the request, whose error would be nobody's when we had gone.
        """
        while not self.should_stop:
            await self.sleep(MIRROR_S)
            offsets = {
                partition: assigned.table.committed
                for partition, assigned in self.assigned.items()
                if assigned.table.state == "open" and assigned.table.committed >= 0
            }
            if offsets and self._kafka is not None:
                try:
                    await self._kafka.commit(offsets)
                except Exception as error:  # a rebalance, or no broker: the next one will do
                    log.debug("the group's offsets are not mirrored: %s", named(error))

    # -- The look at Kafka, and the watchdog --------------------------------------------------------------

    @Service.task
    async def _watch(self) -> None:
        watchdog = Watchdog(self._settings.stall_s, self._signs, time.monotonic)
        while not self.should_stop:
            await self.sleep(min(LOOK_S, watchdog.every_s))
            await self._look()
            try:
                await watchdog.check(self.assigned)
            except Stalled as stalled:
                return self._give_up(stalled)

    async def _look(self) -> None:
        """Ask Kafka for the last stable offsets; a worker without partitions asks for one all the same."""
        if self._kafka is None or self._connecting is None or not self._connecting.done():
            return  # `_connect` tells
        partitions = list(self.assigned) or [TopicPartition(self._settings.topic, 0)]
        self._ends = await self.health.look(self._kafka.end_offsets(partitions))
        if self._ends or not self.health.up:
            for partition, assigned in self.assigned.items():
                assigned.table.tell_lag(self._ends.get(partition))

    async def _signs(self, partitions: Collection[TopicPartition]) -> Ends:
        """The ends as of just now; RedisError when Redis does not answer."""
        for partition in list(partitions)[:1]:
            await self.assigned[partition].table.store.client.ping()
        return self._ends

    # -- The end -------------------------------------------------------------------------------------------

    async def on_stop(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        await self.let_go(list(self.assigned))
        await self._disconnect()


async def _stop(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(DISCONNECT_S):
            await client.stop()  # type: ignore[no-untyped-call]  # the union hides that it is aiokafka's
    except Exception as error:
        log.warning("Kafka was not told that we leave: %s", named(error))


class _Listener(ConsumerRebalanceListener):
    def __init__(self, consumer: PartitionConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._consumer.let_go(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._consumer.take_over(assigned)
