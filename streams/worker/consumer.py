"""The partition consumer: aiokafka in a Faust service, one agent and one pump per assigned partition.

Faust runs the agents; it does not fetch (DESIGN 3 says why). The pump of a partition fetches a batch and puts
it on the agent's channel, which holds one; the agent hands it to the partition's table.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Final, Protocol

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, OffsetOutOfRangeError, UnknownTopicOrPartitionError
from mode import Service

from streams.settings import Settings
from streams.worker.agents import table_agent
from streams.worker.batch import Batch
from streams.worker.dead_letters import DeadLetters, letter_producer
from streams.worker.table import KpiTable, Log
from streams.worker.topics import create_topics

log = logging.getLogger(__name__)

FETCH_RECORDS: Final = 5_000
FETCH_WAIT_MS: Final = 200
POLL_MS: Final = 1_000
STOP_S: Final = 2.0
"""How long a partition that is taken away may take to finish the batch in hand."""
REBALANCE_MS: Final = 30_000
"""How long the group waits for a living worker to let its partitions go; a dead one is out after its session.

By default that is a session, too: who is busy for longer is thrown out, joins again, and throws out the next.
"""
BEAT_S: Final = 5.0
RETRY_S: Final = 1.0
HEARTBEAT_MS: Final = 1_000
DAY_MS: Final = 86_400_000


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
    ) -> None:
        self._kafka = kafka
        self._partition = partition
        self._app = app
        self.epoch = 0
        self._sought = 0
        self._channel: Any = app.channel(maxsize=1)
        self.table = make_table(partition, self)
        self._agent: Any = table_agent(app, self._channel, self.table)
        self._pump: asyncio.Task[None] | None = None

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

    def seek(self, offset: int) -> int:
        self._kafka.seek(self._partition, offset)  # one step: there is no await between the two
        self._sought = offset
        self.epoch += 1
        return self.epoch

    # -- Running -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        await self._agent.start()
        self._pump = asyncio.create_task(self._run_pump(), name=f"pump-{self._partition.partition}")

    async def stop(self) -> None:
        """The agent finishes the batch in hand and commits; then both stop."""
        if self._pump is not None:
            self._pump.cancel()
        await self.table.close(STOP_S)
        await self._agent.stop()
        self._app.agents.pop(self._agent.name, None)

    def lag(self) -> int | None:
        """Records that may be read and are not fetched yet; None until Kafka has said."""
        highwater, fetched = self._kafka.highwater(self._partition), self.table.reached
        return None if highwater is None or fetched < 0 else max(0, highwater - fetched)

    async def _run_pump(self) -> None:
        while True:
            try:
                await self._fetch()
            except OffsetOutOfRangeError:
                log.warning("%s: the offset to fetch is gone", self._partition)
                await self.table.open()
            except ConsumerStoppedError:
                return
            except Exception as error:  # whatever it is: without its pump a partition stands still
                log.warning("%s: cannot fetch: %r", self._partition, error)
                await asyncio.sleep(RETRY_S)

    async def _fetch(self) -> None:
        """Fetch one batch. What was fetched around a seek is dropped, for its positions may be wrong.

        Some of it may have been fetched behind the seek, so that is gone back to: at the end of the log no
        later batch would show the gap.
        """
        if self.table.epoch < 0:
            return await asyncio.sleep(0.01)
        epoch, start = self.epoch, await self._kafka.position(self._partition)
        fetched = await self._kafka.getmany(self._partition, timeout_ms=POLL_MS, max_records=FETCH_RECORDS)
        end = await self._kafka.position(self._partition)
        if self.epoch != epoch:
            self._kafka.seek(self._partition, self._sought)
        elif end > start:
            records = fetched.get(self._partition, [])
            await self._channel.send(value=Batch(epoch, start, end, records, self._is_end(end)))

    def _is_end(self, offset: int) -> bool:
        stable, highwater = (
            self._kafka.last_stable_offset(self._partition),
            self._kafka.highwater(self._partition),
        )
        last = stable if stable is not None and stable >= 0 else highwater
        return last is not None and offset >= last


class PartitionConsumer(Service):
    """Owns the consumer, and an `Assigned` for each partition that the group gives to this worker."""

    def __init__(self, app: faust.App, settings: Settings, make_table: MakeTable, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._app = app
        self._settings = settings
        self._make_table = make_table
        self._kafka: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.assigned: dict[TopicPartition, Assigned] = {}
        self.joined = False
        """Whether the group has told us our partitions, which may be none."""

    async def on_start(self) -> None:
        """Connect to Kafka, however long that takes, and join the group."""
        self._app.flow_control.resume()  # without it channels deliver nothing when Faust's Kafka is off
        self._connecting = asyncio.create_task(self._connect(), name="connect-kafka")

    async def _connect(self) -> None:
        while True:
            try:
                return await self._join()
            except Exception as error:  # whatever it is: without a group this worker does nothing
                log.warning("Kafka at %s does not answer, trying again: %r", self._settings.broker, error)
                await self._disconnect()
                await asyncio.sleep(RETRY_S)

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
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=min(HEARTBEAT_MS, settings.session_timeout_ms // 3),
            rebalance_timeout_ms=max(REBALANCE_MS, settings.session_timeout_ms),
            max_poll_interval_ms=DAY_MS,
        )
        await self._kafka.start()
        self._kafka.subscribe([settings.topic], listener=_Listener(self))

    async def _disconnect(self) -> None:
        for client in (self._kafka, self._producer):
            if client is not None:
                await client.stop()  # type: ignore[no-untyped-call]  # the union hides that it is aiokafka's
        self._kafka = self._producer = None

    async def take_over(self, partitions: Collection[TopicPartition]) -> None:
        if self.should_stop:  # the group has answered while we were leaving
            return
        assert self._kafka is not None and self._producer is not None
        self.joined = True
        letters = DeadLetters(self._producer, self._settings.dead_letters_topic)
        for partition in partitions:
            make_table = partial(self._make_table, dead_letters=letters)
            assigned = Assigned(self._kafka, partition, self._app, make_table)
            self.assigned[partition] = assigned
            await assigned.start()

    async def let_go(self, partitions: Collection[TopicPartition]) -> None:
        let_go = [self.assigned.pop(partition) for partition in partitions if partition in self.assigned]
        await asyncio.gather(*(assigned.stop() for assigned in let_go))

    @Service.task
    async def _tell(self) -> None:
        """Say that the open tables have an owner, for the board."""
        while not self.should_stop:
            for partition, assigned in list(self.assigned.items()):
                if self.assigned.get(partition) is assigned:  # still: a beat may take seconds
                    await assigned.table.beat(assigned.lag())
            await self.sleep(BEAT_S)

    async def on_stop(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        await self.let_go(list(self.assigned))
        await self._disconnect()


class _Listener(ConsumerRebalanceListener):
    def __init__(self, consumer: PartitionConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._consumer.let_go(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._consumer.take_over(assigned)
