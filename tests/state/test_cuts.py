"""Redis dies in the middle of a script: its AOF ends there, and it comes back as it was before, or after.

About 10 s, for the many servers that are started.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.state import connect
from tests.servers import RedisServer, redis_binary
from tests.state.builders import Owner, a_store, an_owner, dump, some_of_each

CUTS = 12
Dump = dict[str, object]


@pytest.fixture(params=["wheel", "installed"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """With AOF; each version of Redis writes it in its own way."""
    with RedisServer(redis_binary(request.param), tmp_path / "redis", aof=True) as server:
        yield server


async def come_back(server: RedisServer, copy: Path, size: int) -> Dump:
    """What there is after a start with so many bytes of the AOF that was copied."""
    directory = copy.with_name("cut")
    shutil.copytree(copy, directory)
    (log,) = directory.rglob("*.aof")
    with log.open("r+b") as file:
        file.truncate(size)
    with RedisServer(server.binary, directory, aof=True) as back:
        async with connect(back.url) as client:
            found = await dump(client)
    shutil.rmtree(directory)
    return found


def copied(server: RedisServer, to: Path) -> int:
    """Copy the AOF; how large it is."""
    to.mkdir()
    (log,) = server.copy_aof(to).rglob("*.aof")
    return log.stat().st_size


@pytest.mark.parametrize("script", ["commit", "claim"])
async def test_an_aof_that_ends_anywhere_in_a_script_holds_none_of_it(
    server: RedisServer, tmp_path: Path, script: str
) -> None:
    async with connect(server.url) as client:
        owner = await an_owner(client)
        await owner.commit(some_of_each(1))
        old, first = await dump(client), copied(server, tmp_path / "old")
        await act(owner, script)
        new, last = await dump(client), copied(server, tmp_path / "new")
    cuts = [first + (last - first) * part // CUTS for part in range(CUTS)]
    assert old != new and len(set(cuts)) == CUTS
    for cut in (*cuts, last - 1):
        assert await come_back(server, tmp_path / "new", cut) == old
    assert await come_back(server, tmp_path / "new", last) == new


async def act(owner: Owner, script: str) -> None:
    """Let a script do all that it can."""
    if script == "claim":
        await a_store(owner.store.client).claim(0, {"partitions": "4", "one": "more"})
    else:
        await owner.commit(some_of_each(2))
