"""What would change a verdict: where it begins to be bad, and how many events that is for a proportion."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from schemas.kpis import Alert
from streams.engine.expressions import parse
from streams.engine.kpis.confidence import Interval
from streams.engine.kpis.verdicts import BETTER_BOUND, WORSE_SIDE, Judge

RANKS: Final = {"ok": 0, "warn": 1, "critical": 2}
"""Verdict -> how bad it is."""
FARTHEST: Final = 2**40
"""More events than so many are not looked for."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A reading, as far as it is judged."""

    window: str
    formula: str
    value: float | None
    numerator: int | None
    denominator: int | None
    samples: int | None
    interval: Interval | None = None
    interval_of: Callable[[int, int], Interval | None] | None = None
    """Of a proportion: (numerator, denominator) -> where it lies."""


def would_change(judge: Judge, reading: Judged, told: Callable[[float], str]) -> str | None:
    """A few sentences; None where nothing is judged. `told` writes a value in the gauge's unit for people."""
    alert = judge.alerts.get(reading.window)
    if alert is None or reading.value is None:
        return None
    verdict = judge.verdict(reading.window, reading.value, reading.samples, reading.interval)
    sentences = [_limits(judge.good, alert, told)]
    if verdict == "few_samples":
        sentences.append(f"Judged from {alert.min_samples:,} samples on; there are {reading.samples or 0:,}.")
    elif verdict in RANKS:
        sentences += _steps(judge, reading, verdict)
    return " ".join(sentences)


def _limits(good: str, alert: Alert, told: Callable[[float], str]) -> str:
    """Warn begins below 25.0 %, critical below 20.0 %."""
    beyond = WORSE_SIDE[good]
    critical = "" if alert.critical is None else f", critical {beyond} {told(alert.critical)}"
    judged = f" (of its {BETTER_BOUND[good]} bound)" if alert.judge == "bound" else ""
    return f"Warn begins {beyond} {told(alert.warn)}{critical}{judged}."


def _steps(judge: Judge, reading: Judged, verdict: str) -> Iterator[str]:
    """For each other verdict how many events would lead to it, if the value is a proportion."""
    if reading.interval_of is None or reading.numerator is None or reading.denominator is None:
        return
    for other, rank in RANKS.items():
        if other != verdict:
            better = rank < RANKS[verdict]
            change = _change(reading, up=better == (judge.good == "up"))
            number = _least(judge, reading, change, rank, better=better)
            if number is not None:
                yield f"{number:,} {change.what} would make it {other}."


@dataclass(frozen=True, slots=True)
class _Change:
    """What one event more does to a proportion."""

    numerator: int
    denominator: int
    most: int
    """So many such events there can be."""
    what: str


def _change(reading: Judged, *, up: bool) -> _Change:
    """One that moves the value up or down; no event changes the size of a level such as `start(members)`."""
    above, below = _sides(reading.formula)
    numerator, denominator = reading.numerator or 0, reading.denominator or 0
    if _is_level(below):
        if up:
            return _Change(1, 0, denominator - numerator, f"more of {above}")
        return _Change(-1, 0, numerator, f"fewer of {above}")
    if up:
        return _Change(1, 1, FARTHEST, f"more of {above}")
    return _Change(0, 1, FARTHEST, f"more of {below} that are none of {above}")


def _sides(formula: str) -> tuple[str, str]:
    node = parse(formula)
    if isinstance(node, ast.BinOp):
        return ast.unparse(node.left), ast.unparse(node.right)
    return formula, formula


def _is_level(formula: str) -> bool:
    match parse(formula):
        case ast.Call(func=ast.Name(id="start" | "end" | "avg")):
            return True
    return False


def _least(judge: Judge, reading: Judged, change: _Change, rank: int, *, better: bool) -> int | None:
    """The least number of such events after which the verdict is at least as good (bad) as `rank`."""
    above, below = reading.numerator or 0, reading.denominator or 0

    def is_there(number: int) -> bool:
        numerator, denominator = above + change.numerator * number, below + change.denominator * number
        interval = reading.interval_of(numerator, denominator) if reading.interval_of else None
        value = numerator / denominator if denominator else None
        found = RANKS.get(judge.verdict(reading.window, value, denominator, interval))
        return found is not None and (found <= rank if better else found >= rank)

    return _first(is_there, change.most)


def _first(holds: Callable[[int], bool], most: int) -> int | None:
    """The least number from 1 to `most` from which on it holds; None when there is none."""
    if most < 1 or not holds(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
