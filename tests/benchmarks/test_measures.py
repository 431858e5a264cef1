"""The benchmarks' machinery on a few events: it measures what it says, and reports no wrong run."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from benchmarks import engine, imports, intake, throughput
from benchmarks.company import Company
from benchmarks.latency import Probes
from benchmarks.site import Site
from streams.clock import clock_ms
from streams.kafka.reading import read_topic
from streams.naming import PartitionKeys, partition_prefix
from tests.servers import KafkaServer, RedisServer, redis_binary

EVENTS = 2_000


def test_the_engine_alone_counts_every_event_in_both_shapes() -> None:
    for split in engine.measure(EVENTS, founding=500).values():
        assert split.events == EVENTS
        assert split.rejects == 0
        assert min(split.rows_written, split.cells_written) > 0


def test_a_probe_arrives_once_with_the_answer_that_holds_it() -> None:
    probes = Probes(0, "customer", sent_s=[1.0, 2.0, 3.0])
    assert probes.arrive("shown", 0, at_s=2.5) == []
    assert probes.arrive("shown", 2, at_s=3.5) == [2.5, 1.5]
    assert probes.arrive("shown", 2, at_s=3.6) == []
    assert probes.arrive("shown", 3, at_s=4.0) == [1.0]


def test_a_probe_is_committed_when_the_position_is_behind_its_record() -> None:
    probes = Probes(0, "customer", sent_s=[1.0, 2.0], offsets=[100, 250])
    assert probes.commit(100, at_s=2.0) == []
    assert probes.commit(101, at_s=2.5) == [1.5]
    assert probes.commit(300, at_s=3.0) == [1.0]


@pytest.fixture
def there(kafka: KafkaServer, tmp_path: Path) -> Iterator[Site]:
    with (
        RedisServer(redis_binary("installed"), tmp_path / "redis") as server,
        Redis.from_url(server.url) as redis,
    ):
        yield Site(kafka, server, redis, tmp_path)


def test_every_request_of_the_benchmark_is_accepted_and_published(
    there: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LEAD_IN_S", 0)
    found = intake.measure(there, seconds=1, per_s=100)
    assert found["100/s"].statuses == {"202": found["100/s"].number}
    assert 90 <= found["100/s"].number <= 101
    records = asyncio.run(read_topic(there.settings("intake").kafka_client(), "intake.events"))
    assert len(records) == sum(one.number for one in found.values())
    for one in found.values():
        assert 0 < one.quantile_ms(0.5) <= one.quantile_ms(1)
        assert one.server_cpu_s > 0 and one.memory_bytes > 1_000_000


def test_a_run_counts_every_event_and_a_wrong_state_would_be_reported(there: Site) -> None:
    run = throughput.measure(there, "bench", Company(EVENTS, clock_ms()).lines("history"))
    assert run.last.committed == sum(run.outcomes.values()) == EVENTS
    assert run.differences == []
    assert run.stored.row_bytes > run.stored.rows > 0
    assert run.worker_bytes > 1_000_000
    assert run.last.worker_cpu_s > 0

    settings = there.settings("bench")
    there.redis.hincrby(PartitionKeys(partition_prefix("bench", 0)).totals, "customers")
    said = asyncio.run(throughput.differences(settings))
    assert [words.partition(":")[0] for words in said] == ["totals customers"]


def test_an_import_is_measured_when_all_of_it_has_arrived(there: Site) -> None:
    runs = imports.measure(there, EVENTS)
    assert list(runs) == ["NDJSON", "Kafka"]
    for run in runs.values():
        assert (run.rows, run.events > EVENTS) == (EVENTS, True)
        assert min(run.rows_per_s, run.cpu_s, run.peak_bytes) > 0
    with pytest.raises(ValueError, match="arrived"):
        imports.check("Kafka", runs["Kafka"], runs["Kafka"].events - 1)
