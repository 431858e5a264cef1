"""The board's HTTP: gauges for Prometheus, readings as JSON, pages for people, and the two health checks.

Everything is read-only. Pages may load nothing but what the board itself serves.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web
from redis.exceptions import RedisError

from streams.errors import BadParameter, Busy
from streams.letters.watching import NOTHING_SEEN, Seen
from streams.serve.answers import Answers
from streams.serve.board import Board
from streams.serve.cataloged import catalog_document
from streams.serve.channels import Channels
from streams.serve.documents import ByKpi, encoded
from streams.serve.follower import failure_text
from streams.serve.gauges import Exposition
from streams.serve.http import catalog, docs, files, kpi, openapi
from streams.serve.http.access import guard, only_as
from streams.serve.http.json import answer, unavailable
from streams.serve.http.keys import ANSWERS, BOARD, BY_KPI, CHANNELS, EXPOSITION, WRITTEN
from streams.serve.http.letters import LETTERS
from streams.serve.http.openapi import openapi_document
from streams.serve.http.parameters import PARAMETERS
from streams.serve.http.routes import ROUTES
from streams.serve.written import Written

OPEN: Final = frozenset(route.path for route in ROUTES if route.is_open)
"""What is asked without the token."""
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def make_app(
    board: Board,
    *,
    token: str | None = None,
    names: Collection[str] = (),
    texts: Mapping[str, str] = MappingProxyType({}),
    letters: Callable[[], Seen] = lambda: NOTHING_SEEN,
) -> web.Application:
    """The application over a board that somebody else starts and stops.

    With a token nobody gets an answer without it; with names whoever asks by another gets none either.
    `texts`: path -> Markdown of what is at /docs/. `letters`: the dead letters that are known.
    """
    guards = [*([only_as(names)] if names else []), *([guard(token, OPEN)] if token else [])]
    app = web.Application(middlewares=[*guards, _with_faults])
    app[BOARD] = board
    app[EXPOSITION] = Exposition(board.plan, board.shown)
    app[BY_KPI] = ByKpi()
    app[WRITTEN] = Written(board.plan, app[BY_KPI])
    app[ANSWERS] = Answers()
    app[CHANNELS] = Channels(board, app[WRITTEN])
    described = catalog_document(board.plan)
    app[catalog.CATALOG] = files.file_of("catalog.json", encoded(described))
    app[kpi.KPIS] = {one["kpi"]: one for one in described["kpis"]}
    app[files.FILES] = files.static_files()
    app[LETTERS] = letters
    app[docs.DOCS] = docs.Pages(texts, board.plan.catalog.kpis)
    described = openapi_document(board.plan, ROUTES, has_token=bool(token))
    app[openapi.OPENAPI] = files.file_of("openapi.json", encoded(described))
    app[PARAMETERS] = {route.template: route.asks(board.plan) for route in ROUTES}
    app.add_routes([web.get(route.path, route.handler) for route in ROUTES])
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(_end_streams)
    return app


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


async def _end_streams(app: web.Application) -> None:
    await app[CHANNELS].close()


@web.middleware
async def _with_faults(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What is wrong with a question, or with us, as JSON."""
    try:
        return await handler(request)
    except BadParameter as error:
        return _bad_request(error)
    except Busy as error:
        return unavailable(str(error))
    except RedisError as error:
        return unavailable(failure_text(error))
    except web.HTTPClientError as error:
        refused = answer({"error": error.reason}, status=error.status)
        refused.headers.extend({name: error.headers[name] for name in ("Allow",) if name in error.headers})
        return refused


def _bad_request(error: BadParameter) -> web.Response:
    return answer({"error": error.message, "parameter": error.parameter, "known": error.known}, status=400)
