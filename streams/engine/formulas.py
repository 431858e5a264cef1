"""Formulas: arithmetic over windowed sums, exact until the last step.

    leads_converted / leads           a measure's sum over the window
    start(customers), end(customers)  a level at the window's edges
    mean(lead_response)               of a duration
    quantile(lead_response, 0.9)      at rank ceil(0.9 * n)
    oldest(leads_waiting)             the age of the oldest

Durations and ages are in milliseconds.
"""

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple, Protocol

from schemas.words import nearest
from streams.engine.buckets import Counts
from streams.engine.expressions import ExpressionError, parse
from streams.engine.measures.base import BARE, Measure


class Slice(Protocol):
    """The sums of one window for one slice, by part."""

    def sum(self, measure: Measure) -> int: ...
    def total(self, measure: Measure) -> int: ...
    def suffix(self, measure: Measure, suffix: str) -> int: ...
    def durations(self, measure: Measure) -> Counts: ...
    def oldest_ms(self, measure: Measure) -> int | None:
        """The age of the oldest that is open, in milliseconds."""


Number = int | Fraction
"""Exact. A whole number is an int where it can be, for that costs a tenth of a Fraction."""


class Figures(NamedTuple):
    """What a formula gives. `value` is None where the denominator is 0 or there is nothing to read."""

    value: Number | None
    numerator: int | None = None
    denominator: int | None = None
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class Operand:
    """One measure as a formula reads it."""

    function: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Formula:
    text: str
    operands: Sequence[Operand]
    evaluate: Callable[[Slice], Figures]


def _bare(measure: Measure, _: Fraction | None) -> Callable[[Slice], Figures]:
    def read(slice_: Slice) -> Figures:
        number = slice_.sum(measure) + slice_.total(measure)  # only trailing measures have such a total
        return Figures(number, number, None, None if measure.is_amount else number)

    return read


def _start(measure: Measure, _: Fraction | None) -> Callable[[Slice], Figures]:
    def read(slice_: Slice) -> Figures:
        level = slice_.total(measure) - slice_.sum(measure)
        return Figures(level, level, None, level)

    return read


def _end(measure: Measure, _: Fraction | None) -> Callable[[Slice], Figures]:
    def read(slice_: Slice) -> Figures:
        level = slice_.total(measure)
        return Figures(level, level, None, level)

    return read


def _oldest(measure: Measure, _: Fraction | None) -> Callable[[Slice], Figures]:
    def read(slice_: Slice) -> Figures:
        age_ms = slice_.oldest_ms(measure)
        return Figures(None) if age_ms is None else Figures(age_ms, age_ms, None, slice_.total(measure))

    return read


def _mean(measure: Measure, _: Fraction | None) -> Callable[[Slice], Figures]:
    def read(slice_: Slice) -> Figures:
        sum_ms, n = slice_.suffix(measure, "sum"), slice_.durations(measure).number
        return Figures(Fraction(sum_ms, n) if n else None, sum_ms, n, n)

    return read


def _quantile(measure: Measure, q: Fraction | None) -> Callable[[Slice], Figures]:
    def read(slice_: Slice) -> Figures:
        durations = slice_.durations(measure)
        return Figures(durations.quantile_ms(q or Fraction(1)), None, None, durations.number)

    return read


FUNCTIONS: Final[dict[str, Callable[[Measure, Fraction | None], Callable[[Slice], Figures]]]] = {
    BARE: _bare,
    "start": _start,
    "end": _end,
    "oldest": _oldest,
    "mean": _mean,
    "quantile": _quantile,
}

_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Number, Number], Number | None]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: Fraction(a, b) if b else None,
}
_Value = Callable[[Slice], Number | None]


def compile_formula(text: str, measures: Mapping[str, Measure]) -> Formula:
    """The formula of a KPI; ExpressionError says what in it cannot be."""
    compiler = _Compiler(text, measures)
    try:
        evaluate = compiler.figures(parse(text))
    except RecursionError:
        raise ExpressionError(f"{text[:40]!r}.. is nested too deeply") from None
    if not compiler.operands:
        raise ExpressionError(f"{text!r} reads no measure")
    return Formula(text, tuple(compiler.operands), evaluate)


class _Compiler:
    def __init__(self, text: str, measures: Mapping[str, Measure]) -> None:
        self._text = text
        self._measures = measures
        self.operands: list[Operand] = []

    def figures(self, node: ast.expr) -> Callable[[Slice], Figures]:
        """The whole formula: a lone operand, a ratio (scaled by a constant), or any other arithmetic."""
        if isinstance(node, ast.Name | ast.Call):
            return self._operand(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            scale, numerator = _unscaled(node.left)
            return _ratio(scale, self._value(numerator), self._value(node.right))
        return _plain(self._value(node))

    def _value(self, node: ast.expr) -> _Value:
        constant = _constant(node)
        if constant is not None:
            return lambda _: constant
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            return self._binary(_ARITHMETIC[type(node.op)], self._value(node.left), self._value(node.right))
        read = self._operand(node)
        return lambda slice_: read(slice_).value

    @staticmethod
    def _binary(apply: Callable[[Number, Number], Number | None], left: _Value, right: _Value) -> _Value:
        def value(slice_: Slice) -> Number | None:
            a, b = left(slice_), right(slice_)
            return None if a is None or b is None else apply(a, b)

        return value

    def _operand(self, node: ast.expr) -> Callable[[Slice], Figures]:
        function, measure, argument = self._parts(node)
        if function not in measure.functions:
            how = " or ".join(
                f"{name}({measure.name})" if name else measure.name for name in measure.functions
            )
            raise ExpressionError(f"{measure.name} is a {measure.kind}: read it as {how} in {self._text!r}")
        self.operands.append(Operand(function, measure))
        return FUNCTIONS[function](measure, argument)

    def _parts(self, node: ast.expr) -> tuple[str, Measure, Fraction | None]:
        """(function, measure, argument) of `leads`, `end(leads_waiting)`, `quantile(lead_response, 0.9)`."""
        match node:
            case ast.Name(id=name):
                return BARE, self._measure(name), None
            case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)], keywords=[]) if (
                function in FUNCTIONS and function != "quantile"
            ):
                return function, self._measure(name), None
            case ast.Call(
                func=ast.Name(id="quantile"), args=[ast.Name(id=name), ast.Constant(float(q))], keywords=[]
            ) if 0 < q < 1:
                return "quantile", self._measure(name), Fraction(str(q))
        functions = ", ".join(f"{name}(..)" for name in FUNCTIONS if name)
        raise ExpressionError(
            f"{ast.unparse(node)!r} is not allowed in {self._text!r}; "
            f"there are numbers, measures, + - * / and {functions}, with a quantile between 0.0 and 1.0"
        )

    def _measure(self, name: str) -> Measure:
        if name not in self._measures:
            near = nearest(name, self._measures)
            raise ExpressionError(f"unknown measure {name!r} in {self._text!r}{near}")
        return self._measures[name]


def _unscaled(node: ast.expr) -> tuple[Number, ast.expr]:
    """`100 * (a - b)` is the numerator a - b, scaled by 100."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        scale = _constant(node.left)
        if scale is not None:
            return scale, node.right
    return 1, node


def _constant(node: ast.expr) -> Number | None:
    """The number that stands there, exactly; None for anything else."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as number) if math.isfinite(number):
            exact = Fraction(str(number))
            return int(exact) if exact.denominator == 1 else exact
    return None


def _ratio(scale: Number, numerator: _Value, denominator: _Value) -> Callable[[Slice], Figures]:
    def figures(slice_: Slice) -> Figures:
        a, b = numerator(slice_), denominator(slice_)
        value = None if a is None or not b else Fraction(scale * a, b)
        return Figures(value, _whole(a), _whole(b), _whole(b))

    return figures


def _plain(value: _Value) -> Callable[[Slice], Figures]:
    def figures(slice_: Slice) -> Figures:
        number = value(slice_)
        return Figures(number, _whole(number))

    return figures


def _whole(number: Number | None) -> int | None:
    return number.numerator if number is not None and number.denominator == 1 else None
