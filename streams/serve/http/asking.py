"""Questions that are answered when they are asked: why a number is what it is, and who is waiting."""

from aiohttp import web

from streams.serve.explaining import Which
from streams.serve.http.json import answer
from streams.serve.http.keys import BOARD
from streams.serve.http.parameters import single
from streams.serve.waiting import Question

NOT_READ = "not every partition was read yet"
PLACE = ("kpi", "window", "dimension", "member", "gauge")
WAITING = ("measure", "older", "limit")


async def explain(request: web.Request) -> web.Response:
    """Parameters that are none of ours are labels of the KPI, such as `quantile`."""
    board = request.app[BOARD]
    labels = {name: "" for one in board.plan.series for name in one.labels}
    given = single(request.query.items(), (*PLACE, *labels))
    named = {name: given.pop(name) for name in PLACE if name in given}
    found = await board.explain(Which(**named, labels=given))
    return unavailable(NOT_READ) if found is None else answer(found.document())


async def waiting(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    found = await board.waiting(Question.checked(board.plan, **single(request.query.items(), WAITING)))
    return unavailable(NOT_READ) if found is None else answer(found.document())


def unavailable(why: str) -> web.Response:
    return answer({"error": why}, status=503)
