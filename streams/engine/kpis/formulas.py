"""Formulas: arithmetic over windowed sums, exact until the last step.

    leads_converted / leads           a measure's sum over the window
    start(customers), end(customers)  a level at the window's edges; avg(customers): half of both together
    mean(lead_response)               of a duration
    quantile(lead_response, 0.9)      at rank ceil(0.9 * n)
    oldest(leads_waiting)             the age of the oldest
    days, covered                     the time that the window covers: in days, in milliseconds
    min(a, b), a if b < c else d
    revenue / prev(revenue) - 1       prev: over the window before; all the rest is then over whole panes, too
    cac, clv.margin                   another KPI's first series, or the one with this label

Durations and ages are in milliseconds, amounts in minor units.
"""

import ast
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Final

from schemas.words import nearest
from streams.engine.expressions import ExpressionError, parse
from streams.engine.kpis.terms import (
    TIMES,
    Before,
    Binary,
    Choice,
    Comparison,
    Constant,
    Extreme,
    Figures,
    Formula,
    Leaf,
    Named,
    Number,
    Operand,
    Slice,
    Term,
    reads_before,
    walk,
)
from streams.engine.kpis.values import FUNCTIONS, is_whole, samples_of, value_of
from streams.engine.measures.base import BARE, Measure

Reference = Callable[[str], Formula | None]
"""The formula of a KPI, `kpi` or `kpi.labelvalue`; None when there is none of this name."""


def compile_formula(
    text: str,
    measures: Mapping[str, Measure],
    reference: Reference = lambda name: None,
    kpis: Collection[str] = (),
    requires: Sequence[Measure] = (),
) -> Formula:
    """The formula of a KPI; ExpressionError says what in it cannot be. `kpis`: the names that there are."""
    text = " ".join(text.split())
    reader = _Reader(text, measures, reference, kpis)
    try:
        term = reader.term(parse(text))
        if not any(isinstance(part, Operand) for part in walk(term)):
            raise ExpressionError(f"{text!r} reads no measure")
        value, samples = _required(requires, value_of(term)), samples_of(term)
        evaluate = _required_figures(requires, _figures(term))
    except RecursionError:
        raise ExpressionError(f"{text[:40]!r}.. is nested too deeply") from None
    return Formula(text, term, tuple(reader.leaves), requires, value, samples, evaluate)


# -- From text to terms -----------------------------------------------------------------------------------

_SIGNS: Final[dict[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class _Reader:
    """Reads a syntax tree, and refuses all in it that is not listed in the docstring above."""

    def __init__(
        self, text: str, measures: Mapping[str, Measure], reference: Reference, kpis: Collection[str]
    ) -> None:
        self._text = text
        self._measures = measures
        self._reference = reference
        self._kpis = kpis
        self.leaves: list[Leaf] = []
        """The outermost: of `prev(revenue)` the whole."""

    def term(self, node: ast.expr) -> Term:
        constant = _constant(node)
        if constant is not None:
            return Constant(constant)
        match node:
            case ast.BinOp(left, sign, right) if type(sign) in _SIGNS:
                return Binary(_SIGNS[type(sign)], self.term(left), self.term(right))
            case ast.IfExp(test, body, orelse):
                return Choice(self._comparison(test), self.term(body), self.term(orelse))
            case ast.Call(ast.Name("min" | "max" as function), [_, _, *_] as terms, []):
                return Extreme(function, tuple(self.term(one) for one in terms))
        return self._leaf(node)

    def _comparison(self, node: ast.expr) -> Comparison:
        match node:
            case ast.Compare(left, [sign], [right]) if type(sign) in _SIGNS:
                return Comparison(_SIGNS[type(sign)], self.term(left), self.term(right))
        raise ExpressionError(
            f"{ast.unparse(node)!r} is no comparison of two terms by == != < <= > >= in {self._text!r}"
        )

    def _leaf(self, node: ast.expr) -> Term:
        place = len(self.leaves)
        term = self._name(node)
        self.leaves[place:] = [Leaf(node.col_offset, node.end_col_offset or 0, term)]
        return term

    def _name(self, node: ast.expr) -> Term:
        match node:
            case ast.Name(name):
                return self._bare(name)
            case ast.Attribute(ast.Name(kpi), label):
                return self._kpi(f"{kpi}.{label}")
            case ast.Call(ast.Name("prev"), [inner], []):
                return self._before(inner)
            case ast.Call(ast.Name("quantile"), [ast.Name(name), ast.Constant(float(q))], []) if 0 < q < 1:
                return self._operand("quantile", name, Fraction(str(q)))
            case ast.Call(ast.Name(function), [ast.Name(name)], []) if (
                function in FUNCTIONS and function != "quantile"
            ):
                return self._operand(function, name)
        functions = ", ".join(f"{name}(..)" for name in (*FUNCTIONS, "min", "max", "prev"))
        raise ExpressionError(
            f"{ast.unparse(node)!r} is not allowed in {self._text!r}; there are numbers, measures, "
            "KPIs, days, covered, + - * /, `a if b < c else d` and "
            f"{functions}, with a quantile between 0.0 and 1.0"
        )

    def _before(self, inner: ast.expr) -> Before:
        term = self.term(inner)
        if reads_before(term):
            raise ExpressionError(f"prev(..) in prev(..) is not allowed in {self._text!r}")
        return Before(term)

    def _bare(self, name: str) -> Term:
        if name in self._measures:
            return self._operand(BARE, name)
        return TIMES[name] if name in TIMES else self._kpi(name)

    def _kpi(self, name: str) -> Named:
        formula = self._reference(name)
        if formula is None:
            what = "KPI" if "." in name else "measure"
            near = nearest(name, list(dict.fromkeys([*self._measures, *self._kpis])))
            raise ExpressionError(f"unknown {what} {name!r} in {self._text!r}{near}")
        return Named(name, formula)

    def _operand(self, function: str, name: str, argument: Fraction | None = None) -> Operand:
        if name not in self._measures:
            near = nearest(name, self._measures)
            raise ExpressionError(f"unknown measure {name!r} in {self._text!r}{near}")
        measure = self._measures[name]
        functions = _functions(measure)
        if function not in functions:
            how = " or ".join(f"{one}({name})" if one else name for one in functions)
            raise ExpressionError(f"{name} is a {measure.kind}: read it as {how} in {self._text!r}")
        return Operand(function, measure, argument)


def _functions(measure: Measure) -> Sequence[str]:
    """How a measure may be read. What has a start and an end has the mean of both."""
    has_edges = "start" in measure.functions and "end" in measure.functions
    return tuple(dict.fromkeys([*measure.functions, *(["avg"] if has_edges else [])]))


def _constant(node: ast.expr) -> Number | None:
    """The number that stands there, exactly; None for anything else."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as number) if math.isfinite(number):
            exact = Fraction(str(number))
            return int(exact) if exact.denominator == 1 else exact
    return None


# -- Figures ----------------------------------------------------------------------------------------------


def _figures(term: Term) -> Callable[[Slice], Figures]:
    """Of a whole formula: a mean, a ratio (scaled by a constant), another KPI, or any other arithmetic."""
    match term:
        case Operand("mean", measure):
            return _mean(measure, value_of(term))
        case Binary("/", left, right):
            scale, numerator = _unscaled(left)
            return _ratio(scale, numerator, right, samples_of(term))
        case Named(_, formula):
            return formula.evaluate
    return _plain(value_of(term), samples_of(term), whole=is_whole(term))


def _mean(measure: Measure, value: Callable[[Slice], Number | None]) -> Callable[[Slice], Figures]:
    def figures(slice_: Slice) -> Figures:
        number = slice_.durations(measure).number
        return Figures(value(slice_), slice_.suffix(measure, "sum"), number, number)

    return figures


def _unscaled(term: Term) -> tuple[Number, Term]:
    """`100 * (a - b)` is the numerator a - b, scaled by 100."""
    match term:
        case Binary("*", Constant(scale), right):
            return scale, right
    return 1, term


def _ratio(
    scale: Number, numerator: Term, denominator: Term, samples: Callable[[Slice], int | None]
) -> Callable[[Slice], Figures]:
    above, below = value_of(numerator), value_of(denominator)
    whole_above, whole_below = is_whole(numerator), is_whole(denominator)

    def figures(slice_: Slice) -> Figures:
        a, b = above(slice_), below(slice_)
        value = None if a is None or not b else Fraction(scale * a, b)
        return Figures(
            value, _whole(a) if whole_above else None, _whole(b) if whole_below else None, samples(slice_)
        )

    return figures


def _plain(
    value: Callable[[Slice], Number | None], samples: Callable[[Slice], int | None], *, whole: bool
) -> Callable[[Slice], Figures]:
    def figures(slice_: Slice) -> Figures:
        number = value(slice_)
        return Figures(number, _whole(number) if whole else None, None, samples(slice_))

    return figures


def _whole(number: Number | None) -> int | None:
    return None if number is None else int(number)


def _required(
    requires: Sequence[Measure], value: Callable[[Slice], Number | None]
) -> Callable[[Slice], Number | None]:
    """The value, where at least one of these measures has a sum other than 0."""
    if not requires:
        return value
    return lambda slice_: value(slice_) if any(map(slice_.sum, requires)) else None


def _required_figures(
    requires: Sequence[Measure], evaluate: Callable[[Slice], Figures]
) -> Callable[[Slice], Figures]:
    if not requires:
        return evaluate

    def figures(slice_: Slice) -> Figures:
        found = evaluate(slice_)
        return found if any(map(slice_.sum, requires)) else found._replace(value=None)

    return figures
