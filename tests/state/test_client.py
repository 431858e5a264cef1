"""The connection, and what concerns the server as a whole."""

from redis.asyncio import Redis

from streams.state import connect, erase, eviction_policy
from tests.state.builders import META, NOW_MS, a_store, an_owner, dump, some_of_each


def test_a_command_fails_within_seconds_and_a_few_tries() -> None:
    client = connect("redis://127.0.0.1:6379/2")
    options = client.connection_pool.connection_kwargs
    assert options["db"] == 2
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 5
    assert options["retry"].get_retries() == 2


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
