"""The partition consumer: aiokafka in a Faust service, one agent and one pump per assigned partition.

Faust runs the agents; it does not fetch: its own consumer hands on message by message, and its seeks and acks
are not made for whole batches. What belongs to one partition is in `assigned`; here is what they share, the
group above all.

What bounds memory: the budget, of all batches between their fetch and their table. Before that, aiokafka
keeps one answer of Kafka per partition, still compressed: at most `PARTITION_BYTES` (or one record batch,
when that is larger). It asks for no more before that is taken, and a broker for at most `RESPONSE_BYTES` at
a time.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Final, Protocol

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError
from mode import Service

from streams.errors import Stalled
from streams.kafka.topics import create_topics
from streams.settings import Settings
from streams.worker.assigned import Assigned, retry_s
from streams.worker.budget import Budget
from streams.worker.condition import named
from streams.worker.dead_letters import DeadLetters, letter_producer
from streams.worker.health import LOOK_S, Ends, KafkaHealth
from streams.worker.log import Log
from streams.worker.placement import PARTITIONERS, Placement
from streams.worker.seldom import Seldom
from streams.worker.table import KpiTable
from streams.worker.telemetry import Telemetry
from streams.worker.unreadable import salvage
from streams.worker.watchdog import ENDS, Watchdog

log = logging.getLogger(__name__)

FETCH_WAIT_MS: Final = 200
PARTITION_BYTES: Final = 1_000_000
RESPONSE_BYTES: Final = 16_000_000
DISCONNECT_S: Final = 1.0
"""How long leaving the group may take; who does not get to it is missed after the session time-out."""
REBALANCE_MS: Final = 30_000
"""How long the group waits for a living worker to let its partitions go; a dead one is out after its session.

By default that is a session, too: who is busy for longer is thrown out, joins again, and throws out the next.
"""
GROUP_S: Final = 1.0
"""How often aiokafka is asked what the group has against us."""
MIRROR_S: Final = 5.0
HEARTBEAT_MS: Final = 1_000
DAY_MS: Final = 86_400_000
METADATA_MS: Final = 10_000
"""Within this time an added partition is heard of; the group gives all out anew, and they are held."""
NOBODYS: Final = -1
"""The number of a partition that there is not: a fetch from it takes no record from a pump."""


class MakeTable(Protocol):
    """Makes the table of a partition."""

    def __call__(self, partition: TopicPartition, log_: Log, *, dead_letters: DeadLetters) -> KpiTable: ...


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
                await asyncio.sleep(retry_s(failures))

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
            self._give_up(Stalled(f"partitions were not taken over: {named(error)}: {ENDS}"))
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
