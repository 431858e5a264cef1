"""The partition consumer on a real Kafka and a real Redis, each of them also hanging. About 2 min."""

import asyncio
import json
import signal
import sys
import textwrap
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka import TopicPartition as GroupPartition
from confluent_kafka.admin import AdminClient
from prometheus_client.parser import text_string_to_metric_families

from streams.embedded import processes
from streams.kafka.reading import read_topic
from streams.naming import rejects_total
from streams.state import connect
from tests.builders import Record, lead_created
from tests.servers import KafkaServer, RedisServer, Server, redis_binary
from tests.services.fleet import PARTITIONS, PATIENCE_S, Fleet, log_of
from tests.services.recount import differences, partition_store, recount, stored
from tests.services.test_worker import LINES
from tests.worker.builders import engine
from tests.worker.raw import batch

pytestmark = pytest.mark.timeout(180)

STOP_S = 5.0
SLACK_S = 3.0
"""Of a busy machine, for what is measured from outside."""
NOW_MS = 1_760_000_100_000


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(redis_binary("installed"), tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def fleet(
    request: pytest.FixtureRequest, kafka: KafkaServer, redis: RedisServer, tmp_path: Path
) -> Iterator[Fleet]:
    """No worker yet; topic and state are this test's own."""
    name = request.node.name.removeprefix("test_")[:40].partition("[")[0]
    fleet = Fleet.of(name.replace("_", "-"), kafka, redis, tmp_path)
    yield fleet
    fleet.stop()


def told(fleet: Fleet, worker: str, name: str, **labels: str) -> float:
    """A metric of a worker; 0 for one that is not there."""
    with urllib.request.urlopen(f"http://127.0.0.1:{fleet.ports[worker]}/metrics", timeout=5) as reply:
        families = text_string_to_metric_families(reply.read().decode())
    samples = (sample for family in families for sample in family.samples)
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def opened(fleet: Fleet, worker: str) -> Callable[[], bool]:
    return lambda: len(fleet.opened(worker)) == len(PARTITIONS)


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    server.pause()
    try:
        yield
    finally:
        server.resume()


def leads(name: str, number: int) -> list[bytes]:
    """Events of so many customers, to be put into any partition."""
    return [
        json.dumps(lead_created(f"{name}-{at}", at=NOW_MS - 60_000, customer_id=f"{name}-{at}")).encode()
        for at in range(number)
    ]


# -- What is told of Kafka --------------------------------------------------------------------------------


@contextmanager
def down(server: Server) -> Iterator[None]:
    server.kill9()
    try:
        yield
    finally:
        server.restart()


def lags(fleet: Fleet, worker: str) -> list[float]:
    metrics = fleet.metrics(worker)
    return [value for series, value in metrics.items() if series.startswith("crm_partition_lag_records")]


@pytest.mark.parametrize("how", [hanging, down])
async def test_a_kafka_that_is_lost_under_open_partitions_is_named_and_so_is_its_return(
    redis: RedisServer,
    kafka_jars: Path,
    tmp_path: Path,
    how: Callable[[Server], AbstractContextManager[None]],
) -> None:
    with KafkaServer(tmp_path / "kafka", kafka_jars) as kafka:
        fleet = Fleet.of(f"lost-{how.__name__}", kafka, redis, tmp_path)
        try:
            await a_loss_is_told(fleet, how(kafka))
        finally:
            fleet.stop()


async def a_loss_is_told(fleet: Fleet, loss: AbstractContextManager[None]) -> None:
    fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    await fleet.publish(LINES[:500])
    assert await fleet.is_exact()
    await fleet.until(lambda: lags(fleet, "worker") == [0] * len(PARTITIONS))
    assert told(fleet, "worker", "crm_kafka_up") == 1
    with loss:
        await fleet.until(lambda: not fleet.get("worker", "/readyz")["ready"])
        shown = fleet.get("worker", "/readyz")["kafka"]
        assert not shown["up"]
        assert shown["message"].startswith("Kafka does not answer, or refuses: Kafka")
        assert told(fleet, "worker", "crm_kafka_up") == 0
        assert lags(fleet, "worker") == [], "nobody knows"
    await fleet.until(opened(fleet, "worker"))
    assert told(fleet, "worker", "crm_kafka_up") == 1
    assert fleet.get("worker", "/readyz")["kafka"] == {"up": True}
    await fleet.publish(LINES[500:1_000])
    assert await fleet.is_exact()
    await fleet.until(lambda: lags(fleet, "worker") == [0] * len(PARTITIONS))


# -- The group's offsets ----------------------------------------------------------------------------------


def group_offsets(fleet: Fleet) -> dict[int, int]:
    """Partition -> offset, as tools that show lag see it."""
    admin = AdminClient({"bootstrap.servers": fleet.settings.bootstrap_servers()})
    group = fleet.settings.group_id()
    (found,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    return {one.partition: one.offset for one in found.result().topic_partitions}


async def test_the_group_follows_what_is_committed_and_resetting_it_has_no_effect(fleet: Fleet) -> None:
    worker = fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    await fleet.publish(LINES[:2_000])
    assert await fleet.is_exact()
    committed = await fleet.committed()
    await fleet.until(lambda: group_offsets(fleet) == committed)
    await asyncio.to_thread(worker.stop)
    fleet.workers.clear()

    admin = AdminClient({"bootstrap.servers": fleet.settings.bootstrap_servers()})
    start = [GroupPartition(fleet.settings.topic, number, 0) for number in PARTITIONS]
    reset = ConsumerGroupTopicPartitions(fleet.settings.group_id(), start)
    (done,) = admin.alter_consumer_group_offsets([reset]).values()
    done.result()
    assert set(group_offsets(fleet).values()) == {0}

    fleet.start_worker("again")
    await fleet.until(opened(fleet, "again"))
    await fleet.publish(LINES[2_000:2_500])
    assert await fleet.is_exact()  # each record was counted once
    committed = await fleet.committed()
    await fleet.until(lambda: group_offsets(fleet) == committed)


# -- The watchdog -----------------------------------------------------------------------------------------

HANGS = """
    import asyncio, sys
    from streams.cli import main
    from streams.worker import consumer

    real, fetches = consumer.Assigned._pump_one, 0

    async def hangs(self):
        global fetches
        fetches += 1
        if self.table.reached > 100 and self._partition.partition == 1:
            await asyncio.Event().wait()
        await real(self)

    consumer.Assigned._pump_one = hangs
    sys.argv = ["kpi", "worker"]
    main()
"""


async def test_a_pump_that_hangs_ends_its_worker_with_a_message_and_a_restart_helps(fleet: Fleet) -> None:
    fleet.ports["hangs"] = processes.free_port()
    settings = fleet.settings.model_copy(update={"worker_port": fleet.ports["hangs"], "stall_s": 3.0})
    command = [sys.executable, "-c", textwrap.dedent(HANGS)]
    worker = processes.start("hangs", command, fleet.directory, settings.environment())
    try:
        await fleet.until(opened(fleet, "hangs"))
        await fleet.publish(LINES)
        await fleet.until(lambda: not worker.running)
        (said,) = [line for line in log_of(worker).splitlines() if "CRITICAL" in line and "stands" in line]
        stands = (await fleet.committed())[1]
        assert f"partition 1 of {settings.topic} stands at offset {stands}, " in said
        assert f", {(await fleet.ends())[1] - stands} records behind" in said
        assert worker.process.returncode == 1
        assert "Traceback" not in log_of(worker)
    finally:
        worker.stop()
    fleet.start_worker("worker")
    assert await fleet.is_exact()


async def test_the_watchdog_is_quiet_while_redis_or_kafka_hangs_and_on_an_open_transaction(
    fleet: Fleet, kafka: KafkaServer, redis: RedisServer
) -> None:
    fleet.settings = fleet.settings.model_copy(update={"stall_s": 2.0})
    worker = fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    with hanging(redis):
        await fleet.publish(LINES[:1_000])
        await asyncio.sleep(4 * fleet.settings.stall_s)
    await fleet.publish(LINES[1_000:2_000])
    assert await fleet.is_exact()
    with hanging(kafka):
        await asyncio.sleep(3 * fleet.settings.stall_s)
    await fleet.publish(LINES[2_000:3_000])
    assert await fleet.is_exact()
    async with fleet.producer(transactional_id="open") as producer, producer.transaction():
        for partition in PARTITIONS:
            await producer.send_and_wait(fleet.settings.topic, leads("open", 1)[0], partition=partition)
        await asyncio.sleep(3 * fleet.settings.stall_s)
        assert told(fleet, "worker", "crm_partition_lag_records") == 0
    assert await fleet.is_exact()
    assert worker.running


# -- Records that cannot be read --------------------------------------------------------------------------


async def produce(fleet: Fleet, partition: int, data: bytes) -> None:
    """A record batch as it is, which no client would send."""
    client = AIOKafkaClient(**fleet.settings.kafka_client())
    try:
        await client.bootstrap()
        await client.set_topics([fleet.settings.topic])
        node = client.cluster.leader_for_partition(TopicPartition(fleet.settings.topic, partition))
        request = ProduceRequest(None, -1, 10_000, [(fleet.settings.topic, [(partition, data)])])
        response: Any = await client.send(node, request)
        (_, ((_, error, *_),)) = response.topics[0]
        assert error == 0, error
    finally:
        await client.close()


@pytest.mark.parametrize("codec", [0, 3], ids=["plain", "lz4"])
async def test_a_record_that_cannot_be_read_becomes_a_dead_letter_and_its_neighbours_are_counted(
    fleet: Fleet, codec: int
) -> None:
    """In the middle of a batch, as a batch of its own, and as the last one of all."""
    fleet.settings = fleet.settings.model_copy(update={"namespace": f"bad-{codec}", "topic": f"bad.{codec}"})
    fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    good = leads("lead", 12)
    rounds: Sequence[Sequence[bytes]] = (
        good[:5],
        [*good[5:8], b"bad", *good[8:10]],
        [b"bad"],
        [*good[10:], b"bad"],
    )
    records: list[Record] = []
    for values in rounds:
        await produce(fleet, 2, batch(0, values, codec, since_ms=NOW_MS))
        for at, value in enumerate(values):
            records.append(Record(len(records), NOW_MS + at, b"key", value, [("header", b"1")]))
    bad = [one.offset for one in records if one.value == b"bad"]
    await fleet.until(lambda: asyncio.run(fleet.committed())[2] == len(records))

    async with connect(fleet.settings.redis_url()) as redis:
        store = partition_store(redis, fleet.settings.namespace, 2, engine())
        found = await stored(redis, store, engine())
        expected = recount(engine(), records, store, bad)
    expected.totals[rejects_total("unreadable")] = expected.totals.pop(rejects_total("engine_error"))
    assert differences(expected, found) == []

    letters = await read_topic(fleet.settings.kafka_client(), fleet.settings.dead_letters_topic)
    told_of = [json.loads(letter.value or b"") for letter in letters]
    ours = [letter for letter in told_of if letter["topic"] == fleet.settings.topic]
    assert sorted((one["partition"], one["offset"], one["reason"]) for one in ours) == [
        (2, offset, "unreadable") for offset in bad
    ]
    assert all("utf-8" in one["message"] and one["headers"] == [] for one in ours)
    assert told(fleet, "worker", "crm_dead_letters_total", reason="unreadable") == len(bad)


# -- Stopping ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["redis", "kafka"])
async def test_a_worker_stops_in_good_time_while_its_servers_hang_and_nothing_is_lost(
    fleet: Fleet, kafka: KafkaServer, redis: RedisServer, what: str
) -> None:
    fleet.settings = fleet.settings.model_copy(update={"namespace": f"hang-{what}", "topic": f"hang.{what}"})
    worker = fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    await fleet.publish(LINES[:3_000])
    before = sum((await fleet.committed()).values())
    with hanging(redis if what == "redis" else kafka):
        if what == "redis":
            await fleet.publish(LINES[3_000:4_000])
        await asyncio.sleep(1)
        started = time.monotonic()
        worker.process.terminate()
        await has_ended(worker)
        assert time.monotonic() - started < STOP_S + SLACK_S
        assert worker.process.returncode >= 0, "it had to be killed"
    fleet.workers.clear()
    fleet.start_worker("again")
    assert await fleet.is_exact()
    assert sum((await fleet.committed()).values()) > before


async def has_ended(worker: processes.Child) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while worker.running:
            await asyncio.sleep(0.02)


async def test_the_second_signal_stops_at_once_and_nothing_is_lost(fleet: Fleet, redis: RedisServer) -> None:
    worker = fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    with hanging(redis):
        await fleet.publish(LINES[:2_000])
        await asyncio.sleep(0.5)
        worker.process.terminate()
        await fleet.until(lambda: "Signal received" in log_of(worker))
        worker.process.terminate()
        await has_ended(worker)
        assert worker.process.returncode == -signal.SIGTERM
    fleet.workers.clear()
    fleet.start_worker("again")
    assert await fleet.is_exact()


# -- One partition waits, the others go on ----------------------------------------------------------------


@asynccontextmanager
async def blocked(fleet: Fleet, partition: int) -> AsyncIterator[None]:
    """Its table cannot open: Redis refuses to read its totals, which are of a wrong type meanwhile."""
    async with connect(fleet.settings.redis_url()) as redis:
        keys = partition_store(redis, fleet.settings.namespace, partition, engine()).keys
        await redis.rename(keys.totals, keys.totals + ":aside")
        await redis.set(keys.totals, "of a wrong type")
        try:
            yield
        finally:
            await redis.rename(keys.totals + ":aside", keys.totals)


async def served(fleet: Fleet, seconds: float, name: str) -> float:
    """The part of what is published to partitions 1 to 3 in so many seconds that is committed by then."""
    before, sent, until = await fleet.committed(), 0, time.monotonic() + seconds
    async with fleet.producer() as producer:
        while time.monotonic() < until:
            for line in leads(f"{name}-{sent}", 100):
                await producer.send(fleet.settings.topic, line, partition=sent % 4)
                sent += 1
            await producer.flush()
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)  # what was published last is on its way
    after = await fleet.committed()
    return sum(after[number] - before[number] for number in (1, 2, 3)) / (sent * 3 / 4)


async def test_a_partition_that_waits_does_not_hold_up_the_others(fleet: Fleet) -> None:
    """They keep at least 90 % of the rate that they have beside it when it does not wait, in the same run."""
    fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    await fleet.publish(LINES[:1_000])
    await fleet.caught_up()
    ratios = []
    for attempt in range(3):  # the machine may be busy with something else
        usual = await served(fleet, 5, f"usual-{attempt}")
        async with blocked(fleet, 0):
            beside = await served(fleet, 10, f"beside-{attempt}")
            assert (await fleet.committed())[0] < (await fleet.ends())[0], "it was not blocked"
            states = {number: one["state"] for number, one in fleet.states("worker").items()}
        ratios.append(beside / usual)
        if ratios[-1] >= 0.9:
            break
    assert max(ratios) >= 0.9, ratios
    assert states == {"0": "opening", "1": "open", "2": "open", "3": "open"}
    assert await fleet.is_exact()


# -- Holes, markers, fences -------------------------------------------------------------------------------


async def test_behind_what_is_no_event_the_lag_is_nothing_and_the_commit_immediate(fleet: Fleet) -> None:
    """A transaction that is taken back: its records and its marker are all that the tail holds."""
    fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    await fleet.publish(LINES[:500])
    assert await fleet.is_exact()
    before = await fleet.committed()
    async with fleet.producer(transactional_id="aborted") as producer:
        await producer.begin_transaction()
        for partition in PARTITIONS:
            await producer.send_and_wait(fleet.settings.topic, leads("aborted", 1)[0], partition=partition)
        await producer.abort_transaction()
    assert await fleet.is_exact()
    assert await fleet.committed() == {number: at + 2 for number, at in before.items()}  # record and marker
    await fleet.until(lambda: told(fleet, "worker", "crm_partition_lag_records") == 0)


async def test_the_holes_of_a_compacted_topic_are_passed_to_the_end(fleet: Fleet) -> None:
    admin = AIOKafkaAdminClient(**fleet.settings.kafka_client())
    await admin.start()
    try:
        configs = {
            "cleanup.policy": "compact",
            "min.cleanable.dirty.ratio": "0.01",
            "segment.ms": "100",
            "max.compaction.lag.ms": "200",
            "delete.retention.ms": "0",
        }
        await admin.create_topics([NewTopic(fleet.settings.topic, 4, 1, topic_configs=configs)])
    finally:
        await admin.close()
    lines = leads("same", 400)
    async with fleet.producer() as producer:
        for at, line in enumerate(lines):  # one key: all but the last are cleaned away
            await producer.send_and_wait(fleet.settings.topic, line, key=b"one", partition=0)
            if at % 100 == 99:
                await asyncio.sleep(0.3)

    async def left() -> int:
        return len(await read_topic(fleet.settings.kafka_client(), fleet.settings.topic))

    deadline = time.monotonic() + PATIENCE_S
    while await left() > 300:
        assert time.monotonic() < deadline, "the cleaner has not come"
        await asyncio.sleep(0.5)
    fleet.start_worker("worker")
    assert await fleet.is_exact()
    await fleet.until(lambda: told(fleet, "worker", "crm_partition_lag_records") == 0)


async def test_who_is_fenced_while_a_fetch_is_under_way_comes_back_to_one_consistent_moment(
    fleet: Fleet,
) -> None:
    """Somebody else claims partitions while their worker has batches in hand and on their way."""
    fleet.start_worker("worker")
    await fleet.until(opened(fleet, "worker"))
    publishing = asyncio.create_task(fleet.publish(LINES))
    async with connect(fleet.settings.redis_url()) as redis:
        stores = [partition_store(redis, fleet.settings.namespace, number, engine()) for number in PARTITIONS]
        for at in range(15):
            await stores[at % 4].claim(0, {})
            await asyncio.sleep(0.1)
    await publishing
    assert await fleet.is_exact()
    assert told(fleet, "worker", "crm_fenced_total") > 0
