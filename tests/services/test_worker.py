"""`kpi worker` and `kpi board` on a real Kafka and a real Redis. About 45 s, a third for a Kafka that goes.

Most tests share two workers and two boards; each publishes something, and the state must be the recount.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    ResourceType,
)
from pydantic import SecretStr

from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode, spread
from streams.kafka.outline import key_of
from streams.settings import Settings
from streams.state import connect
from tests.builders import lead_created
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services.fleet import PARTITIONS, PATIENCE_S, Fleet, log_of
from tests.services.recount import partition_store, stored
from tests.worker.builders import engine

UNTIL_MS = 1_760_000_000_000
LINES = tuple(messy((encode(event) for _, event in spread(3, 6_000, UNTIL_MS, 60)), Mess(), 3))
CODECS = ("gzip", "snappy", "lz4", "zstd")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(redis_binary("installed"), tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def fleet(
    kafka: KafkaServer, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """Two workers and two boards."""
    fleet = Fleet.of("fleet", kafka, redis, tmp_path_factory.mktemp("fleet"))
    with ExitStack() as stack:
        stack.callback(fleet.stop)
        for name in ("worker-1", "worker-2"):
            fleet.start_worker(name)
        for name in ("board-1", "board-2"):
            stack.callback(fleet.start("board", name).stop)
        yield fleet


# -- The fleet: these tests go in this order, the last one stops a worker ---------------------------------


async def test_two_workers_share_the_partitions(fleet: Fleet) -> None:
    await fleet.until(lambda: len(fleet.opened("worker-1")) == len(fleet.opened("worker-2")) == 2)
    assert fleet.opened("worker-1") | fleet.opened("worker-2") == {"0", "1", "2", "3"}


async def test_missing_topics_are_made_and_dead_letters_are_compacted(fleet: Fleet) -> None:
    await fleet.until(lambda: fleet.opened("worker-1"))
    admin = AdminClient({"bootstrap.servers": fleet.settings.bootstrap_servers()})
    topics = admin.list_topics(timeout=10).topics
    letters = ConfigResource(ResourceType.TOPIC, fleet.settings.dead_letters_topic)
    configs = next(iter(admin.describe_configs([letters]).values())).result()
    assert len(topics[fleet.settings.topic].partitions) == 4
    assert configs["cleanup.policy"].value == "compact"
    assert int(configs["max.message.bytes"].value) == 3_000_000


async def test_compressed_records_are_counted(fleet: Fleet) -> None:
    quarter = len(LINES) // 4
    for number, codec in enumerate(CODECS):
        await fleet.publish(LINES[number * quarter : (number + 1) * quarter], compression_type=codec)
    assert await fleet.is_exact()


async def test_what_a_transaction_did_not_commit_is_not_counted(fleet: Fleet) -> None:
    """Beside it others publish: they are counted as soon as the transaction has ended, however it ended."""
    await fleet.caught_up()
    before = await fleet.committed()
    for number, ends_well in enumerate((False, True, False)):
        async with fleet.producer(transactional_id=f"fleet-{number}") as producer:
            await producer.begin_transaction()
            lines = [encode_lead(f"transaction-{number}-{at}") for at in range(40)]
            sent = [await producer.send(fleet.settings.topic, line, key=key_of(line)) for line in lines]
            await asyncio.gather(*sent)
            await fleet.publish([encode_lead(f"beside-{number}-{at}") for at in range(40)])
            assert await fleet.committed() == before, "counted what may still be taken back"
            await (producer.commit_transaction() if ends_well else producer.abort_transaction())
        assert await fleet.is_exact()
        before = await fleet.committed()
    async with connect(fleet.settings.redis_url()) as redis:
        rows = [
            id_
            for number in PARTITIONS
            for kind, id_ in (
                await stored(redis, partition_store(redis, "fleet", number, engine()), engine())
            ).rows
            if kind == "lead" and id_.startswith(("transaction", "beside"))
        ]
    assert len(rows) == 3 * 40 + 40
    assert {id_.rpartition("-")[0] for id_ in rows if id_.startswith("t")} == {"transaction-1"}


def encode_lead(name: str) -> bytes:
    return json.dumps(lead_created(name, at=UNTIL_MS, customer_id=name)).encode()


async def test_all_boards_show_the_same_numbers(fleet: Fleet) -> None:
    await fleet.caught_up()

    def shown() -> list[Any]:
        return [
            fleet.get(name, "/api/v1/readings?kpi=lead_volume&kpi=revenue") for name in ("board-1", "board-2")
        ]

    def are_equal() -> bool:
        first, second = shown()
        return bool(first.get("readings")) and first == second and not first["stale"]

    await fleet.until(are_equal)
    volume = [one for one in shown()[0]["readings"] if (one["kpi"], one["window"]) == ("lead_volume", "90d")]
    assert sum(one["value"] for one in volume if one["dimension"] == "all") > 160


async def test_a_worker_that_is_told_to_stop_finishes_and_hands_over(fleet: Fleet) -> None:
    """In the middle of the work; it commits what it has in hand, and nothing is lost or counted twice."""
    await fleet.caught_up()
    before = sum((await fleet.committed()).values())
    await fleet.publish(LINES)
    while sum((await fleet.committed()).values()) < before + 500:
        await asyncio.sleep(0.01)
    stopped = fleet.workers.pop(0)
    status = await asyncio.to_thread(stopped.stop, 8.0)
    assert status == 0, "it had to be killed"
    assert stopped.log is not None
    assert "closed without its last commit" not in stopped.log.read_text()
    assert "Task exception was never retrieved" not in stopped.log.read_text()
    await fleet.until(lambda: len(fleet.opened("worker-2")) == 4)
    assert await fleet.is_exact()


# -- A Kafka that comes and goes --------------------------------------------------------------------------


@pytest.mark.timeout(180)
async def test_a_worker_waits_for_kafka_and_goes_on_after_its_restart(
    kafka_jars: Path, redis: RedisServer, tmp_path: Path
) -> None:
    """Kafka is not there when it starts, then killed under it, and is gone when it is told to stop."""
    kafka = KafkaServer(tmp_path / "kafka", kafka_jars)
    fleet = Fleet.of("restart", kafka, redis, tmp_path)
    worker = fleet.start_worker("worker")
    try:
        await fleet.until(lambda: "does not answer, trying again" in log_of(worker))
        assert fleet.get("worker", "/healthz") == {"alive": True}
        assert not fleet.get("worker", "/readyz")["ready"]
        with kafka:
            await fleet.until(lambda: len(fleet.opened("worker")) == 4)
            await fleet.publish(LINES[:2_000])
            assert await fleet.is_exact()
            await asyncio.to_thread(kafka.kill9)
            await asyncio.to_thread(kafka.restart)
            await fleet.publish(LINES[2_000:4_000])
            assert await fleet.is_exact()
        assert await asyncio.to_thread(worker.stop, 10.0) == 0, "it had to be killed"
    finally:
        fleet.stop()


# -- Replaying on these services --------------------------------------------------------------------------


async def test_a_replay_leaves_no_topic_no_group_and_no_key_behind(
    kafka: KafkaServer, redis: RedisServer, tmp_path: Path
) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.address})

    def topics() -> set[str]:
        return {name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")}

    def groups() -> set[str]:
        return {group.group_id for group in admin.list_consumer_groups().result().valid}

    async def keys() -> set[bytes]:
        async with connect(redis.url) as client:
            return {key async for key in client.scan_iter(match="*replay*")}

    before = topics(), groups()
    (tmp_path / "events.ndjson").write_bytes(b"\n".join((*LINES[:300], b"nonsense")))
    done = await replay(tmp_path, kafka, redis)
    assert done["events"]["published"] == 301
    assert done["events"]["dead_letters"] >= 1
    assert await keys() == set()
    async with asyncio.timeout(PATIENCE_S):
        while topics() != before[0]:  # they are deleted behind the answer
            await asyncio.sleep(0.05)
    assert groups() == before[1]


async def replay(directory: Path, kafka: KafkaServer, redis: RedisServer) -> Any:
    settings = Settings(broker=f"kafka://{kafka.address}", redis=SecretStr(redis.url))
    command = [sys.executable, "-m", "streams.cli", "replay", "events.ndjson", "--json"]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), **settings.environment()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)
