"""Measures: pure functions from one subject's facts to contributions.

`KINDS` is the table of measure kinds. A new kind is one function in a file here and one spec in
`schemas.measures.MEASURE_SPECS`; the engine does not change.
"""

from collections.abc import Callable
from typing import Any, Final

from schemas.measures import (
    Count,
    Distinct,
    Duration,
    Level,
    MeasureSpec,
    Movement,
    Open,
    Reached,
    Spread,
    Sum,
    Timed,
    Trailing,
    Union,
)
from streams.engine.business import BusinessClock
from streams.engine.measures.base import Compiler, Measure
from streams.engine.measures.counts import count, sum_of
from streams.engine.measures.distincts import distinct
from streams.engine.measures.durations import duration, timed
from streams.engine.measures.intervals import union
from streams.engine.measures.levels import level
from streams.engine.measures.movements import movement
from streams.engine.measures.spreads import spread
from streams.engine.measures.stages import reached
from streams.engine.measures.trailing import trailing
from streams.engine.measures.waiting import open_until
from streams.engine.panes import Calendar
from streams.engine.subjects import SubjectPlan

KINDS: Final[dict[type[MeasureSpec], Callable[[Compiler, Any], Measure]]] = {
    Count: count,
    Sum: sum_of,
    Duration: duration,
    Timed: timed,
    Level: level,
    Reached: reached,
    Movement: movement,
    Open: open_until,
    Trailing: trailing,
    Distinct: distinct,
    Spread: spread,
    Union: union,
}


def compile_measure(
    name: str, spec: MeasureSpec, plan: SubjectPlan, calendar: Calendar, business: BusinessClock | None
) -> Measure:
    """The measure that `spec` describes; PlanFault says what in it cannot be."""
    return KINDS[type(spec)](Compiler(name, plan, calendar, business), spec)
