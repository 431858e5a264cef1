"""What is done to a cluster in the middle of its work, by kind. Each fault says what it did.

A fault that finds no work in hand strikes nothing and returns None: then the next burst is its.
"""

import asyncio
import random
import signal
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from tests.chaos.cluster import SESSION_MS, Cluster, Worker
from tests.servers import KafkaServer, RedisServer

Owners = list[tuple[Worker, set[int]]]
Fault = Callable[[Cluster, Owners, random.Random], Awaitable[str | None]]

WAKES_S: Final = 1.0
"""How long a zombie that wakes may act on what it still believes, before the next fault may hit it."""
HANGS_S: Final = 20.0
"""Longer than a session, and than a command to Redis with all its tries."""


async def kill_worker(cluster: Cluster, owners: Owners, rng: random.Random) -> str | None:
    """kill -9 of a worker, and another one in its place."""
    frozen = await cluster.freeze(owners, rng)
    if frozen is None:
        return None
    worker, left = frozen
    cluster.kill_worker(worker)
    return f"kill -9 of {worker.name} on {_named(left)}; {cluster.start_worker().name} in its place"


async def zombie(cluster: Cluster, owners: Owners, rng: random.Random) -> str | None:
    """A worker sleeps past its session, others take over, and it wakes in the middle of its batch."""
    frozen = await cluster.freeze(owners, rng)
    if frozen is None:
        return None
    worker, left = frozen
    before = await cluster.tokens()
    try:
        await asyncio.sleep(1.5 * SESSION_MS / 1000)

        async def gone_on() -> bool:
            now = await cluster.tokens()
            return all(now.get(number, before.get(number)) != before.get(number) for number in left)

        await cluster.until(gone_on)
    finally:
        worker.signal(signal.SIGCONT)
    await asyncio.sleep(WAKES_S)
    return f"{worker.name} slept until others had gone on with {_named(left)}"


def kill(name: str, server_of: Callable[[Cluster], KafkaServer | RedisServer]) -> Fault:
    """kill -9 of a server, and a start with its log or AOF.

    What Redis has answered is in its AOF: only a machine's crash loses it.
    """

    async def fault(cluster: Cluster, owners: Owners, rng: random.Random) -> str | None:
        left = await _left(cluster)
        if left is None:
            return None
        await asyncio.to_thread(server_of(cluster).kill9)
        await asyncio.to_thread(server_of(cluster).restart)
        return f"kill -9 of {name}, {left}"

    return fault


async def roll_back_redis(cluster: Cluster, owners: Owners, rng: random.Random) -> str | None:
    """Redis loses about a second of commits, as a machine with `appendfsync everysec` does that crashes."""
    before = await cluster.positions()
    if not before or await _left(cluster) is None:
        return None
    with tempfile.TemporaryDirectory() as directory:
        copy = await asyncio.to_thread(cluster.redis_server.copy_aof, Path(directory))

        async def gone_on() -> bool:
            now = await cluster.positions()
            return any(now[number].offset > before[number].offset for number in now.keys() & before.keys())

        await cluster.until(gone_on)
        await asyncio.sleep(rng.random())
        lost = await cluster.positions()
        await asyncio.to_thread(cluster.redis_server.roll_back, copy)
    records = sum(one.offset - before[number].offset for number, one in lost.items() if number in before)
    return f"Redis rolled back, {records:,} committed records lost"


async def hang_redis(cluster: Cluster, owners: Owners, rng: random.Random) -> str | None:
    """SIGSTOP for longer than every time-out."""
    left = await _left(cluster)
    if left is None:
        return None
    cluster.redis_server.pause()
    try:
        await asyncio.sleep(HANGS_S)
    finally:
        cluster.redis_server.resume()
    return f"Redis hung for {HANGS_S:g} s, {left}"


async def cut_connections(cluster: Cluster, owners: Owners, rng: random.Random) -> str | None:
    """All connections to Redis are cut a few times; commits that were under way are sent again."""
    left = await _left(cluster)
    if left is None:
        return None
    cuts = 0
    for _ in range(rng.randint(1, 5)):
        with suppress(RedisError):
            cuts += await cluster.redis.client_kill_filter(_type="normal", skipme=True)
        await asyncio.sleep(rng.random() / 20)
    return f"{cuts} connections to Redis cut, {left}"


async def steal(cluster: Cluster, owners: Owners, rng: random.Random) -> str | None:
    """A stranger claims every partition and goes away: each owner is fenced at its next commit."""
    left = await _left(cluster)
    if left is None:
        return None
    positions = await cluster.positions()
    for number in positions:
        await cluster.store(number).claim(0, {})
    return f"{_named(set(positions))} claimed by a stranger, {left}"


FAULTS: Final[dict[str, Fault]] = {
    "worker": kill_worker,
    "zombie": zombie,
    "redis": kill("Redis", lambda cluster: cluster.redis_server),
    "rollback": roll_back_redis,
    "hang": hang_redis,
    "cut": cut_connections,
    "thief": steal,
    "kafka": kill("Kafka", lambda cluster: cluster.kafka),
}


async def _left(cluster: Cluster) -> str | None:
    """How much work was in hand, in words; None when there was none."""
    records = await cluster.left()
    return f"{records:,} records in hand" if records else None


def _named(partitions: set[int]) -> str:
    return f"partition{'s' * (len(partitions) > 1)} {', '.join(map(str, sorted(partitions)))}"
