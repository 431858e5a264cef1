"""/api/v1/stream: readings as they change, by server-sent events.

event: readings    all that is asked for, as /api/v1/readings gives it: at first, and after a pause
event: changes     what is not as it was in the event before, and which readings are gone
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from streams.serve.channels import Event
from streams.serve.http.keys import CHANNELS
from streams.serve.http.parameters import question
from streams.serve.http.readings import filter_of

RETRY_MS: Final = 1_000
"""After so long a browser that lost the stream comes back."""


async def stream(request: web.Request) -> web.StreamResponse:
    wanted = filter_of(question(request))
    async with request.app[CHANNELS].listening(wanted) as events, sse_response(request) as response:
        sending = asyncio.create_task(_send(response, events), name="stream")
        try:
            await response.wait()  # until the client has gone, as the library finds out, or the channel ends
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    return response


async def _send(response: EventSourceResponse, events: AsyncIterator[Event]) -> None:
    try:
        async for name, data in events:
            await response.send(data, event=name, retry=RETRY_MS)
    finally:
        response.stop_streaming()
