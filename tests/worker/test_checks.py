"""What `open()` checks on a real Redis: each cause holds the partition, is named, and holds it no longer."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from redis import Redis as Blocking
from redis.asyncio import Redis

from streams.naming import PartitionKeys, partition_prefix
from streams.worker import checks as checks_module
from tests.worker.builders import (
    NAMESPACE,
    Bench,
    MemoryLog,
    a_bench,
    before,
    history,
    is_held,
    under_way,
    until,
)

pytestmark = pytest.mark.usefixtures("impatient")


def recreated() -> MemoryLog:
    """Another topic's log of that name: as long, but its records are of another time."""
    return MemoryLog([one._replace(timestamp=one.timestamp + 1) for one in history()])


# -- Emptied ----------------------------------------------------------------------------------------------


async def test_a_redis_that_was_emptied_holds_the_partition(client: Redis) -> None:
    bench = a_bench(client)
    bench.log.group = 50
    async with under_way(bench.table.open()):
        await is_held(bench, "emptied")
        assert await bench.offset() is None, "a held partition was claimed"
        bench.log.group = None  # the group was deleted
    await bench.run()
    assert await bench.is_exact()


async def test_state_without_an_offset_is_not_counted_upon(client: Redis) -> None:
    """Begun anew, it would be added to."""
    bench = await a_bench(client).opened()
    await bench.run()
    await client.delete(bench.store.keys.offset)
    again = a_bench(client)
    async with under_way(again.table.open()):
        await is_held(again, "emptied")
        await again.table.close(1.0)
    assert await again.offset() is None


async def test_a_redis_that_is_emptied_under_an_open_table_holds_it(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.take(100)
    bench.log.group = 100
    await client.flushdb()
    async with under_way(bench.take(100)):
        await is_held(bench, "emptied")
        bench.log.group = None
    await bench.run()
    assert await bench.is_exact()


@pytest.mark.parametrize("group", [None, 0])
async def test_a_group_that_has_counted_nothing_begins(client: Redis, group: int | None) -> None:
    bench = a_bench(client)
    bench.log.group = group
    await bench.table.open()
    await bench.run()
    assert await bench.is_exact()


async def test_the_group_has_no_say_where_there_is_state(client: Redis) -> None:
    await (await a_bench(client).opened()).take(50)
    bench = a_bench(client)
    bench.log.group = 250
    await bench.table.open()
    assert bench.log.next == 50
    await bench.run()
    assert await bench.is_exact()


# -- The record before our offset -------------------------------------------------------------------------


async def test_a_topic_that_was_made_anew_and_has_regrown_holds_the_partition(client: Redis) -> None:
    await (await a_bench(client).opened()).take(100)
    bench = a_bench(client, recreated())
    async with under_way(bench.table.open()):
        await is_held(bench, "topic")
        assert await bench.offset() == 100
        bench.log.records = history()
    await bench.run()
    assert await bench.is_exact()


async def test_meta_names_the_newest_record_also_when_holes_were_passed_since(client: Redis) -> None:
    log = MemoryLog(history()[:40], end=60)
    bench = await a_bench(client, log, commit_events=1).opened()
    await bench.run()
    log.end = 70
    await bench.take()
    assert (await bench.offset(), (await bench.store.meta())["record_offset"]) == (70, "39")


@pytest.mark.parametrize("gone", ["retention", "compaction"])
async def test_a_record_that_is_gone_holds_nothing(client: Redis, gone: str) -> None:
    await (await a_bench(client).opened()).take(100)
    log = MemoryLog(
        [one for one in history() if one.offset != 99], earliest=100 if gone == "retention" else 0
    )
    asked: list[int] = []
    bench = a_bench(client, log)
    before(log, "timestamp_at", asked.append)
    await bench.table.open()
    assert asked == ([] if gone == "retention" else [99])
    await bench.run()
    assert await bench.is_exact(history())


async def test_state_without_a_record_is_not_compared(client: Redis) -> None:
    await (await a_bench(client, MemoryLog([], end=7)).opened()).take()
    bench = await a_bench(client, recreated()).opened()
    assert bench.log.next == 7


# -- Partitions -------------------------------------------------------------------------------------------


async def made_with(client: Redis, other: int, partitions: int) -> None:
    """Let another partition of the namespace have been opened when there were so many."""
    await client.hset(PartitionKeys(partition_prefix(NAMESPACE, other)).meta, "partitions", str(partitions))


@pytest.mark.parametrize("known", [4, 3])
async def test_a_partition_that_was_added_is_held_before_it_counts_anything(
    client: Redis, known: int
) -> None:
    """Partition 3 of three; whether its worker knows already that there are four now, or not."""
    await made_with(client, 1, 3)
    bench = a_bench(client)
    bench.log.count = known
    async with under_way(bench.table.open()):
        await is_held(bench, "partitions")
        assert "has 4 partitions" in bench.table.condition.message
        assert await bench.store.meta() == {}
        await client.flushdb()
        bench.log.count = 4
    await bench.run()
    assert await bench.is_exact()


async def test_the_first_of_a_new_namespace_opens_and_the_others_behind_it(client: Redis) -> None:
    await made_with(client, 0, 4)
    bench = await a_bench(client).opened()
    assert (await bench.store.meta())["partitions"] == "4"


# -- Under an open table ----------------------------------------------------------------------------------


@pytest.fixture
def at_every_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute passes between two commits."""
    monkeypatch.setattr(checks_module, "AGAIN_S", 0.0)


@pytest.fixture
def policies(redis_server: Any) -> Iterator[None]:
    """Leave the shared server as it was."""
    yield
    with Blocking.from_url(redis_server.url) as client:
        client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.usefixtures("at_every_commit", "policies")
async def test_a_policy_that_changes_under_an_open_table_holds_it(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.take(50)
    await client.config_set("maxmemory-policy", "volatile-lru")
    async with under_way(bench.take(50)):
        await is_held(bench, "eviction")
        assert bench.commits == [50]
        await client.config_set("maxmemory-policy", "noeviction")
    await bench.run()
    assert await bench.is_exact()
    assert bench.errors() == {}, "a hold is no error"


@pytest.mark.usefixtures("at_every_commit", "policies")
async def test_a_policy_that_changes_under_an_idle_table_holds_it(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await client.config_set("maxmemory-policy", "volatile-lru")
    async with under_way(bench.table.beat()):
        await is_held(bench, "eviction")
        await client.config_set("maxmemory-policy", "noeviction")
    await bench.run()
    assert await bench.is_exact()


@pytest.mark.usefixtures("at_every_commit")
async def test_partitions_that_are_added_under_an_open_table_hold_it(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.take(50)
    bench.log.count = 8
    async with under_way(bench.take(50)):
        await is_held(bench, "partitions")
        assert bench.commits == [50]
        bench.log.count = 4
    await bench.run()
    assert await bench.is_exact()


@pytest.mark.parametrize(("again_s", "looks"), [(60.0, 1), (0.0, 7)])
async def test_what_may_change_is_looked_at_once_a_minute(
    client: Redis, monkeypatch: pytest.MonkeyPatch, again_s: float, looks: int
) -> None:
    seen: list[Redis] = []

    async def look(client: Redis) -> None:
        seen.append(client)

    monkeypatch.setattr(checks_module, "AGAIN_S", again_s)
    monkeypatch.setattr(checks_module, "refuse_eviction", look)
    bench = await a_bench(client, history()[:60]).opened()
    await bench.run(10)
    assert (len(bench.commits), len(seen)) == (6, looks)


# -- What is said -----------------------------------------------------------------------------------------


def _other_catalog(bench: Bench) -> None:
    bench.store.fingerprint = "another"


def _fewer(bench: Bench) -> None:
    bench.log.count = 3


def _shorter(bench: Bench) -> None:
    bench.log.end = 20


CAUSES: dict[str, tuple[Callable[[Bench], None], Sequence[str]]] = {
    "fingerprint": (_other_catalog, ["kpi rebuild"]),
    "partitions": (_fewer, ["kpi rekey", "Copy the topic by its keys", "timestamps", "KPI_TOPIC"]),
    "topic": (_shorter, ["topic anew"]),
}


@pytest.mark.parametrize("reason", CAUSES)
async def test_a_hold_names_what_to_do_and_whether_the_command_is_there(client: Redis, reason: str) -> None:
    await (await a_bench(client).opened()).take(50)
    cause, remedies = CAUSES[reason]
    bench = a_bench(client, MemoryLog(history()))
    cause(bench)
    opening = asyncio.ensure_future(bench.table.open())
    await is_held(bench, reason)
    message = bench.table.condition.message
    assert all(remedy in message for remedy in [*remedies, "KPI_NAMESPACE"])
    assert ("kpi re" in message) == ("comes later" in message)
    opening.cancel()
    await asyncio.wait([opening])


async def test_a_kafka_that_does_not_answer_is_named_in_time(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_module, "KAFKA_S", 0.05)
    bench, there = a_bench(client), asyncio.Event()
    before(bench.log, "bounds", lambda: there.wait())
    async with under_way(bench.table.open()):
        await until(lambda: bench.table.condition.reason == "kafka")
        assert bench.table.condition.message.startswith("Kafka does not answer")
        there.set()
    assert bench.table.condition.shown() == {"state": "open"}
