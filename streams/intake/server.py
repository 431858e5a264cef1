"""Connections: how many, how long the first headers may take, and what is not even HTTP.

aiohttp closes a connection that is idle too long, but gives the first headers as much time; it takes as many
connections as come; and it logs what it cannot parse, which may be a header with a secret.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from weakref import WeakSet

from aiohttp import web

from streams.intake.refusals import Refusal

MOST_CONNECTIONS: Final = 1_000
HEADERS_S: Final = 10.0
"""How long the first headers of a connection may take to arrive."""
IDLE_S: Final = 75.0
"""How long a connection may be without a request: longer than proxies keep theirs."""
LINGER_S: Final = 2.0
"""How long what is left of a refused body is read, so that the answer to it arrives."""

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(web.RequestHandler):
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is not HTTP; nothing of it is logged."""
        manager = self._manager
        assert isinstance(manager, Server)
        manager.malformed()
        response = Refusal(400, "malformed", "this is no HTTP request that can be read").answer()
        response.force_close()
        return response


class Server(web.Server):
    """Hands requests to `handle`; `malformed` is told of each that is none."""

    def __init__(self, handle: Handle, malformed: Callable[[], None]) -> None:
        super().__init__(self._heard)
        self.malformed = malformed
        self._handle = handle
        self._silent: WeakSet[web.RequestHandler] = WeakSet()
        """Connections that have not sent a request yet."""

    def __call__(self) -> web.RequestHandler:
        options: dict[str, Any] = {
            "keepalive_timeout": IDLE_S,
            "lingering_time": LINGER_S,
            "auto_decompress": False,
            "access_log": None,
        }
        return Connection(self, loop=asyncio.get_running_loop(), **options)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._silent.add(handler)
        asyncio.get_running_loop().call_later(HEADERS_S, self._end_if_silent, handler)

    def _end_if_silent(self, handler: web.RequestHandler) -> None:
        if handler in self._silent:
            handler.force_close()

    async def _heard(self, request: web.BaseRequest) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        return await self._handle(request)
