"""/api/v1/kpis/{kpi}: one KPI, what the catalog says of it and its readings."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from streams.engine.plan import Plan
from streams.serve.documents import head_document
from streams.serve.http import parameters
from streams.serve.http.json import answer_of
from streams.serve.http.keys import BOARD, WRITTEN
from streams.serve.http.parameters import Parameter, question
from streams.serve.http.readings import filter_of, filter_parameters
from streams.serve.written import joined

KPIS: Final[web.AppKey[Mapping[str, Any]]] = web.AppKey("kpis")
"""KPI -> what the catalog says of it."""


def kpi_parameters(plan: Plan) -> list[Parameter]:
    """What its readings are chosen by."""
    return [one for one in filter_parameters(plan) if one.name != "kpi"]


def within(plan: Plan) -> list[Parameter]:
    """The part of the path that names it."""
    return [parameters.kpi(plan, many=False)]


async def one_kpi(request: web.Request) -> web.Response:
    """Of the whole, and of the members of a dimension that is asked for."""
    board, written, name = request.app[BOARD], request.app[WRITTEN], request.match_info["kpi"]
    parameters.kpi(board.plan).check(name)
    given = question(request)
    shown = board.shown()
    wanted = filter_of({**given, "kpi": [name]})
    texts = await asyncio.to_thread(written.texts, shown, wanted)
    head = {**head_document(shown, board.troubles()), "kpi": request.app[KPIS][name]}
    return answer_of(joined(head, texts.values()))
