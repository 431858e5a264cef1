"""Real workers between Kafka and Redis: a Redis that is away in a rebalance, one log split in two ways.

About a minute.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from streams.kafka.reading import read_topic
from streams.state.client import RETRIES
from tests.chaos.bursts import Bursts
from tests.chaos.cluster import PARTITIONS, SESSION_MS, Cluster, a_cluster
from tests.chaos.run import BURST, compare, publish
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services.recount import differences, stored
from tests.worker.builders import engine

SOCKET_S: Final = 1.0
TRIES: Final = RETRIES + 1
AWAY_S: Final = 8.0
"""After a rebalance; longer than a session, and than a command with all its tries."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis with AOF of one's own."""
    with RedisServer(redis_binary("installed"), tmp_path / "redis", aof=True) as server:
        yield server


async def is_exact(cluster: Cluster) -> bool:
    """Whether all is committed and equals the recount, and no worker has ended by itself."""
    await cluster.work_is_left(0)
    for partition in PARTITIONS:
        compared, found = await compare(cluster, partition)
        assert found == [] and compared > 0
    return cluster.ended == 0


@pytest.mark.parametrize("how", ["hung", "refused"])
async def test_a_redis_that_is_away_during_a_rebalance_is_waited_for(
    kafka: KafkaServer, redis: RedisServer, tmp_path: Path, how: str
) -> None:
    """For longer than every time-out; a worker dies meanwhile, another joins, in the middle of the work."""
    assert AWAY_S > 2 * SESSION_MS / 1000 and AWAY_S > 2 * TRIES * SOCKET_S
    url = SecretStr(f"{redis.url}?socket_timeout={SOCKET_S}")
    async with (
        a_cluster(kafka, redis, tmp_path, f"away-{how}", redis=url) as cluster,
        Bursts(cluster.settings, 7, 4 * BURST) as bursts,
    ):
        owners = await publish(cluster, bursts)
        await cluster.work_is_left(BURST - 1)
        await asyncio.to_thread(redis.pause if how == "hung" else redis.kill9)
        cluster.kill_worker(owners[0][0])
        cluster.start_worker()

        async def all_are_opening() -> bool:
            states = [await worker.states(cluster.http) for worker in cluster.workers]
            return [*states[0].values(), *states[1].values()] == ["opening"] * len(PARTITIONS)

        await cluster.until(all_are_opening, every_s=0.1)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(redis.resume if how == "hung" else redis.restart)
        await publish(cluster, bursts)
        assert await is_exact(cluster)


async def test_one_log_makes_one_state_however_it_is_split_over_workers(
    kafka: KafkaServer, redis: RedisServer, tmp_path: Path
) -> None:
    """By one worker, and by two of which one stops half-way while a third one joins."""
    async with AsyncExitStack() as stack:
        one, many = [
            await stack.enter_async_context(
                a_cluster(kafka, redis, tmp_path / name, name, topic="split", workers=workers)
            )
            for name, workers in (("split-1", 1), ("split-2", 2))
        ]
        bursts = await stack.enter_async_context(Bursts(one.settings, 8, 4 * BURST))
        await many.owners()
        await publish(one, bursts)
        many.ends |= one.ends
        await many.work_is_left(BURST - 1)
        await asyncio.to_thread(many.workers.pop(0).process.stop)
        many.start_worker()
        await publish(one, bursts)
        many.ends |= one.ends
        assert await is_exact(one) and await is_exact(many)
        for partition in PARTITIONS:
            alone, together = [
                await stored(cluster.redis, cluster.store(partition), engine()) for cluster in (one, many)
            ]
            assert differences(alone, together) == []
        letters = await dead_letters(one)
        assert letters == await dead_letters(many)
        assert len(letters) > BURST // 1_000


async def dead_letters(cluster: Cluster) -> dict[bytes | None, bytes | None]:
    """Key -> letter; one that was written twice is one."""
    found = await read_topic(cluster.settings.kafka_client(), cluster.settings.dead_letters_topic)
    return {record.key: record.value for record in found}
