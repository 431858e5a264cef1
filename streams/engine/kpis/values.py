"""Values: how each term of a formula is read from one slice of a window.

A term gives a number, exactly, or None where there is nothing to divide by or to read. Beside it stand its
samples: of how many things the number tells, None where that cannot be said.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Final

from streams.engine.kpis.terms import (
    Before,
    Binary,
    Choice,
    Comparison,
    Constant,
    Covered,
    Extreme,
    Named,
    Number,
    Operand,
    Slice,
    Term,
    parts_of,
    reads_before,
    walk,
)
from streams.engine.measures.base import BARE, Measure

# -- Measures ---------------------------------------------------------------------------------------------

_Value = Callable[[Slice], Number | None]
_Samples = Callable[[Slice], int | None]
_ReadMeasure = Callable[[Slice, Measure], Number | None]


def _mean(slice_: Slice, measure: Measure) -> Number | None:
    number = slice_.durations(measure).number
    return Fraction(slice_.suffix(measure, "sum"), number) if number else None


_FUNCTIONS: Final[dict[str, _ReadMeasure]] = {
    "start": lambda slice_, measure: slice_.start(measure),
    "end": lambda slice_, measure: slice_.end(measure),
    "avg": lambda slice_, measure: Fraction(slice_.start(measure) + slice_.end(measure), 2),
    "oldest": lambda slice_, measure: slice_.oldest_ms(measure),
    "mean": _mean,
}
FUNCTIONS: Final = (*_FUNCTIONS, "quantile")
"""How a measure is read, beside by its bare name."""
_BARE_KINDS: Final[dict[str, _ReadMeasure]] = {
    "trailing": lambda slice_, measure: slice_.trailing(measure),
    "union": lambda slice_, measure: slice_.lasting_ms(measure),
}
COUNTED_KINDS: Final = frozenset({"movement", "sum", "timed"})
"""Of amounts of these kinds a part `.n` beside them tells how many there are."""


def _bare(measure: Measure) -> _ReadMeasure:
    if measure.only_now:
        return lambda slice_, measure: slice_.latest(measure)
    return _BARE_KINDS.get(measure.kind, lambda slice_, measure: slice_.sum(measure))


def _operand_value(operand: Operand) -> _Value:
    measure, q = operand.measure, operand.argument
    if q is not None:
        return lambda slice_: slice_.durations(measure).quantile_ms(q)
    read = _FUNCTIONS.get(operand.function) or _bare(measure)
    return lambda slice_: read(slice_, measure)


def _operand_samples(operand: Operand) -> _Samples:
    measure, function = operand.measure, operand.function
    if function in ("mean", "quantile"):
        return lambda slice_: slice_.durations(measure).number
    if function == "oldest":
        return lambda slice_: slice_.end(measure)
    if measure.is_amount or measure.kind == "union":
        counted = function == BARE and measure.kind in COUNTED_KINDS
        return (lambda slice_: slice_.suffix(measure, "n")) if counted else _unknown
    if function == "avg":
        return lambda slice_: min(slice_.start(measure), slice_.end(measure))
    read = _FUNCTIONS.get(function) or _bare(measure)
    return lambda slice_: _whole(read(slice_, measure))


def counts_samples(operand: Operand) -> bool:
    """Whether it is known of an operand how many samples it rests on."""
    return _operand_samples(operand) is not _unknown


def _whole(number: Number | None) -> int | None:
    return None if number is None else int(number)


def _unknown(_: Slice) -> int | None:
    return None


# -- Values -----------------------------------------------------------------------------------------------

_ARITHMETIC: Final[dict[str, Callable[[Number, Number], Number | None]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: Fraction(a, b) if b else None,
}
_COMPARED: Final[dict[str, Callable[[Number, Number], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EXTREMES: Final[dict[str, Callable[[Iterable[Number]], Number]]] = {"min": min, "max": max}


def value_of(term: Term) -> _Value:
    """How to compute a term; only what is needed of it is read."""
    match term:
        case Constant(number):
            return lambda _: number
        case Operand():
            return _operand_value(term)
        case Covered(unit_ms):
            return lambda slice_: Fraction(slice_.covered_ms, unit_ms)
        case Binary(sign, left, right):
            return _both(_ARITHMETIC[sign], value_of(left), value_of(right))
        case Extreme(function, terms):
            return _extreme(_EXTREMES[function], [value_of(one) for one in terms])
        case Choice(condition, then, otherwise):
            return _chosen(_holds(condition), value_of(then), value_of(otherwise))
        case Before(inner):
            return _before(value_of(inner))
        case Named(_, formula):
            return formula.value


def _both(apply: Callable[[Number, Number], Number | None], left: _Value, right: _Value) -> _Value:
    def value(slice_: Slice) -> Number | None:
        a = left(slice_)
        if a is None:
            return None
        b = right(slice_)
        return None if b is None else apply(a, b)

    return value


def _extreme(choose: Callable[[Iterable[Number]], Number], values: Sequence[_Value]) -> _Value:
    def value(slice_: Slice) -> Number | None:
        numbers = [number for read in values if (number := read(slice_)) is not None]
        return choose(numbers) if len(numbers) == len(values) else None

    return value


def _holds(condition: Comparison) -> Callable[[Slice], bool | None]:
    """Whether a comparison holds; None where a side has no value."""
    compare, left, right = _COMPARED[condition.sign], value_of(condition.left), value_of(condition.right)

    def holds(slice_: Slice) -> bool | None:
        a, b = left(slice_), right(slice_)
        return None if a is None or b is None else compare(a, b)

    return holds


def _chosen(
    holds: Callable[[Slice], bool | None],
    then: Callable[[Slice], Number | None],
    otherwise: Callable[[Slice], Number | None],
) -> _Value:
    def value(slice_: Slice) -> Number | None:
        chosen = holds(slice_)
        return None if chosen is None else (then if chosen else otherwise)(slice_)

    return value


def _before(read: Callable[[Slice], Number | None]) -> _Value:
    def value(slice_: Slice) -> Number | None:
        return None if slice_.before is None else read(slice_.before)

    return value


# -- Samples ----------------------------------------------------------------------------------------------


def samples_of(term: Term) -> _Samples:
    """Of a ratio its denominator, if that counts something; else the least of what the term is made of."""
    match term:
        case Operand():
            return _operand_samples(term)
        case Binary("/", _, right) if is_whole(right) and not reads_before(right):
            return _as_whole(value_of(right)) if _is_count(right) else samples_of(right)
        case Choice(condition, then, otherwise):
            either = _either(_holds(condition), samples_of(then), samples_of(otherwise))
            return _least([samples_of(condition.left), samples_of(condition.right), either])
        case Before(inner):
            return _samples_before(samples_of(inner))
        case Named(_, formula):
            return formula.samples
    parts = [samples_of(part) for part in parts_of(term)]
    return _least(parts) if parts else _unknown


def _as_whole(read: _Value) -> _Samples:
    return lambda slice_: _whole(read(slice_))


def _least(parts: Sequence[_Samples]) -> _Samples:
    def samples(slice_: Slice) -> int | None:
        known = [number for read in parts if (number := read(slice_)) is not None]
        return min(known, default=None)

    return samples


def _either(holds: Callable[[Slice], bool | None], then: _Samples, otherwise: _Samples) -> _Samples:
    def samples(slice_: Slice) -> int | None:
        return (then if holds(slice_) else otherwise)(slice_)

    return samples


def _samples_before(read: _Samples) -> _Samples:
    return lambda slice_: None if slice_.before is None else read(slice_.before)


def is_whole(term: Term) -> bool:
    """Whether the term is a whole number wherever it has a value."""
    match term:
        case Constant(number):
            return number.denominator == 1
        case Operand(function):
            return function not in ("avg", "mean", "quantile")
        case Covered(unit_ms):
            return unit_ms == 1
        case Binary("/"):
            return False
        case Choice(_, then, otherwise):
            return is_whole(then) and is_whole(otherwise)
    return all(map(is_whole, parts_of(term)))


def _is_count(term: Term) -> bool:
    """Whether a whole term counts things: no amount, no time."""
    leaves = [part for part in walk(term) if not parts_of(part)]
    return any(isinstance(leaf, Operand) for leaf in leaves) and all(
        isinstance(leaf, Constant) or (isinstance(leaf, Operand) and _counts(leaf)) for leaf in leaves
    )


def _counts(operand: Operand) -> bool:
    measure = operand.measure
    return operand.function != "oldest" and not measure.is_amount and measure.kind != "union"
