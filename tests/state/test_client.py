"""The connection, and what concerns the server as a whole."""

import asyncio

import pytest
from redis.asyncio import Redis, SSLConnection

from streams.state import connect, erase, eviction_policy
from tests.state.builders import META, NOW_MS, a_store, an_owner, dump, some_of_each


def test_a_command_fails_within_seconds_and_a_few_tries() -> None:
    client = connect("redis://127.0.0.1:6379/2")
    options = client.connection_pool.connection_kwargs
    assert options["db"] == 2
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 5
    assert options["retry"].get_retries() == 2


@pytest.mark.parametrize("connected", [False, True])
async def test_a_cancellation_is_never_lost_whenever_it_comes(redis_url: str, connected: bool) -> None:
    steps = 0
    while not await is_done_when_cancelled_after(steps, redis_url, connected):
        steps += 1
    assert steps > 3


async def is_done_when_cancelled_after(steps: int, redis_url: str, connected: bool) -> bool:
    """Cancel a command after so many turns of the loop; whether it was done by then."""
    async with connect(redis_url) as client:
        if connected:
            await client.ping()
        task = asyncio.ensure_future(client.get("key"))
        for _ in range(steps):
            await asyncio.sleep(0)
        done = task.done()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() != done
        assert await client.echo("what is asked now") == b"what is asked now"
        return done


def test_that_holds_with_tls_too() -> None:
    plain = connect("redis://127.0.0.1").connection_pool.connection_class
    with_tls = connect("rediss://127.0.0.1").connection_pool.connection_class
    assert issubclass(with_tls, plain)
    assert issubclass(with_tls, SSLConnection)


async def test_the_eviction_policy_is_the_servers(client: Redis) -> None:
    assert await eviction_policy(client) == "noeviction"
    await client.config_set("maxmemory-policy", "volatile-lru")
    try:
        assert await eviction_policy(client) == "volatile-lru"
    finally:
        await client.config_set("maxmemory-policy", "noeviction")


async def test_erasing_a_namespace_leaves_the_others(client: Redis) -> None:
    for namespace in ("crm-2", "crm*", "cr[lm]", "crmx"):
        store = a_store(client, namespace=namespace)
        at = await store.claim(0, META)
        await store.commit(at, at.at(1), some_of_each(), NOW_MS)
    others = await dump(client)
    await an_owner(client)
    await erase(client, "crm")
    assert await dump(client) == others
    await erase(client, "crm*")
    await erase(client, "cr[lm]")
    assert await dump(client) == {
        name: content for name, content in others.items() if name.startswith(("{crm-2:", "{crmx:"))
    }
