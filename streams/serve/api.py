"""The board's HTTP: gauges for Prometheus, readings as JSON, a page for people, and the two health checks.

Everything is read-only. There are no scripts, and the page may load nothing but its own style sheet.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib import resources
from operator import attrgetter
from typing import Any, Final, get_args

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from schemas.words import Window
from streams.engine.plan import Plan
from streams.engine.readings import Reading
from streams.human import rfc3339
from streams.naming import ALL
from streams.serve.board import Board, Shown
from streams.serve.documents import reading_documents
from streams.serve.gauges import Exposition
from streams.serve.page import Choice, render

PARAMETERS: Final = ("kpi", "window", "dimension", "member")
_BOARD: Final = web.AppKey("board", Board)
_EXPOSITION: Final = web.AppKey("exposition", Exposition)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def make_app(board: Board) -> web.Application:
    """The application over a board that somebody else starts and stops."""
    app = web.Application(middlewares=[_with_headers])
    app[_BOARD] = board
    app[_EXPOSITION] = Exposition(board.plan, board.shown)
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/board.css", _style),
            web.get("/metrics", _metrics),
            web.get("/api/v1/readings", _readings),
            web.get("/healthz", _healthz),
            web.get("/readyz", _readyz),
        ]
    )
    return app


def document(plan: Plan, shown: Shown, readings: Iterable[Reading]) -> dict[str, Any]:
    """Some of the readings that are shown, as JSON has them."""
    return {
        "as_of": None if shown.as_of_ms is None else rfc3339(shown.as_of_ms),
        "stale": [{"partition": stale.partition, "reason": stale.reason} for stale in shown.stale],
        "readings": reading_documents(plan, readings, shown.breaches),
    }


def known_values(plan: Plan) -> dict[str, list[str]]:
    """What the parameters of a filter may be; a member may be anything."""
    windows = {window for series in plan.series for window in series.windows}
    dimensions = {dimension for series in plan.series for dimension in series.dimensions}
    return {
        "kpi": list(plan.catalog.kpis),
        "window": [window for window in get_args(Window) if window in windows],
        "dimension": [ALL, *(name for name in plan.catalog.dimensions if name in dimensions)],
    }


class BadParameter(ValueError):
    """A query that cannot mean what it says; `fault` is what the caller is told."""

    def __init__(self, message: str, parameter: str, known: list[str]) -> None:
        self.fault = {"error": message, "parameter": parameter, "known": known}
        super().__init__(message)


def select(query: Iterable[tuple[str, str]], known: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """Parameter -> the values that are asked for; BadParameter for one that is not known."""
    wanted: dict[str, set[str]] = {}
    for parameter, value in query:
        if parameter not in PARAMETERS:
            raise BadParameter(f"unknown parameter {parameter!r}", parameter, list(PARAMETERS))
        if parameter in known and value not in known[parameter]:
            raise BadParameter(f"unknown {parameter} {value!r}", parameter, known[parameter])
        wanted.setdefault(parameter, set()).add(value)
    return wanted


# -- Handlers ---------------------------------------------------------------------------------------------


async def _readings(request: web.Request) -> web.Response:
    board = request.app[_BOARD]
    try:
        wanted = select(request.query.items(), known_values(board.plan))
    except BadParameter as error:
        return web.json_response(error.fault, status=400)
    text = await asyncio.to_thread(_readings_text, board.plan, board.shown(), wanted)
    return web.Response(text=text, content_type="application/json")


def _readings_text(plan: Plan, shown: Shown, wanted: Mapping[str, set[str]]) -> str:
    """Every member exactly; what gauges and page show in the place of the small ones is left out."""
    chosen = [reading for reading in shown.readings if reading.fold != "other"]
    for parameter, values in wanted.items():
        value_of = attrgetter(parameter)
        chosen = [reading for reading in chosen if value_of(reading) in values]
    return json.dumps(document(plan, shown, chosen))


async def _metrics(request: web.Request) -> web.Response:
    text = await asyncio.to_thread(request.app[_EXPOSITION].text)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


async def _page(request: web.Request) -> web.Response:
    board = request.app[_BOARD]
    choice = Choice.of(known_values(board.plan), request.query)
    page = await asyncio.to_thread(render, board.plan, board.shown(), board.troubles(), choice)
    return web.Response(text=page, content_type="text/html")


async def _style(request: web.Request) -> web.Response:
    text = resources.files("streams.serve").joinpath("static/board.css").read_text(encoding="utf-8")
    return web.Response(text=text, content_type="text/css")


async def _healthz(request: web.Request) -> web.Response:
    return web.json_response({"alive": True})


async def _readyz(request: web.Request) -> web.Response:
    reasons = request.app[_BOARD].troubles()
    return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


@web.middleware
async def _with_headers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_HEADERS)
        raise
    response.headers.update(_HEADERS)
    return response
