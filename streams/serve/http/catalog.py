"""/api/v1/catalog: what there is to ask for, and what every KPI means; made once, for it never changes."""

from typing import Final

from aiohttp import web

from streams.serve.http.files import File

CATALOG: Final = web.AppKey("catalog", File)


async def catalog(request: web.Request) -> web.StreamResponse:
    return request.app[CATALOG].answer(request)
