"""Amounts for a period, spread over its days."""

from collections.abc import Iterable
from datetime import date

from schemas.events import PERIOD
from schemas.measures import Spread
from streams.engine.faults import PlanFault
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
    placed_at,
)
from streams.engine.panes import DAY


def spread(compiler: Compiler, spec: Spread) -> Measure:
    """floor(amount * (d + 1) / days) - floor(amount * d / days) on day d of the period."""
    read = compiler.register_field(spec.spread, int, "spread")
    read_start = compiler.register_field(spec.start, date, "start")
    read_end = compiler.register_field(spec.end, date, "end")
    holds = compiler.condition(spec.when)
    register = spec.spread.split(".")[0]
    _check_period(register, spec)
    day_start_ms = compiler.calendar.day_start_ms

    def contribute(seen: Seen) -> Iterable[Contribution]:
        row = seen.row
        amount = read(row)
        if not amount or not holds(row):
            return ()
        first, last = read_start(row), read_end(row)
        if first is None or last is None:
            return (placed_at(seen, compiler.name, getattr(row, register)[1], amount),)
        days = last - first + 1
        shares = ((first + d, amount * (d + 1) // days - amount * d // days) for d in range(days))
        return [placed_at(seen, compiler.name, day_start_ms(day), share) for day, share in shares if share]

    only_days = spec.model_copy(update={"tiers": [DAY]})
    return make_measure(compiler, "spread", only_days, contribute, is_amount=True, ahead=False)


def _check_period(register: str, spec: Spread) -> None:
    """Only of these fields events are checked to be a period, and one of not too many days."""
    for at, text, field in zip(("start", "end"), (spec.start, spec.end), PERIOD, strict=True):
        if text != f"{register}.{field}":
            raise PlanFault(f"an amount is spread over its own event's period: write {register}.{field}", at)
