"""An explanation, as the engine gives one, and its answer."""

from typing import Any

import msgspec

from streams.engine.kpis.explain import Explanation, Operand, PaneSum
from streams.engine.panes import DAY_MS
from streams.engine.plan import Plan
from streams.serve.explaining import Answer
from tests.builders import ms, shipped

DAYS = [PaneSum(ms("2024-04-01") + number * DAY_MS, 10 + number % 4) for number in range(14)]
WON = Operand("deals_won", "deals_won", "30", 30, "day", DAYS, None)
LEVEL = Operand("start(customers)", "customers", "100", 100, "day", [PaneSum(ms("2024-04-03"), -2)], 98)
RATE = Explanation(
    kpi="win_rate",
    gauge="crm_win_ratio",
    labels={},
    window="30d",
    dimension="all",
    member="all",
    unit="ratio",
    start_ms=ms("2024-03-16"),
    end_ms=ms("18:00"),
    formula="deals_won / (deals_won + deals_lost)",
    filled="30 / (30 + 70)",
    value=0.3,
    numerator=30,
    denominator=100,
    samples=100,
    previous=0.25,
    compared=0.3,
    change=0.2,
    previous_samples=100,
    compared_samples=100,
    margin=0.12,
    lower=0.219,
    upper=0.396,
    verdict="ok",
    operands=[WON],
    references=[],
    would_change="Warn begins below 25.0 %.",
)


def an_answer(plan: Plan | None = None, **changed: Any) -> Answer:
    """That of `RATE`, with other fields where they are given."""
    return Answer(plan or shipped(), ms("18:00"), msgspec.structs.replace(RATE, **changed), [])
