"""What would change a verdict: where it begins to be bad, and how many events that is for a proportion."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from schemas.kpis import Alert
from streams.engine.expressions import parse

RANKS: Final = {"ok": 0, "warn": 1, "critical": 2}
"""Verdict -> how bad it is."""
FARTHEST: Final = 2**40
"""More events are not looked for."""
_BEYOND: Final = {"up": "below", "down": "above"}
_BOUND: Final = {"up": "upper", "down": "lower"}


class Judge(Protocol):
    """What a series is judged by."""

    @property
    def good(self) -> str:
        """`up` or `down`."""

    @property
    def alerts(self) -> Mapping[str, Alert]:
        """Window -> the alert that holds in it."""

    def verdict(self, window: str, value: float | None, samples: int | None, interval: Any) -> str:
        """`ok`, `warn`, `critical`, `few_samples` or `none`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A reading, as far as it is judged."""

    window: str
    formula: str
    value: float | None
    numerator: int | None
    denominator: int | None
    samples: int | None
    interval: Any = None
    interval_of: Callable[[int, int], Any] | None = None
    """Of a proportion: (numerator, denominator) -> its bounds."""


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
    beyond = _BEYOND[good]
    critical = "" if alert.critical is None else f", critical {beyond} {told(alert.critical)}"
    judged = f" (of its {_BOUND[good]} bound)" if alert.judge == "bound" else ""
    return f"Warn begins {beyond} {told(alert.warn)}{critical}{judged}."


def _steps(judge: Judge, reading: Judged, verdict: str) -> Iterator[str]:
    """For each other verdict how many more events would lead to it, if the value is a proportion."""
    if reading.interval_of is None or reading.numerator is None or reading.denominator is None:
        return
    for other, rank in RANKS.items():
        better = rank < RANKS[verdict]
        if other != verdict:
            number = _least(judge, reading, rank, better=better)
            if number is not None:
                in_both = better == (judge.good == "up")
                yield f"{number:,} more {_which(reading.formula, in_both=in_both)} would make it {other}."


def _least(judge: Judge, reading: Judged, rank: int, *, better: bool) -> int | None:
    """The least number of good (bad) events after which the verdict is at least as good (bad) as `rank`."""
    above, below = reading.numerator or 0, reading.denominator or 0
    step = 1 if better == (judge.good == "up") else 0

    def is_there(number: int) -> bool:
        numerator, denominator = above + step * number, below + number
        interval = reading.interval_of(numerator, denominator) if reading.interval_of else None
        value = numerator / denominator if denominator else None
        found = RANKS.get(judge.verdict(reading.window, value, denominator, interval))
        return found is not None and (found <= rank if better else found >= rank)

    return _first(is_there)


def _first(holds: Callable[[int], bool]) -> int | None:
    """The least number from 1 on from which on it holds; None beyond the farthest."""
    high = 1
    while not holds(high):
        high *= 2
        if high > FARTHEST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _which(formula: str, *, in_both: bool) -> str:
    """The events that count in both parts of the proportion, or below alone."""
    node = parse(formula)
    if not isinstance(node, ast.BinOp):
        return "events"
    above, below = ast.unparse(node.left), ast.unparse(node.right)
    return f"of {above}" if in_both else f"of {below} that are none of {above}"
