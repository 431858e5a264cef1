"""The board's HTTP: gauges for Prometheus, readings as JSON, a page for people, and the two health checks.

Everything is read-only. There are no scripts, and the page may load nothing but its own style sheet.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from importlib import resources
from operator import attrgetter
from typing import Any, Final, get_args

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from redis.exceptions import RedisError

from schemas.words import Window
from streams.engine.kpis.guardrails import Breach
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.errors import BadParameter, UnknownReading
from streams.human import rfc3339
from streams.naming import ALL
from streams.serve.board import Board, Shown
from streams.serve.documents import ByKpi, reading_documents
from streams.serve.explaining import Which
from streams.serve.follower import failure_text
from streams.serve.gauges import Exposition
from streams.serve.page import Choice, render
from streams.serve.waiting import Question

PARAMETERS: Final = ("kpi", "window", "dimension", "member")
EXPLAIN_PARAMETERS: Final = (*PARAMETERS, "gauge")
NOT_READ: Final = "not every partition was read yet"
WAITING_PARAMETERS: Final = ("measure", "older", "limit")
_BOARD: Final = web.AppKey("board", Board)
_EXPOSITION: Final = web.AppKey("exposition", Exposition)
_BY_KPI: Final = web.AppKey("by_kpi", ByKpi)
_KNOWN: Final[web.AppKey[dict[str, list[str]]]] = web.AppKey("known")
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
    app[_BY_KPI] = ByKpi()
    app[_KNOWN] = known_values(board.plan)
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/board.css", _style),
            web.get("/metrics", _metrics),
            web.get("/api/v1/readings", _readings),
            web.get("/api/v1/explain", _explain),
            web.get("/api/v1/waiting", _waiting),
            web.get("/api/v1/freshness", _freshness),
            web.get("/healthz", _healthz),
            web.get("/readyz", _readyz),
        ]
    )
    return app


def document(
    plan: Plan, shown: Shown, readings: Iterable[Reading], breaches: Iterable[Breach]
) -> dict[str, Any]:
    """Some of the readings that are shown, as JSON has them; with the breaches of their KPIs."""
    return {
        "as_of": _time(shown.as_of_ms),
        "stale": _stale(shown),
        "readings": reading_documents(plan, readings, breaches),
    }


def freshness(shown: Shown) -> dict[str, Any]:
    """How old is what is shown, by partition and by whoever sends events; ages in seconds."""
    return {
        "as_of": _time(shown.as_of_ms),
        "newest_event": _time(shown.newest_ms),
        "stale": _stale(shown),
        "lag_seconds": {str(partition): lag_ms / 1000 for partition, lag_ms in shown.lag_ms.items()},
        "sources": [
            {"source": source, "newest_event": _time(shown.sources_ms[source]), "age_seconds": age_ms / 1000}
            for source, age_ms in shown.ages_ms().items()
        ],
    }


def _time(time_ms: int | None) -> str | None:
    return None if time_ms is None else rfc3339(time_ms)


def _stale(shown: Shown) -> list[dict[str, Any]]:
    return [{"partition": stale.partition, "reason": stale.reason} for stale in shown.stale]


def known_values(plan: Plan) -> dict[str, list[str]]:
    """What the parameters of a filter may be; a member may be anything."""
    windows = {window for series in plan.series for window in series.windows}
    dimensions = {dimension for series in plan.series for dimension in series.dimensions}
    return {
        "kpi": list(plan.catalog.kpis),
        "window": [window for window in get_args(Window) if window in windows],
        "dimension": [ALL, *(name for name in plan.catalog.dimensions if name in dimensions)],
    }


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


def single(query: Iterable[tuple[str, str]], parameters: Sequence[str]) -> dict[str, str]:
    """Parameter -> its one value, empty for the first when it was left out; BadParameter for others."""
    given = {parameters[0]: ""}
    for parameter, value in query:
        if parameter not in parameters:
            raise BadParameter(f"unknown parameter {parameter!r}", parameter, list(parameters))
        if given.get(parameter):
            raise BadParameter(f"{parameter!r} stands there twice", parameter, list(parameters))
        given[parameter] = value
    return given


# -- Handlers ---------------------------------------------------------------------------------------------


async def _readings(request: web.Request) -> web.Response:
    app, board = request.app, request.app[_BOARD]
    known = app[_KNOWN]
    wanted = select(request.query.items(), known)
    text = await asyncio.to_thread(_readings_text, board.plan, board.shown(), app[_BY_KPI], wanted)
    return web.Response(text=text, content_type="application/json")


def _readings_text(plan: Plan, shown: Shown, by_kpi: ByKpi, wanted: Mapping[str, set[str]]) -> str:
    """Every member exactly; what gauges and page show in the place of the small ones is left out."""
    found = by_kpi.of(shown.readings, shown.breaches)
    kpis = [name for name in plan.catalog.kpis if name in wanted.get("kpi", (name,))]
    chosen = [one for name in kpis for one in found.readings.get(name, ()) if one.fold != "other"]
    for parameter, values in wanted.items():
        value_of = attrgetter(parameter)
        chosen = [reading for reading in chosen if value_of(reading) in values]
    breaches = [breach for name in kpis for breach in found.breaches.get(name, ())]
    return json.dumps(document(plan, shown, chosen, breaches))


async def _explain(request: web.Request) -> web.Response:
    """Parameters that are none of ours are labels of the KPI, such as `quantile`."""
    board = request.app[_BOARD]
    labels = {name: "" for one in board.plan.series for name in one.labels}
    given = single(request.query.items(), (*EXPLAIN_PARAMETERS, *labels))
    named = {name: given.pop(name) for name in EXPLAIN_PARAMETERS if name in given}
    found = await board.explain(Which(**named, labels=given))
    return _unavailable(NOT_READ) if found is None else web.json_response(found.document())


async def _waiting(request: web.Request) -> web.Response:
    board = request.app[_BOARD]
    found = await board.waiting(
        Question.checked(board.plan, **single(request.query.items(), WAITING_PARAMETERS))
    )
    return _unavailable(NOT_READ) if found is None else web.json_response(found.document())


async def _freshness(request: web.Request) -> web.Response:
    return web.json_response(freshness(request.app[_BOARD].shown()))


async def _metrics(request: web.Request) -> web.Response:
    text = await asyncio.to_thread(request.app[_EXPOSITION].text)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


async def _page(request: web.Request) -> web.Response:
    board = request.app[_BOARD]
    known = request.app[_KNOWN]
    choice = Choice.of(known, request.query)
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


def _unavailable(why: str) -> web.Response:
    return web.json_response({"error": why}, status=503)


def _bad_request(error: BadParameter) -> web.Response:
    fault = {"error": error.message, "parameter": error.parameter, "known": error.known}
    return web.json_response(fault, status=400)


@web.middleware
async def _with_headers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        response = await handler(request)
    except BadParameter as error:
        response = _bad_request(error)
    except UnknownReading as error:
        response = web.json_response({"error": str(error), "known": error.known}, status=400)
    except RedisError as error:
        response = _unavailable(failure_text(error))
    except web.HTTPException as error:
        error.headers.update(_HEADERS)
        raise
    response.headers.update(_HEADERS)
    return response
