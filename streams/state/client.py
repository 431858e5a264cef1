"""The connection to Redis, and what concerns the server rather than a partition."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from streams.naming import partition_keys_pattern

TIMEOUT_S = 5.0
RETRIES = 2  # the scripts recognise their own resend


def connect(url: str) -> Redis:
    """A client of the Redis at `url`; nothing is sent yet. Replies are bytes.

    Its calls raise redis.exceptions.RedisError once a command has failed three times.
    """
    return Redis.from_url(
        url,
        protocol=2,
        decode_responses=False,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.1), RETRIES),
    )


async def eviction_policy(client: Redis) -> str:
    """The server's maxmemory-policy; any but `noeviction` would delete state in silence."""
    memory = await client.info("memory")
    return str(memory["maxmemory_policy"])


async def erase(client: Redis, namespace: str) -> None:
    """Delete all keys of a namespace whose workers have stopped."""
    cursor = None
    while cursor != 0:
        reply: Any = await client.scan(cursor or 0, match=partition_keys_pattern(namespace), count=1_000)
        cursor, keys = reply
        if keys:
            await client.unlink(*keys)
