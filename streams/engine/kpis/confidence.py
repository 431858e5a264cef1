"""How sure a value is: intervals at 95 % for proportions and for a Net Promoter Score.

wilson(80, 100)               0.711 to 0.867
adjusted_wald(50, 20, 100)    14.1 to 44.2 points, around the adjusted score
"""

import ast
from collections.abc import Callable, Mapping
from math import hypot, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

from schemas.kpis import Bounds
from streams.engine.expressions import parse
from streams.engine.faults import PlanFault
from streams.engine.kpis.terms import Figures, Formula, Slice
from streams.engine.measures.base import BARE

Z: Final = NormalDist().inv_cdf(0.975)
"""1.96: so many standard deviations to both sides hold 95 % of a normal distribution."""


class Interval(NamedTuple):
    """Where the true value lies, 95 times of 100; in the unit of the value."""

    lower: float
    upper: float


def wilson(successes: int, trials: int) -> Interval | None:
    """Of the proportion successes / trials, within 0..1. None unless 0 <= successes <= trials and trials > 0.

    The score interval of Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927): with p = successes / n it is
    (p + z²/2n ± z * sqrt(p * (1 - p) / n + z²/4n²)) / (1 + z²/n), here multiplied by n.
    """
    if not 0 <= successes <= trials or not trials:
        return None
    failures = trials - successes
    middle = successes + Z * Z / 2
    half = Z * sqrt(successes * failures / trials + Z * Z / 4)
    whole = trials + Z * Z
    return Interval(
        lower=(middle - half) / whole if successes else 0.0,
        upper=(middle + half) / whole if failures else 1.0,
    )


def adjusted_wald(promoters: int, detractors: int, answers: int) -> Interval | None:
    """Of 100 * (promoters - detractors) / answers, in points, within -100..100.

    None unless there are answers, and promoters and detractors are among them. Three quarters are added to
    both and 3 to the answers, and then var = p + d - (p - d)²: Rocks, "Interval estimation for the Net
    Promoter Score", The American Statistician 70 (2016).
    """
    if min(promoters, detractors) < 0 or promoters + detractors > answers or not answers:
        return None
    n = answers + 3
    p, d = (promoters + 0.75) / n, (detractors + 0.75) / n
    half = Z * sqrt((p + d - (p - d) ** 2) / n)
    return Interval(max(-100.0, 100 * (p - d - half)), min(100.0, 100 * (p - d + half)))


def margin(one: Interval | None, other: Interval | None) -> float | None:
    """By more than this two values differ by chance 5 times of 100 only; None where one has no interval.

    The variances of independent values add up, so do the squares of what their intervals are wide.
    """
    if one is None or other is None:
        return None
    return hypot(one.upper - one.lower, other.upper - other.lower) / 2


# -- Of a series ------------------------------------------------------------------------------------------

IntervalOf = Callable[[Slice, Figures], Interval | None]
"""The interval of a formula's figures, which were read of that slice."""


def compile_bounds(bounds: Bounds | None, formula: Formula, unit: str) -> IntervalOf:
    """How to tell how sure a series is; PlanFault when its formula or unit does not allow these bounds."""
    if bounds is None:
        return no_bounds
    if unit != _UNITS[bounds]:
        raise PlanFault(f"bounds: {bounds} are those of a KPI in unit {_UNITS[bounds]}, not {unit}")
    return _COMPILE[bounds](formula)


def no_bounds(_: Slice, figures: Figures) -> None:
    """Of a series that declares none."""
    return None


def _wilson(formula: Formula) -> IntervalOf:
    node = parse(formula.text)
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div) or _is_scaled(node.left):
        raise PlanFault(
            f"bounds: wilson are those of a proportion, such as won / (won + lost), not of {formula.text!r}"
        )
    for operand in formula.operands:
        if operand.measure.is_amount or operand.function not in (BARE, "start", "end"):
            name = operand.measure.name
            text = f"bounds: wilson need numbers of subjects, and {name} in {formula.text!r} is none"
            raise PlanFault(text)
    return of_proportion


def of_proportion(_: Slice, figures: Figures) -> Interval | None:
    """Wilson's; whether a series has these tells whether it is a proportion."""
    if figures.value is None or figures.numerator is None or figures.denominator is None:
        return None
    return wilson(figures.numerator, figures.denominator)


def _is_scaled(node: ast.expr) -> bool:
    """Whether the value is not numerator / denominator, but a multiple of it."""
    match node:
        case ast.BinOp(left=ast.Constant(), op=ast.Mult()):
            return True
    return False


def _adjusted_wald(formula: Formula) -> IntervalOf:
    measures = {operand.measure.name: operand.measure for operand in formula.operands}
    match parse(formula.text):
        case ast.BinOp(
            left=ast.BinOp(
                left=ast.Constant(value=100),
                op=ast.Mult(),
                right=ast.BinOp(left=ast.Name(id=good), op=ast.Sub(), right=ast.Name(id=bad)),
            ),
            op=ast.Div(),
            right=ast.Name(id=all_),
        ) if {good, bad, all_} <= measures.keys():
            promoters, detractors, answers = measures[good], measures[bad], measures[all_]
        case _:
            raise PlanFault(
                "bounds: adjusted_wald are those of 100 * (promoters - detractors) / answers, "
                f"three measures, not of {formula.text!r}"
            )

    def of_score(slice_: Slice, figures: Figures) -> Interval | None:
        if figures.value is None:
            return None
        return adjusted_wald(slice_.sum(promoters), slice_.sum(detractors), slice_.sum(answers))

    return of_score


_UNITS: Final[Mapping[Bounds, str]] = {"wilson": "ratio", "adjusted_wald": "points"}
_COMPILE: Final[Mapping[Bounds, Callable[[Formula], IntervalOf]]] = {
    "wilson": _wilson,
    "adjusted_wald": _adjusted_wald,
}
