"""/api/v1/readings: numbers as they are now, and how far they may be relied on."""

import asyncio

from aiohttp import web

from streams.engine.plan import Plan
from streams.errors import BadParameter
from streams.serve.choosing import Filter
from streams.serve.documents import freshness_document, head_document
from streams.serve.http import parameters
from streams.serve.http.json import answer, answer_of
from streams.serve.http.keys import BOARD, WRITTEN
from streams.serve.http.parameters import Asked, Parameter, question
from streams.serve.written import joined


def filter_parameters(plan: Plan) -> list[Parameter]:
    """What readings are chosen by."""
    return [
        parameters.kpi(plan),
        parameters.window(plan),
        parameters.dimension(plan),
        parameters.member(),
        parameters.first(),
        parameters.nearest_one(),
        parameters.judged(),
    ]


def filter_of(given: Asked) -> Filter:
    """BadParameter where `nearest` has no one window to be near to."""
    if "nearest" in given and len(set(given.get("window", ()))) != 1:
        raise BadParameter("'nearest' goes with one 'window'", "nearest", [])
    return Filter.of(given)


async def readings(request: web.Request) -> web.Response:
    board, written = request.app[BOARD], request.app[WRITTEN]
    wanted = filter_of(question(request))
    shown = board.shown()
    texts = await asyncio.to_thread(written.texts, shown, wanted)
    return answer_of(joined(head_document(shown, board.troubles()), texts.values()))


async def freshness(request: web.Request) -> web.Response:
    return answer(freshness_document(request.app[BOARD].shown()))
