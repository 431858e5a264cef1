"""Open pages of the board, without a browser: what the stream tells them."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout

LONGEST: Final = 2**24
"""Bytes of a line: all readings stand in one."""
_FOREVER: Final = ClientTimeout(total=None)


async def messages(
    address: str, params: Sequence[tuple[str, str]] | Mapping[str, str]
) -> AsyncIterator[dict[str, Any]]:
    """What the board tells who asks for these readings: all at first, then what has changed."""
    async with (
        ClientSession(read_bufsize=LONGEST, timeout=_FOREVER) as http,
        http.get(f"{address}/api/v1/stream", params=params) as reply,
    ):
        reply.raise_for_status()
        data: list[str] = []
        async for raw in reply.content:
            line = raw.decode().rstrip("\r\n")
            if line.startswith("data:"):
                data.append(line.removeprefix("data:"))
            elif not line and data:
                yield json.loads("".join(data))
                data.clear()
