"""Questions that are answered when they are asked: why a number is what it is, and who is waiting."""

from typing import Final

from aiohttp import web

from schemas.words import SPAN
from streams.engine.plan import Plan
from streams.serve.explaining import Which
from streams.serve.http import parameters
from streams.serve.http.json import answer, unavailable
from streams.serve.http.keys import BOARD
from streams.serve.http.parameters import Parameter, question
from streams.serve.waiting import LISTED, MOST, Question

NOT_READ: Final = "not every partition was read yet"
_PLACE: Final = ("kpi", "window", "dimension", "member", "gauge")


def explain_parameters(plan: Plan) -> list[Parameter]:
    """Which reading; a label of a KPI is a parameter too."""
    return [
        parameters.kpi(plan, many=False, required=True),
        parameters.window(plan, many=False),
        parameters.dimension(plan, many=False),
        parameters.member(many=False),
        parameters.gauge(plan, many=False),
        *parameters.labels(plan, _PLACE),
    ]


async def explain(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    given = {name: value for name, (value,) in question(request).items()}
    named = {name: given.pop(name) for name in _PLACE if name in given}
    found = await board.explain(Which(**named, labels=given))
    return unavailable(NOT_READ) if found is None else answer(found.document())


def waiting_parameters(plan: Plan) -> list[Parameter]:
    """Whose list, and how much of it."""
    older, limit = "Only who has waited so long.", f"So many of the oldest; {LISTED} if it is left out."
    return [
        Parameter("measure", "Measure that keeps a waiting list.", plan.open_measures, required=True),
        Parameter("older", older, pattern=SPAN, examples=["30s", "15m", "1h", "2d"]),
        Parameter("limit", limit, between=(1, MOST)),
    ]


async def waiting(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    given = {name: value for name, (value,) in question(request).items()}
    found = await board.waiting(Question.checked(board.plan, **given))
    return unavailable(NOT_READ) if found is None else answer(found.document())
