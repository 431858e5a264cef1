"""Bad days on a real Kafka and a real Redis: what a worker holds, says, and how it goes on. About 90 s.

Each test ends by comparing the state with a recount of the topic.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete

from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode, spread
from streams.kafka.outline import key_of
from streams.state import connect
from tests.builders import lead_contacted, lead_created
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services.fleet import Fleet, log_of

UNTIL_MS = 1_760_000_000_000
LINES = tuple(messy((encode(event) for _, event in spread(5, 2_000, UNTIL_MS, 60)), Mess(), 5))
IMPATIENT = """
from streams.worker import checks, table
checks.AGAIN_S = table.HELD_RETRY_S = 0.3
"""
"""What a worker does each minute or every few seconds it does more often."""

MakeFleet = Callable[..., Fleet]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(redis_binary("installed"), tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def fleet_of(kafka: KafkaServer, redis: RedisServer, tmp_path: Path) -> Iterator[MakeFleet]:
    """Makes fleets; their workers are stopped at the end."""
    fleets: list[Fleet] = []

    def make(name: str, **settings: Any) -> Fleet:
        fleets.append(Fleet.of(name, kafka, redis, tmp_path, **settings))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.stop()


@asynccontextmanager
async def admin_of(fleet: Fleet) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**fleet.settings.kafka_client())
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def is_held(fleet: Fleet, name: str, reason: str, *words: str) -> None:
    """Wait until a worker holds all of its partitions for this reason; /readyz and the metrics say so."""
    numbers = {str(number) for number in fleet.partitions}
    await fleet.until(lambda: fleet.held(name) == dict.fromkeys(numbers, reason))
    assert not fleet.get(name, "/readyz")["ready"]
    for state in fleet.states(name).values():
        assert all(word in state["message"] for word in words), state["message"]
    metrics = fleet.metrics(name)
    for number in numbers:
        assert metrics[f'crm_partition_held{{partition="{number}",reason="{reason}"}}'] == 1
        assert metrics[f'crm_partition_state{{partition="{number}",state="held"}}'] == 1


async def is_open(fleet: Fleet, name: str) -> None:
    """Wait until a worker has all partitions open, and says nothing of holds."""
    await fleet.until(lambda: len(fleet.opened(name)) == len(fleet.partitions))
    assert not [series for series in fleet.metrics(name) if series.startswith("crm_partition_held")]


def lead(name: str) -> bytes:
    return json.dumps(lead_created(name, at=UNTIL_MS, customer_id=name)).encode()


# -- Redis ------------------------------------------------------------------------------------------------


async def commit_for_the_group(fleet: Fleet) -> None:
    """What workers do from time to time; here while the group has no members."""
    offsets = {TopicPartition(fleet.settings.topic, at): to for at, to in (await fleet.committed()).items()}
    async with AIOKafkaConsumer(
        **fleet.settings.kafka_client(), group_id=fleet.settings.group_id(), enable_auto_commit=False
    ) as consumer:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)


async def swap_redis(fleet: Fleet) -> None:
    """Put an empty database in the place of this one; the second time, put it back."""
    async with connect(fleet.settings.redis_url()) as redis:
        await redis.swapdb(0, 1)


async def test_an_emptied_redis_holds_all_partitions_until_it_is_restored(fleet_of: MakeFleet) -> None:
    """Emptied while no worker runs, and then under one."""
    fleet = fleet_of("emptied")
    worker = fleet.start_worker("first", IMPATIENT)
    await is_open(fleet, "first")
    await fleet.publish(LINES[:1_000])
    assert await fleet.is_exact()
    await asyncio.to_thread(worker.stop)
    fleet.workers.clear()
    await commit_for_the_group(fleet)

    await swap_redis(fleet)
    fleet.start_worker("second", IMPATIENT)
    await is_held(fleet, "second", "emptied", "restore", "KPI_NAMESPACE")
    assert sum((await fleet.committed()).values()) == 0
    await swap_redis(fleet)
    await is_open(fleet, "second")
    await fleet.publish(LINES[1_000:1_500])
    assert await fleet.is_exact()

    await swap_redis(fleet)
    await is_held(fleet, "second", "emptied")  # though nothing has come to be counted
    await swap_redis(fleet)
    await is_open(fleet, "second")
    await fleet.publish(LINES[1_500:])
    assert await fleet.is_exact()


async def test_a_redis_that_may_evict_is_refused_at_once_and_under_a_running_worker(
    fleet_of: MakeFleet,
) -> None:
    fleet = fleet_of("evicting")
    async with connect(fleet.settings.redis_url()) as redis:
        await redis.config_set("maxmemory-policy", "volatile-lru")
        try:
            fleet.start_worker("worker", IMPATIENT)
            await is_held(fleet, "worker", "eviction", "maxmemory-policy", "noeviction", "volatile-lru")
            await redis.config_set("maxmemory-policy", "noeviction")
            await is_open(fleet, "worker")
            await fleet.publish(LINES[:1_000])
            assert await fleet.is_exact()
            counted = await fleet.committed()
            await redis.config_set("maxmemory-policy", "allkeys-lru")
            await asyncio.sleep(0.5)  # the worker's minute
            await fleet.publish(LINES[1_000:])
            await is_held(fleet, "worker", "eviction", "allkeys-lru")
            assert await fleet.committed() == counted
        finally:
            await redis.config_set("maxmemory-policy", "noeviction")
    assert await fleet.is_exact()


async def test_a_redis_that_is_not_there_is_named_and_does_not_fill_the_log(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    redis = RedisServer(redis_binary("installed"), tmp_path / "redis")
    fleet = Fleet.of("no-redis", kafka, redis, tmp_path)
    worker = fleet.start_worker("worker")
    errors = 'crm_partition_errors_total{cause="redis",error="ConnectionError"}'
    try:
        await fleet.until(lambda: fleet.metrics("worker").get(errors, 0) >= 12)
        for state in fleet.states("worker").values():
            assert (state["state"], state["reason"]) == ("opening", "redis")
            assert state["message"].startswith("Redis does not answer")
        assert log_of(worker).count("Redis does not answer") == 4, "once for each partition"
        with redis:
            await is_open(fleet, "worker")
            await fleet.publish(LINES[:500])
            assert await fleet.is_exact()
            fleet.stop()
    finally:
        fleet.stop()


# -- The topic --------------------------------------------------------------------------------------------


async def test_records_that_retention_deletes_under_a_running_worker_are_counted_as_lost(
    fleet_of: MakeFleet,
) -> None:
    """It sleeps, and keeps its partitions; meanwhile more is published, and deleted."""
    fleet = fleet_of("retention", session_timeout_ms=60_000)
    worker = fleet.start_worker("worker")
    await is_open(fleet, "worker")
    await fleet.publish(LINES[:500])
    assert await fleet.is_exact()
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        for first in range(500, 1_500, 100):  # the answer to its last fetch holds the first of them
            await fleet.publish(LINES[first : first + 100])
        records = await fleet.records()
        ends = await fleet.ends()
        async with admin_of(fleet) as admin:
            await admin.delete_records(
                {
                    TopicPartition(fleet.settings.topic, number): RecordsToDelete(before_offset=end)
                    for number, end in ends.items()
                }
            )
        await fleet.publish(LINES[1_500:])
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    records += await fleet.records()
    await fleet.caught_up()
    lost = {
        number: int(fleet.metrics("worker").get(f'crm_records_lost_total{{partition="{number}"}}', 0))
        for number in fleet.partitions
    }
    assert sum(lost.values()) > 0
    assert "deleted by retention" in log_of(worker)

    def was_lost(record: Any) -> bool:
        end = ends[record.partition]
        return bool(end - lost[record.partition] <= record.offset < end)

    assert await fleet.is_exact([one for one in records if not was_lost(one)])


async def test_a_topic_that_was_made_anew_is_held_also_when_it_has_regrown(fleet_of: MakeFleet) -> None:
    fleet = fleet_of("anew")
    worker = fleet.start_worker("first")
    await is_open(fleet, "first")
    await fleet.publish(LINES[:1_000])
    assert await fleet.is_exact()
    await asyncio.to_thread(worker.stop)
    fleet.workers.clear()
    old = await fleet.records()
    await make_anew(fleet)

    fleet.start_worker("second", IMPATIENT)
    await is_held(fleet, "second", "topic", "before our offset", "KPI_NAMESPACE")
    await fleet.publish(LINES)
    ends, counted = await fleet.ends(), await fleet.committed()
    assert all(ends[number] > counted[number] for number in fleet.partitions)
    await fleet.until(lambda: all("regrown" in one["message"] for one in fleet.states("second").values()))
    await is_held(fleet, "second", "topic", "timestamp", "KPI_NAMESPACE")
    assert await fleet.differences(old) == []

    fleet.settings = fleet.settings.model_copy(update={"namespace": "anew-2"})
    fleet.start_worker("third")
    assert await fleet.is_exact()


async def make_anew(fleet: Fleet) -> None:
    """Delete the topic and make it again, which Kafka allows only once it is gone."""
    topic = fleet.settings.topic
    async with admin_of(fleet) as admin:
        await admin.delete_topics([topic])
        made = False
        while not made:
            await asyncio.sleep(0.1)
            response: Any = await admin.create_topics([NewTopic(topic, len(fleet.partitions), 1)])
            made = response.topic_errors[0][1] == 0


async def test_an_added_partition_is_held_before_its_first_event_and_so_are_the_others(
    fleet_of: MakeFleet,
) -> None:
    fleet = fleet_of("added")
    fleet.start_worker("worker", IMPATIENT)
    await is_open(fleet, "worker")
    await fleet.publish(LINES[:1_000])
    assert await fleet.is_exact()
    async with admin_of(fleet) as admin:
        await admin.create_partitions({fleet.settings.topic: NewPartitions(5)})
    fleet.partitions = range(5)
    async with fleet.producer() as producer:
        for number in range(20):
            await producer.send_and_wait(fleet.settings.topic, lead(f"added-{number}"), key=b"k", partition=4)
    await is_held(fleet, "worker", "partitions", "5 partitions", "made with 4", "kpi rekey", "comes later")
    assert (await fleet.committed())[4] == 0
    assert await fleet.differences(await fleet.records()) == []


# -- Events -----------------------------------------------------------------------------------------------

POISONED = """
from streams.engine.work import Work

merge = Work.merge

def fail_at_poison(self, events, rows):
    given = list(events)
    merge(self, given, rows)  # rows are changed in place
    if any(event.data.lead_id.startswith("poison") for event in given if event.type == "crm.lead.contacted"):
        raise ZeroDivisionError("s3cret")

Work.merge = fail_at_poison
"""


async def test_events_that_the_engine_fails_at_are_one_dead_letter_each_and_cost_no_neighbour(
    fleet_of: MakeFleet,
) -> None:
    """Several in one batch, and one later; around each of them events about the same lead."""
    fleet = fleet_of("poison")
    lines = list(LINES[:1_000])
    for at, name in ((900, "poison-c"), (400, "poison-b"), (398, "poison-a")):
        contacted = json.dumps(lead_contacted(name, at=UNTIL_MS, customer_id=name)).encode()
        lines[at:at] = [lead(name), contacted, lead(name)]
    await fleet.publish(lines)  # before it starts, so that it is few batches
    fleet.start_worker("worker", POISONED)
    await fleet.caught_up()
    again = json.dumps(lead_contacted("poison-d", at=UNTIL_MS, customer_id="poison-d")).encode()
    await fleet.publish([*LINES[1_000:1_200], again, *LINES[1_200:]])
    await fleet.caught_up()
    poison = [one for one in await fleet.records() if b"poison" in one.value and b"contacted" in one.value]
    assert await fleet.is_exact(poison=poison)
    letters = [letter for letter in await fleet.letters() if letter.reason == "engine_error"]
    assert sorted((one.partition, one.offset) for one in letters) == sorted(
        (one.partition, one.offset) for one in poison
    )
    assert len(letters) == 4
    assert all("ZeroDivisionError" in one.message and "s3cret" not in one.message for one in letters)
    assert fleet.metrics("worker")['crm_dead_letters_total{reason="engine_error"}'] == 4


async def test_too_many_bad_records_hold_their_partition_and_no_other_until_it_may_go_on(
    fleet_of: MakeFleet,
) -> None:
    fleet = fleet_of("bad-share")
    fleet.start_worker("worker", IMPATIENT)
    await is_open(fleet, "worker")
    await fleet.publish(LINES)
    assert await fleet.is_exact()
    letters = len(await fleet.letters())
    async with fleet.producer() as producer:
        sent = [
            await producer.send(fleet.settings.topic, b"<html>502 Bad Gateway</html>", partition=2)
            for _ in range(1_500)
        ]
        await asyncio.gather(*sent)
    await fleet.until(lambda: fleet.held("worker") == {"2": "dead_letters"})
    message = fleet.states("worker")["2"]["message"]
    assert "not_json" in message and "KPI_DEAD_LETTER_SHARE" in message
    neighbours = [line for line in LINES[:200] if key_of(line)]
    await fleet.publish(neighbours)
    ends = await fleet.ends()
    await fleet.until(
        lambda: all(ends[at] == done for at, done in asyncio.run(fleet.committed()).items() if at != 2)
    )
    assert fleet.held("worker") == {"2": "dead_letters"}
    assert len(await fleet.letters()) < letters + 1_000
    assert await fleet.differences(await fleet.records()) == []

    await asyncio.to_thread(fleet.workers.pop().stop)
    fleet.settings = fleet.settings.model_copy(update={"dead_letter_share": 1.0})
    fleet.start_worker("again")
    assert await fleet.is_exact()
    assert len(await fleet.letters()) >= letters + 1_500


async def test_a_bad_record_of_5_mb_is_a_shortened_dead_letter_and_the_commit_proceeds(
    fleet_of: MakeFleet,
) -> None:
    fleet = fleet_of("large")
    async with admin_of(fleet) as admin:
        limits = {"max.message.bytes": "6000000"}
        await admin.create_topics([NewTopic(fleet.settings.topic, 4, 1, topic_configs=limits)])
    fleet.start_worker("worker")
    await is_open(fleet, "worker")
    large = lead("large")[:-2] + b', "x": "' + b"y" * 5_000_000 + b'"}}'
    async with fleet.producer(max_request_size=6_000_000) as producer:
        for value in (lead("before"), large, lead("behind")):
            await producer.send_and_wait(fleet.settings.topic, value, key=b"k")
    assert await fleet.is_exact()
    [letter] = await fleet.letters()
    assert (letter.reason, letter.size) == ("too_large", len(large))
    assert large.startswith(letter.original() or b"nothing") and letter.sha256 is not None
