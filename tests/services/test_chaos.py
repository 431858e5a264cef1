"""The fault run: whatever is killed, paused, cut or rolled back, the state equals a recount of the topic."""

from pathlib import Path

import pytest

from tests.chaos.bursts import Bursts
from tests.chaos.cluster import a_cluster
from tests.chaos.run import chaos, plan
from tests.servers import KafkaServer, RedisServer, redis_binary

SEED = 20251009
EVENTS = 200_000
FAULTS = {"worker": 15, "zombie": 2, "redis": 3, "rollback": 2, "cut": 2, "thief": 1, "kafka": 1}


@pytest.mark.timeout(600)
async def test_the_state_equals_a_recount_whatever_fails(kafka_jars: Path, tmp_path: Path) -> None:
    """More than 200,000 messy events; each fault hits somebody who has work in hand."""
    kinds = plan(SEED, **FAULTS)
    print(f"seed {SEED}: {' '.join(kinds)}")  # noqa: T201  # pytest shows it when the run has failed
    with (
        KafkaServer(tmp_path / "kafka", kafka_jars) as kafka,
        RedisServer(redis_binary("installed"), tmp_path / "redis", aof=True) as redis,
    ):
        async with (
            a_cluster(kafka, redis, tmp_path, "chaos") as cluster,
            Bursts(cluster.settings, SEED, EVENTS) as bursts,
        ):
            summary = await chaos(cluster, kinds, bursts, EVENTS, print)
    print(summary)  # noqa: T201
    assert summary.differences == []
    assert summary.events >= EVENTS and summary.faults == FAULTS
    assert summary.fenced > 0, "nobody was fenced: this run has shown less than it should"
