"""The connection to Redis, and what concerns the server rather than a partition."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from redis.asyncio import Connection, Redis, SSLConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.connection import HiredisRespSerializer

from streams.errors import Held
from streams.naming import partition_keys_pattern

_SERIALIZER: Final = HiredisRespSerializer()
TIMEOUT_S = 5.0
RETRIES = 2  # the scripts recognise their own resend


def connect(url: str) -> Redis:
    """A client of the Redis at `url`; nothing is sent yet. Replies are bytes.

    Its calls raise redis.exceptions.RedisError once a command has failed three times.
    """
    client: Redis = Redis.from_url(
        url,
        protocol=2,
        decode_responses=False,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.1), RETRIES),
    )
    pool = client.connection_pool
    pool.connection_class = _CANCELLABLE[pool.connection_class]
    return client


class _Cancellable(Connection):
    """A connection that loses no cancellation, and packs its commands in C.

    redis-py's asyncio connections pack in Python, one argument after the other; its others by hiredis.

    redis-py sends inside asyncio.wait_for. Before Python 3.12 that swallows a cancellation which comes just
    when the sending has ended (https://github.com/python/cpython/issues/86296): a loop would never stop.
    """

    def pack_command(self, *args: Any) -> list[bytes]:
        packed: list[bytes] = _SERIALIZER.pack(*args)
        return packed

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        await super().send_packed_command(command, check_health)
        if task and task.cancelling() > before:
            await self.disconnect(nowait=True)  # the answer would be taken for that to the next command
            raise asyncio.CancelledError


class _CancellableWithTls(_Cancellable, SSLConnection):
    pass


_CANCELLABLE: dict[type[AbstractConnection], type[Connection]] = {
    Connection: _Cancellable,
    SSLConnection: _CancellableWithTls,
}


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


async def refuse_eviction(client: Redis) -> None:
    """Held when this Redis would delete state in silence."""
    policy = await eviction_policy(client)
    if policy != "noeviction":
        text = f"Redis would evict state: set maxmemory-policy to noeviction (it is {policy})"
        raise Held("eviction", text)
