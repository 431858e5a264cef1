"""The board's pages: the shells that a browser fills by asking the API, and the files that do it."""

from collections.abc import Container
from pathlib import Path
from typing import Final

from aiohttp import web

STATIC: Final = Path(__file__).with_name("static")


def page_routes(kpis: Container[str]) -> list[web.AbstractRouteDef]:
    """`/` of all KPIs, `/kpi/{kpi}` of one of these, and `/static/`, which is what both load."""

    async def overview(request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html")

    async def one_kpi(request: web.Request) -> web.FileResponse:
        if request.match_info["kpi"] not in kpis:
            raise web.HTTPNotFound(text="There is no such KPI.\n")
        return web.FileResponse(STATIC / "kpi.html")

    return [
        web.get("/", overview),
        web.get("/kpi/{kpi}", one_kpi),
        web.static("/static", STATIC),
    ]
