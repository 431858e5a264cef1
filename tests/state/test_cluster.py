"""A partition whose slot moves from one node of a Redis Cluster to another, key by key."""

import asyncio
import socket
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ResponseError

from streams.embedded import processes
from streams.state import Changes, Outcome
from tests.servers import RedisServer
from tests.state.builders import NOW_MS, Owner, a_store, an_owner, some_of_each

SLOT = key_slot(b"{crm:3}:offset")
OTHER_SLOTS = [slot for slot in range(16_384) if slot != SLOT]


def bus_is_free(port: int) -> bool:
    """Whether nodes can talk 10,000 above this port, as they insist, clear of outgoing connections."""
    with socket.socket() as probe:
        return port < 22_000 and probe.connect_ex(("127.0.0.1", port + 10_000)) != 0


class Node(RedisServer):
    """A node of a cluster, and one connection to it, for ASKING counts for the next command only."""

    client: Any  # a Redis; its `execute_command` has no types

    def __init__(self, binary: Path, directory: Path) -> None:
        super().__init__(binary, directory)
        self.port = next(port for port in iter(processes.free_port, None) if bus_is_free(port))

    def _command(self) -> list[str]:
        return [*super()._command(), "--cluster-enabled", "yes"]

    async def ask(self, *command: Any) -> Any:
        """Run a command on a slot that is on its way to this node."""
        await self.client.execute_command("ASKING")
        return await self.client.execute_command(*command)

    async def cluster(self, *words: Any) -> Any:
        return await self.client.execute_command("CLUSTER", *words)

    async def content(self) -> dict[bytes, bytes]:
        return {key: await self.ask("DUMP", key) for key in await self.client.keys()}


def a_node(binary: Path, directory: Path) -> Node:
    node = Node(binary, directory)
    node.start()
    node.client = Redis.from_url(node.url, protocol=2, single_connection_client=True)
    return node


@pytest.fixture
async def nodes(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes that know each other; the first has our slot, the second another."""
    here, there = (a_node(redis_server.binary, tmp_path / name) for name in ("here", "there"))
    await there.cluster("ADDSLOTS", OTHER_SLOTS[0])
    await here.cluster("ADDSLOTS", SLOT, *OTHER_SLOTS[1:])
    await there.cluster("MEET", "127.0.0.1", here.port)
    while not all([b"cluster_state:ok" in await node.cluster("INFO") for node in (here, there)]):
        await asyncio.sleep(0.05)
    yield here, there
    for node in (here, there):
        await node.client.aclose()
        node.stop()


async def try_to_commit(owner: Owner, node: Node, changes: Changes) -> bool:
    """Whether the node took the commit, as it answers a client that was sent there by the other."""
    store = a_store(node.client)
    following = owner.position.at(owner.position.offset + 1)
    await node.client.script_load(resources.files("streams.state").joinpath("commit.lua").read_text())
    await node.client.execute_command("ASKING")
    try:
        outcome = await store.commit(owner.position, following, changes, NOW_MS)
    except ResponseError:
        return False
    assert outcome is Outcome.COMMITTED
    owner.position = following
    return True


async def test_a_moving_slot_refuses_a_commit_before_anything_is_written(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    owner = await an_owner(here.client)
    await owner.commit(some_of_each(1))
    keys = [
        owner.store.keys.offset.encode(),
        *(key for key in await here.client.keys() if b"offset" not in key),
    ]
    await here.cluster("SETSLOT", SLOT, "MIGRATING", await there.cluster("MYID"))
    await there.cluster("SETSLOT", SLOT, "IMPORTING", await here.cluster("MYID"))
    for key in keys:
        before = await here.content() | await there.content()
        await here.client.execute_command("MIGRATE", "127.0.0.1", there.port, key, 0, 1_000)
        assert not await try_to_commit(owner, here, some_of_each(2))
        taken = await try_to_commit(owner, there, some_of_each(2))
        assert taken is (key == keys[-1])
        assert not (await here.content()).keys() & (await there.content()).keys()
        if not taken:
            assert await here.content() | await there.content() == before
