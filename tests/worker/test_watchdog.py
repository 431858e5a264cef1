"""The watchdog: it ends a worker for a partition that stands still, and for nothing else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from streams.errors import Stalled
from streams.worker.watchdog import LOOKS, Watchdog

TP, OTHER = TopicPartition("crm.events", 3), TopicPartition("crm.events", 4)
STALL_S = 60.0


@dataclass(slots=True)
class Partition:
    """A partition, open or not."""

    at: int = 10
    epoch: int = 1
    is_open: bool = True
    trouble: str = ""

    def progress(self) -> tuple[int, int] | None:
        return (self.epoch, self.at) if self.is_open else None


@dataclass(slots=True)
class Watch:
    """A watchdog whose clock and whose Kafka are these fields."""

    assigned: dict[TopicPartition, Partition] = field(default_factory=lambda: {TP: Partition()})
    ends: dict[TopicPartition, int] = field(default_factory=lambda: {TP: 50, OTHER: 50})
    answers: bool = True
    now: float = 0.0
    looks: int = 0
    takes_s: float = 0.0
    """How long an answer takes."""
    watchdog: Watchdog = field(init=False)

    def __post_init__(self) -> None:
        self.watchdog = Watchdog(STALL_S, self.look, lambda: self.now)

    async def look(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        self.looks += 1
        self.now += self.takes_s
        if not self.answers:
            raise KafkaConnectionError
        return {partition: self.ends[partition] for partition in partitions}

    async def passes(self, seconds: float = STALL_S + STALL_S / LOOKS) -> None:
        """Time passes, and the watchdog looks as often as it should; by default for just long enough."""
        until = self.now + seconds
        while self.now < until:
            await self.watchdog.check(self.assigned)
            self.now += self.watchdog.every_s
        await self.watchdog.check(self.assigned)


async def test_a_partition_that_lags_and_stands_still_ends_the_worker_and_is_named() -> None:
    watch = Watch()
    watch.assigned[TP].trouble = "CorruptRecordException('Invalid CRC')"
    with pytest.raises(Stalled) as stalled:
        await watch.passes()
    assert watch.now == STALL_S
    text = str(stalled.value)
    assert "partition 3 of crm.events stands at offset 10, 40 records behind" in text
    assert "60 s" in text
    assert text.endswith("its last fetch failed: CorruptRecordException('Invalid CRC')")


async def test_it_is_quiet_where_nothing_is_left_to_read_and_begins_when_something_comes() -> None:
    """At the last stable offset, that is: behind it lies what an open transaction has written."""
    watch = Watch()
    watch.ends[TP] = 10
    await watch.passes(600)
    watch.ends[TP] = 11
    await watch.passes(STALL_S - watch.watchdog.every_s)
    with pytest.raises(Stalled):
        await watch.passes()


async def test_it_is_quiet_while_a_long_back_log_moves() -> None:
    watch = Watch()
    watch.ends[TP] = 10**9
    for _ in range(20):
        await watch.passes(STALL_S / 2)
        watch.assigned[TP].at += 1


async def test_it_is_quiet_while_a_table_is_not_open() -> None:
    """Held, or waiting for Redis or Kafka; it has all of its time once it is open again."""
    watch = Watch()
    watch.assigned[TP].is_open = False
    await watch.passes(600)
    watch.assigned[TP].is_open = True
    await watch.passes(STALL_S - watch.watchdog.every_s)
    with pytest.raises(Stalled):
        await watch.passes()


async def test_it_is_quiet_while_a_table_opens_again_and_again() -> None:
    watch = Watch()
    for _ in range(20):
        await watch.passes(STALL_S / 2)
        watch.assigned[TP].epoch += 1


async def test_it_is_quiet_while_kafka_or_redis_does_not_answer_and_for_as_long_afterwards() -> None:
    watch = Watch()
    await watch.passes(STALL_S - watch.watchdog.every_s)
    watch.answers = False
    await watch.passes(600)
    watch.answers = True
    await watch.passes(STALL_S - 2 * watch.watchdog.every_s)
    with pytest.raises(Stalled):
        await watch.passes()


async def test_it_begins_anew_when_the_whole_process_was_stopped_for_a_while() -> None:
    """By SIGSTOP, or in a frozen container: nothing could move."""
    watch = Watch()
    await watch.passes(STALL_S / 2)
    watch.now += 1.5 * STALL_S
    await watch.passes(STALL_S - watch.watchdog.every_s)
    with pytest.raises(Stalled):
        await watch.passes()


async def test_an_answer_that_takes_longer_than_an_interval_does_not_make_it_begin_anew() -> None:
    watch = Watch()
    watch.takes_s = 3 * watch.watchdog.every_s
    with pytest.raises(Stalled):
        await watch.passes(LOOKS * (watch.takes_s + watch.watchdog.every_s))


async def test_what_hung_and_answers_at_last_leaves_all_of_the_time() -> None:
    """The partition waited for the same Redis, and goes on in the same moment."""
    watch = Watch()
    watch.takes_s = 2 * STALL_S
    await watch.passes(watch.watchdog.every_s)
    watch.takes_s = 0
    await watch.passes(STALL_S - 2 * watch.watchdog.every_s)
    with pytest.raises(Stalled):
        await watch.passes()


async def test_a_partition_that_was_let_go_and_comes_back_begins_anew() -> None:
    watch = Watch()
    await watch.passes(STALL_S / 2)
    partition = watch.assigned.pop(TP)
    await watch.passes(STALL_S)
    watch.assigned[TP] = partition
    await watch.passes(STALL_S / 2)


async def test_one_that_stands_still_is_found_beside_others_that_move() -> None:
    watch = Watch()
    watch.assigned[OTHER] = Partition()
    with pytest.raises(Stalled, match="partition 3 "):
        for _ in range(20):
            watch.assigned[OTHER].at += 1
            await watch.passes(watch.watchdog.every_s)


async def test_kafka_is_asked_only_about_partitions_that_have_not_moved() -> None:
    watch = Watch()
    for _ in range(20):
        watch.assigned[TP].at += 1
        await watch.watchdog.check(watch.assigned)
    assert watch.looks == 0
