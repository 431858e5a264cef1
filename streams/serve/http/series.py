"""/api/v1/series: panes as time series, for charts."""

import asyncio
from typing import Final

from aiohttp import web

from streams.engine.plan import Plan
from streams.errors import BadParameter
from streams.naming import ALL
from streams.serve.charts import MOST_STEPS, SPANS, USUAL, Chart, chart_document
from streams.serve.choosing import among
from streams.serve.documents import encoded
from streams.serve.http import parameters
from streams.serve.http.asking import NOT_READ
from streams.serve.http.json import answer_of, unavailable
from streams.serve.http.keys import ANSWERS, BOARD, BY_KPI
from streams.serve.http.parameters import Asked, Parameter, one, question

_OWN: Final = ("kpi", "span", "steps", "dimension", "member", "gauge", "series", "nearest")


def chart_parameters(plan: Plan) -> list[Parameter]:
    """What a chart is chosen by; a label of a KPI is a parameter too."""
    back = "So many panes back instead, as far as they are kept."
    return [
        parameters.kpi(plan),
        Parameter("span", f"How far back, by the name of a window; {USUAL} if it is left out.", SPANS),
        Parameter("steps", back, between=(1, MOST_STEPS)),
        parameters.dimension(plan, many=False),
        parameters.member(),
        parameters.gauge(plan),
        parameters.first(),
        parameters.nearest_one(),
        *parameters.labels(plan, _OWN),
    ]


def chart_of(given: Asked, plan: Plan) -> Chart:
    """BadParameter for what makes no sense together."""
    _check_together(given, list(plan.catalog.kpis))
    return Chart(
        span=one(given, "span") or USUAL,
        steps=int(one(given, "steps")) if "steps" in given else None,
        kpis=among(given, "kpi"),
        gauges=among(given, "gauge"),
        labels=tuple(sorted((name, one(given, name)) for name in given.keys() - set(_OWN))),
        dimension=one(given, "dimension") or ALL,
        members=tuple(dict.fromkeys(given["member"])) if "member" in given else None,
        first="series" in given,
        nearest="nearest" in given,
    )


def _check_together(given: Asked, kpis: list[str]) -> None:
    is_sliced = one(given, "dimension") not in ("", ALL)
    if "kpi" not in given and "series" not in given:
        raise BadParameter("name a 'kpi', or ask for 'series=first'", "kpi", kpis)
    if "kpi" not in given and is_sliced:
        raise BadParameter("'dimension' goes with a 'kpi'", "kpi", kpis)
    if not is_sliced and set(given.get("member", ())) - {ALL}:
        raise BadParameter("'member' goes with a 'dimension'", "member", [ALL])


async def series(request: web.Request) -> web.Response:
    """The same answer for all who ask alike while the same readings are shown: beside them none looks old."""
    chart = chart_of(question(request), request.app[BOARD].plan)
    asked = chart, request.app[BOARD].shown().number
    body = await request.app[ANSWERS].of(asked, lambda: _drawn(request.app, chart))
    return unavailable(NOT_READ) if body is None else answer_of(body)


async def _drawn(app: web.Application, chart: Chart) -> bytes | None:
    board, shown = app[BOARD], app[BOARD].shown()
    by_kpi = await asyncio.to_thread(app[BY_KPI].of, shown.readings, shown.breaches)
    drawn = await board.points(chart.wishes(board.plan, by_kpi.readings))
    return None if drawn is None else await asyncio.to_thread(lambda: encoded(chart_document(chart, drawn)))
