"""The pump of a partition: what it makes of what Kafka says, whatever that is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streams.engine.decode import Reject
from streams.errors import Stalled
from streams.settings import Settings
from streams.worker import assigned as assigned_module
from streams.worker import consumer as consumer_module
from streams.worker.assigned import Assigned
from streams.worker.batch import Batch
from streams.worker.budget import Budget
from streams.worker.consumer import PartitionConsumer
from streams.worker.telemetry import Telemetry
from streams.worker.unreadable import Salvage
from tests.builders import Record, record
from tests.worker.builders import until

TP = TopicPartition("crm.events", 3)


@dataclass(slots=True)
class Fetched:
    """What one fetch does: it moves the position, hands over records, or fails."""

    to: int = 0
    records: Sequence[Record] = ()
    error: Exception | None = None
    before: Callable[[], Any] = lambda: None
    """What happens while it waits,"""
    meanwhile: Callable[[], Any] = lambda: None


@dataclass(slots=True)
class Kafka:
    """An AIOKafkaConsumer that answers fetches from a list, and then has no more."""

    answers: list[Fetched]
    at: int = 0
    stable: int | None = 100
    high: int | None = 100
    group: int | None = None
    topics: Mapping[str, set[int]] = field(default_factory=lambda: {TP.topic: {0, 1, 2, 3}})
    sought: list[int] = field(default_factory=list)

    async def position(self, partition: TopicPartition) -> int:
        return self.at

    async def getmany(self, partition: TopicPartition, **limits: Any) -> dict[TopicPartition, Any]:
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        answer.before()
        if answer.error:
            raise answer.error
        self.at = answer.to
        answer.meanwhile()
        return {TP: answer.records} if answer.records else {}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append(offset)
        self.at = offset

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return self.stable

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.high

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.group

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return self.topics.get(topic)


@dataclass(slots=True)
class Table:
    """Notes what reaches the table."""

    partition: TopicPartition
    epoch: int = 0
    reached: int = 0
    opened: int = 0
    closed: bool = False
    taken: list[Batch] = field(default_factory=list)

    async def open(self) -> None:
        self.opened += 1

    reopen = open

    async def take(self, batch: Batch) -> None:
        self.taken.append(batch)

    async def beat(self) -> None:
        """Nobody listens."""

    async def close(self, timeout_s: float) -> None:
        self.closed = True


class App:
    """As much of a Faust app as holds channels."""

    def __init__(self) -> None:
        self.agents: dict[str, Any] = {}

    def channel(self, maxsize: int) -> "Channel":
        return Channel(maxsize)


class Channel(asyncio.Queue[Batch]):
    async def send(self, *, value: Batch) -> None:
        await self.put(value)


class Agent:
    """Hands batch after batch to the table."""

    name = "agent"

    def __init__(self, app: App, channel: Channel, table: Table) -> None:
        self._channel, self._table = channel, table
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._run()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _run(self) -> None:
        await self._table.open()
        while True:
            batch = await self._channel.get()
            await self._table.take(batch)
            if batch.share is not None:
                batch.share.release()


async def nothing_to_salvage(partition: TopicPartition, position: int) -> Salvage:
    return Salvage([], [], position)


NOT_UTF8 = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "the name of a header")


@pytest.fixture
async def assign(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Assigned]]:
    """Makes an `Assigned` over answers of Kafka; it is stopped at the end."""
    monkeypatch.setattr(assigned_module, "table_agent", Agent)
    app: Any = App()
    budget = Budget()
    made: list[Assigned] = []

    def assign(*answers: Fetched, salvage: Any = nothing_to_salvage, **kafka: Any) -> Assigned:
        tables: Any = lambda partition, log: Table(partition)  # noqa: E731
        of: Any = Kafka(list(answers), **kafka)
        account, telemetry = budget.open(), Telemetry()
        made.append(
            Assigned(
                of,
                TP,
                app,
                tables,
                account=account,
                telemetry=telemetry,
                salvage=salvage,
            )
        )
        return made[-1]

    yield assign
    for assigned in made:
        await assigned.stop()
        assert assigned.table.closed  # type: ignore[attr-defined]
    assert (budget.records, budget.bytes) == (0, 0)


async def batches(assigned: Assigned, number: int) -> list[Batch]:
    """Start it, and return what the table got, when it has got so many batches."""
    table: Any = assigned.table
    await assigned.start()
    await until(lambda: len(table.taken) >= number)
    found: list[Batch] = table.taken
    return found


def some(*offsets: int) -> list[Record]:
    return [Record(offset, 0, None, b"x") for offset in offsets]


async def test_a_batch_spans_from_position_to_position_with_holes_inside(assign: Any) -> None:
    assigned = assign(Fetched(5, some(0, 3)), Fetched(9, some(6)))
    first, second = await batches(assigned, 2)
    assert (first.start, first.end, list[Any](first.records)) == (0, 5, some(0, 3))
    assert (second.start, second.end, list[Any](second.records)) == (5, 9, some(6))


async def test_an_advance_without_records_is_an_empty_batch_and_no_advance_is_none(assign: Any) -> None:
    assigned = assign(Fetched(0), Fetched(4), Fetched(4), Fetched(5, some(4)))
    first, second = await batches(assigned, 2)
    assert (first.start, first.end, list(first.records)) == (0, 4, [])
    assert (second.start, second.end) == (4, 5)


@pytest.mark.parametrize(
    ("stable", "high", "caught_up"),
    [(10, 10, True), (10, 25, True), (11, 11, False), (-1, 10, True), (None, 10, True), (None, None, False)],
)
async def test_it_has_caught_up_at_the_last_stable_offset(
    assign: Any, stable: int | None, high: int | None, caught_up: bool
) -> None:
    """Behind it there are records of transactions that have not ended; old brokers tell only the end."""
    (batch,) = await batches(assign(Fetched(10, some(9)), stable=stable, high=high), 1)
    assert batch.caught_up is caught_up


async def test_what_was_fetched_around_a_seek_is_dropped_and_the_seek_done_again(assign: Any) -> None:
    """Before the seek or behind it, which a fetch that was under way cannot tell."""
    answers = [Fetched(5, some(0)), Fetched(3, some(2))]
    assigned = assign(*answers)

    def seek_and_fetch() -> None:
        assigned.seek(2)
        assigned._kafka.at = 3

    answers[0].meanwhile = seek_and_fetch
    (batch,) = await batches(assigned, 1)
    assert (batch.epoch, batch.start, batch.end) == (1, 2, 3)


async def test_what_lies_behind_a_seek_and_was_asked_for_before_it_is_fetched_again(assign: Any) -> None:
    """A fetch that waits at the end while the table opens again: it gets what the table has lost."""
    answers = [Fetched(5, some(0)), Fetched(5, some(3)), Fetched(5, some(3))]
    assigned = assign(*answers)
    kafka = assigned._kafka
    answers[1].before = lambda: assigned.seek(3)
    first, second = await batches(assigned, 2)
    assert (first.start, first.end) == (0, 5)
    assert (second.epoch, second.start, second.end, list[Any](second.records)) == (1, 3, 5, some(3))
    assert kafka.sought == [3, 3]


@pytest.mark.parametrize(
    "error",
    [
        CorruptRecordException(),
        IllegalStateError("not assigned"),
        AssertionError("Partition is not assigned"),
        NOT_UTF8,
        ValueError("what a codec does not like"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_no_error_ends_the_pump(assign: Any, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assigned_module, "RETRY_S", (0.01,))
    (batch,) = await batches(assign(Fetched(error=error), Fetched(5, some(0))), 1)
    assert (batch.start, batch.end) == (0, 5)


@pytest.mark.parametrize("error", [NOT_UTF8, CorruptRecordException()], ids=["header", "corrupt"])
async def test_what_fails_twice_at_one_position_is_fetched_past_the_consumer(
    assign: Any, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigned_module, "RETRY_S", (0.01,))
    asked: list[int] = []

    async def salvage(partition: TopicPartition, position: int) -> Salvage:
        asked.append(position)
        records: list[Any] = some(5, 7)
        return Salvage(records, [Reject(some(6)[0], "unreadable", None, "why")], 8)

    failing = [Fetched(error=error), Fetched(error=error)]
    assigned = assign(Fetched(5, some(0)), *failing, Fetched(9, some(8)), salvage=salvage)
    _, passed, next_ = await batches(assigned, 3)
    assert asked == [5]
    assert (passed.epoch, passed.start, passed.end) == (0, 5, 8)
    assert list[Any](passed.records) == some(5, 7)
    assert [reject.record.offset for reject in passed.rejects] == [6]
    assert (next_.epoch, next_.start, next_.end) == (0, 8, 9)
    assert assigned.trouble == ""


async def test_what_kafka_itself_refuses_is_never_taken_for_a_record_that_cannot_be_read(
    assign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigned_module, "RETRY_S", (0.01,))

    async def salvage(partition: TopicPartition, position: int) -> Salvage:
        pytest.fail("it was")

    failing = [Fetched(error=TopicAuthorizationFailedError()) for _ in range(4)]
    (batch,) = await batches(assign(*failing, Fetched(5, some(0)), salvage=salvage), 1)
    assert (batch.start, batch.end) == (0, 5)


async def test_a_fetch_that_fails_again_and_again_is_counted_each_time_and_told_once(
    assign: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(assigned_module, "RETRY_S", (0.01,))
    assigned = assign(*(Fetched(error=TopicAuthorizationFailedError()) for _ in range(5)))
    await assigned.start()
    registry = assigned._telemetry.registry
    labels = {"partition": "3", "error": "TopicAuthorizationFailedError"}
    await until(lambda: registry.get_sample_value("crm_fetch_errors_total", labels) == 5)
    assert len([text for text in caplog.messages if "cannot fetch at offset" in text]) == 1


async def test_an_offset_that_is_gone_opens_the_table_again(assign: Any) -> None:
    assigned = assign(Fetched(error=OffsetOutOfRangeError({TP: 0})), Fetched(5, some(0)))
    await batches(assigned, 1)
    assert assigned.table.opened == 2


async def test_a_consumer_that_was_stopped_ends_the_pump_in_silence(
    assign: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assigned = assign(Fetched(error=ConsumerStoppedError()))
    await assigned.start()
    await until(lambda: not assigned._kafka.answers)
    assert caplog.text == ""


async def test_partitions_that_are_not_known_yet_are_not_none(assign: Any) -> None:
    assert assign().partitions() == 4
    unknown: list[dict[str, set[int]]] = [{}, {TP.topic: set()}]
    for topics in unknown:
        with pytest.raises(UnknownTopicOrPartitionError):
            assign(topics=topics).partitions()


async def test_the_log_tells_what_the_group_has(assign: Any) -> None:
    assert await assign().group_offset() is None
    assert await assign(group=12).group_offset() == 12


async def test_the_log_tells_what_was_at_an_offset_readable_or_not(assign: Any) -> None:
    async def salvage(partition: TopicPartition, position: int) -> Salvage:
        if position < 5:
            raise OffsetOutOfRangeError
        there = [record(b"x", at=1_000 + offset, offset=offset) for offset in (7, 9, 10)]
        found: list[Any] = [one for one in there if one.offset >= position]
        unreadable = [Reject(one, "unreadable", None, "") for one in found if one.offset == 9]
        return Salvage([one for one in found if one.offset != 9], unreadable, 11)

    assigned = assign(salvage=salvage)
    found = [await assigned.timestamp_at(offset) for offset in (4, 6, 7, 8, 9)]
    assert found == [None, None, 1_007, None, 1_009]


def no_stall(stalled: Stalled) -> None:
    pytest.fail(str(stalled))


async def test_a_mirror_that_hangs_is_waited_for_and_its_error_heard(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """To give it up would leave aiokafka's request behind, and its error in the log as nobody's."""
    caplog.set_level(logging.DEBUG, logger=consumer_module.__name__)
    monkeypatch.setattr(consumer_module, "MIRROR_S", 0.01)
    asked: list[int] = []
    answered = asyncio.Event()

    async def commit(offsets: Mapping[TopicPartition, int]) -> None:
        asked.append(offsets[TP])
        await answered.wait()
        raise KafkaConnectionError("gone")

    app: Any = App()
    consumer: Any = PartitionConsumer(app, Settings(), None, Telemetry(), no_stall)  # type: ignore[arg-type]
    consumer.assigned[TP] = SimpleNamespace(table=SimpleNamespace(state="open", committed=7))
    consumer._kafka = SimpleNamespace(commit=commit)
    mirroring = asyncio.create_task(consumer._mirror(consumer))
    try:
        await until(lambda: asked)
        await asyncio.sleep(0.1)
        assert asked == [7]
        answered.set()
        await until(lambda: len(asked) > 2)
        assert "not mirrored: KafkaConnectionError: gone" in caplog.text
    finally:
        mirroring.cancel()


async def test_who_is_leaving_takes_over_nothing() -> None:
    """The group may answer while the consumer stops: its partitions go to somebody else in a moment."""
    app: Any = App()
    consumer = PartitionConsumer(
        app, Settings(), lambda *_, **__: pytest.fail("a table was made"), Telemetry(), no_stall
    )
    await consumer.stop()
    await consumer.take_over([TP])
    assert consumer.assigned == {}


# -- The group --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Group:
    """An AIOKafkaConsumer that has joined, with what its group has against it."""

    errors: list[Exception] = field(default_factory=list)
    asked: list[TopicPartition] = field(default_factory=list)

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int) -> dict[TopicPartition, Any]:
        assert timeout_ms == 0
        self.asked += partitions
        if self.errors:
            raise self.errors.pop(0)
        return {}

    async def stop(self) -> None:
        """As the real one."""


@dataclass(slots=True)
class Member:
    """A consumer without partitions, whose Kafka is a `Group`."""

    consumer: PartitionConsumer
    group: Group
    gave_up: list[Stalled]


@pytest.fixture
async def member(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Member]:
    monkeypatch.setattr(consumer_module, "GROUP_S", 0.01)
    app: Any = App()
    gave_up: list[Stalled] = []
    consumer = PartitionConsumer(app, Settings(), lambda *_, **__: no_table(), Telemetry(), gave_up.append)
    group: Any = Group()

    async def connected() -> None:
        consumer._kafka = consumer._producer = group

    monkeypatch.setattr(consumer, "_join", connected)
    monkeypatch.setattr(app, "flow_control", SimpleNamespace(resume=lambda: None), raising=False)
    await consumer.start()
    yield Member(consumer, group, gave_up)
    await consumer.stop()


def no_table() -> Any:
    raise ValueError("no table can be made")


async def test_an_error_of_the_group_is_heard_also_without_a_partition_and_told_once(
    member: Member, caplog: pytest.LogCaptureFixture
) -> None:
    """Until it is, aiokafka waits, and does not join again."""
    member.group.errors = [GroupAuthorizationFailedError("crm") for _ in range(3)]
    await until(lambda: not member.group.errors)
    await until(lambda: "GroupAuthorizationFailedError" in member.consumer.trouble)
    assert len([text for text in caplog.messages if "GroupAuthorizationFailedError" in text]) == 1
    assert member.gave_up == []


async def test_to_hear_of_errors_takes_no_record_of_any_partition(member: Member) -> None:
    """Without a partition it would ask for the records of all, which belong to their pumps."""
    await until(lambda: len(member.group.asked) > 3)
    assert {partition.partition for partition in member.group.asked} == {-1}


async def test_a_client_that_has_stopped_for_good_ends_the_worker(member: Member) -> None:
    """A task that has ended raises the same error again; an error of the group is another one each time."""
    error = KafkaError("Unexpected error during coordination")
    member.group.errors = [error, KafkaError("something else"), error]
    await until(lambda: not member.group.errors)
    assert member.gave_up == []
    member.group.errors = [error, error]
    await until(lambda: bool(member.gave_up))
    assert "Kafka's client has stopped" in str(member.gave_up[0])


async def test_who_has_let_go_has_not_joined_until_the_group_speaks_again(member: Member) -> None:
    consumer = member.consumer
    await consumer.take_over([])
    assert (consumer.joined, consumer.trouble) == (True, "")
    await consumer.let_go([])
    assert not consumer.joined
    member.group.errors = [GroupAuthorizationFailedError("crm")]
    await until(lambda: consumer.trouble != "")
    await consumer.take_over([])
    assert (consumer.joined, consumer.trouble) == (True, "")


async def test_who_cannot_take_its_partitions_over_ends(
    member: Member, caplog: pytest.LogCaptureFixture
) -> None:
    """aiokafka would say so and go on, and nobody would ever process them."""
    await member.consumer.take_over([TP])
    (stalled,) = member.gave_up
    assert "not taken over: ValueError: no table can be made" in str(stalled)
    assert not member.consumer.joined
    assert "Traceback" in caplog.text


async def test_why_kafka_is_not_reached_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    app: Any = SimpleNamespace(flow_control=SimpleNamespace(resume=lambda: None))
    consumer = PartitionConsumer(app, Settings(), lambda *_, **__: no_table(), Telemetry(), no_stall)

    async def fails() -> None:
        raise KafkaConnectionError("nobody there")

    monkeypatch.setattr(consumer, "_join", fails)
    await consumer.start()
    await until(lambda: "nobody there" in consumer.trouble)
    await consumer.stop()
