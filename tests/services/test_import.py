"""Files into a real Kafka, with kill -9 in the middle, and a worker that counts them. About 10 s."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from streams.embedded import processes
from streams.kafka.bulk import Bulk, BulkPublisher
from streams.kafka.retention import topic_of
from streams.kafka.topics import create_topics
from streams.naming import APPLIED
from streams.settings import Settings
from tests.commands.runs import ROOT
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services.fleet import PATIENCE_S, Fleet, log_of

ROWS = 6_000
SLOWLY = """
import time
from streams.imports import database, run
from streams.kafka.bulk import BulkPublisher
database.BATCH_ROWS, run.SETTLE_S = 300, 0.1
publish = BulkPublisher.publish
BulkPublisher.publish = lambda self, records: (time.sleep(0.2), publish(self, records))
"""
"""Python that makes an import slow enough to be killed in its middle."""
DEAL = {"deal_id": "deal", "customer_id": "customer"}
MAPPING = {
    "version": 1,
    "source": "/old",
    "events": [
        {"type": "crm.deal.created", "id": "{deal}/1", "time": "opened", "data": DEAL},
        {
            "type": "crm.deal.won",
            "id": "{deal}/2",
            "when": "closed != None",
            "time": "closed",
            "data": {**DEAL, "amount_minor": {"column": "worth", "digits": 2}},
        },
    ],
    "currency": "USD",
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(redis_binary("installed"), tmp_path_factory.mktemp("redis")) as server:
        yield server


def write(directory: Path, rows: int = ROWS) -> set[str]:
    """deals.csv and its mapping; the ids of all its events."""
    newest = datetime.now(UTC) - timedelta(days=30)
    lines, ids = ["deal,customer,opened,closed,worth"], set()
    for number in range(rows):
        opened = newest - timedelta(minutes=number)
        closed = opened + timedelta(days=3)
        is_won = number % 3 == 0
        ids |= {f"d{number}/1", f"d{number}/2"} if is_won else {f"d{number}/1"}
        end = f"{closed:%Y-%m-%d},{number}.5" if is_won else ","
        lines.append(f"d{number},c{number % 999},{opened:%Y-%m-%dT%H:%M:%SZ},{end}")
    (directory / "deals.csv").write_text("\n".join(lines))
    (directory / "mapping.yaml").write_text(json.dumps(MAPPING))
    return ids


def importing(settings: Settings, directory: Path, name: str, patch: str = "") -> processes.Child:
    command = f"import os; os.chdir({str(directory)!r})\n{patch}\nfrom streams.cli import main\nmain()"
    arguments = ["import", "deals.csv", "--mapping", "mapping.yaml"]
    environment = {**settings.environment(), "PYTHONPATH": str(ROOT)}
    return processes.start(name, [sys.executable, "-c", command, *arguments], directory, environment)


def ids_of(records: Sequence[object]) -> list[str]:
    return [json.loads(record.value)["id"] for record in records]  # type: ignore[attr-defined]


async def test_killed_in_its_middle_and_started_again_it_is_complete_and_counted_once(
    kafka: KafkaServer, redis: RedisServer, tmp_path: Path
) -> None:
    fleet = Fleet.of("imported", kafka, redis, tmp_path)
    ids = write(tmp_path)
    await create_topics(fleet.settings)
    journals = tmp_path / ".kpi" / "imports"

    killed = importing(fleet.settings, tmp_path, "killed", SLOWLY)
    killed.wait_until(lambda: any(journals.glob("*.json")))
    killed.process.kill()
    killed.process.wait()
    assert 0 < len(await fleet.records()) < len(ids)

    again = importing(fleet.settings, tmp_path, "again")
    assert again.process.wait(60) == 0, log_of(again)
    assert "of them before" in log_of(again)
    found = ids_of(await fleet.records())
    assert set(found) == ids
    assert len(found) < 2 * len(ids)

    once_more = importing(fleet.settings, tmp_path, "once-more")
    assert once_more.process.wait(60) == 0, log_of(once_more)
    assert len(await fleet.records()) == len(found)

    fleet.start_worker("worker")
    try:
        assert await fleet.is_exact()
    finally:
        fleet.stop()
    assert (await fleet.totals())[APPLIED] == len(ids)


async def test_the_topic_says_how_long_it_keeps_records_and_whose_times_they_have(kafka: KafkaServer) -> None:
    settings = Settings(broker=f"kafka://{kafka.address}", topic="kept", dead_letters_topic="kept.letters")
    await create_topics(settings)
    before = topic_of(settings)
    alter(settings, {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"})
    async with asyncio.timeout(PATIENCE_S):
        while (after := topic_of(settings)) == before:  # Kafka tells all of itself by and by
            await asyncio.sleep(0.05)
    assert (before.retention_ms, before.takes_times) == (7 * 86_400_000, True)
    assert (after.retention_ms, after.takes_times) == (None, False)
    assert before.id == after.id


def alter(settings: Settings, configs: dict[str, str]) -> None:
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers()})
    changes = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in configs.items()
    ]
    topic = ConfigResource(ResourceType.TOPIC, settings.topic, incremental_configs=changes)
    admin.incremental_alter_configs([topic])[topic].result()


async def test_records_lie_where_every_other_producer_puts_them(
    kafka: KafkaServer, redis: RedisServer, tmp_path: Path
) -> None:
    fleet = Fleet.of("placed", kafka, redis, tmp_path)
    await create_topics(fleet.settings)
    keys = [f"customer-{number}".encode() for number in range(100)]
    with BulkPublisher(fleet.settings) as publisher:
        publisher.publish([Bulk(key, b"bulk", 1_700_000_000_000) for key in keys])
        publisher.flush()
    async with fleet.producer() as producer:
        for key in keys:
            await producer.send_and_wait(fleet.settings.topic, b"other", key=key)
    records = await fleet.records()
    places = {
        value: {record.key: record.partition for record in records if record.value == value}
        for value in (b"bulk", b"other")
    }
    assert places[b"bulk"] == places[b"other"]
    assert {record.timestamp for record in records if record.value == b"bulk"} == {1_700_000_000_000}
