"""What machines ask: whether the board is alive and to be relied on, and its gauges."""

import asyncio

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from streams.serve.http.access import TRUSTED
from streams.serve.http.json import answer
from streams.serve.http.keys import BOARD, EXPOSITION


async def metrics(request: web.Request) -> web.Response:
    text = await asyncio.to_thread(request.app[EXPOSITION].text)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


async def healthz(request: web.Request) -> web.Response:
    return answer({"alive": True})


async def readyz(request: web.Request) -> web.Response:
    """Whoever has not the token that there is is told what kind of trouble there is."""
    reasons = request.app[BOARD].troubles(in_detail=request.get(TRUSTED, True))
    return answer({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)
