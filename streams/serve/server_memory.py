"""How full Redis is: asked of the server now and then, for a full one stops all counting."""

import asyncio
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis

ASK_S: Final = 10.0
"""How often the server is asked."""


class Memory(NamedTuple):
    """What a Redis server says of its memory, in bytes."""

    used: int
    limit: int
    """`maxmemory` or, where none is set, the memory of its machine."""

    @classmethod
    def of(cls, info: Any) -> "Memory":
        """Of the answer to INFO memory."""
        return cls(int(info["used_memory"]), int(info["maxmemory"]) or int(info["total_system_memory"]))


class ServerMemory:
    """The memory of a Redis server, while it answers."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.last: Memory | None = None
        """None while the server does not answer."""

    async def run(self) -> None:
        """Ask for ever; cancel it to stop."""
        while True:
            await self.ask()
            await asyncio.sleep(ASK_S)

    async def ask(self) -> None:
        """Ask once."""
        try:
            self.last = Memory.of(await self._client.info("memory"))
        except Exception:  # a follower says why; what answers may also be only like a Redis
            self.last = None
