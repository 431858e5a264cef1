"""Terms: what formulas are made of, and the slice of a window that they are read from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, NamedTuple, Protocol

from streams.engine.buckets import Counts
from streams.engine.measures.base import Measure
from streams.engine.panes import DAY_MS

Number = int | Fraction
"""Exact. A whole number is an int where it can be, for that costs a tenth of a Fraction."""


class Slice(Protocol):
    """The sums of one window for one slice, by part."""

    @property
    def covered_ms(self) -> int:
        """How much time the window really covers."""

    @property
    def before(self) -> "Slice | None":
        """The same slice of the window before; None where that is not held, or nothing is compared."""

    def sum(self, measure: Measure) -> int: ...
    def suffix(self, measure: Measure, suffix: str) -> int: ...
    def start(self, measure: Measure) -> int:
        """The level when the window began."""

    def end(self, measure: Measure) -> int:
        """The level when the window ended."""

    def trailing(self, measure: Measure) -> int | None:
        """f(state when the window began, state when it ended); None where that is not held."""

    def latest(self, measure: Measure) -> int | None:
        """Subjects seen last in the window; None for one that ended earlier."""

    def lasting_ms(self, measure: Measure) -> int:
        """How much of the window a union of intervals takes."""

    def durations(self, measure: Measure) -> Counts: ...
    def oldest_ms(self, measure: Measure) -> int | None:
        """The age of the oldest that is open, in milliseconds."""


class Figures(NamedTuple):
    """What a formula gives. `value` is None where the denominator is 0 or there is nothing to read."""

    value: Number | None
    numerator: int | None = None
    denominator: int | None = None
    samples: int | None = None


# -- The terms --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    number: Number


@dataclass(frozen=True, slots=True)
class Operand:
    """One measure as a formula reads it."""

    function: str
    measure: Measure
    argument: Fraction | None = None
    """The q of a quantile."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The time that the window covers, in units of so many milliseconds."""

    unit_ms: int


@dataclass(frozen=True, slots=True)
class Binary:
    """`+`, `-`, `*` or `/`."""

    sign: str
    left: "Term"
    right: "Term"


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or the greatest, `min` or `max`."""

    function: str
    terms: "Sequence[Term]"


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: str
    left: "Term"
    right: "Term"


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Comparison
    then: "Term"
    otherwise: "Term"


@dataclass(frozen=True, slots=True)
class Before:
    """prev(x): x over the window before."""

    term: "Term"


@dataclass(frozen=True, slots=True)
class Named:
    """Another KPI (its first series) or `kpi.labelvalue`, by its name; over the same window and slice."""

    name: str
    formula: "Formula"


Term = Constant | Operand | Covered | Binary | Extreme | Choice | Before | Named

TIMES: Final = {"days": Covered(DAY_MS), "covered": Covered(1)}


class Leaf(NamedTuple):
    """Where a name, or a call of a function on one, stands in a formula's text."""

    start: int
    end: int
    term: Term


@dataclass(frozen=True, slots=True)
class Formula:
    """A KPI's formula, compiled. `evaluate` gives all its figures, `value` and `samples` one of them."""

    text: str
    term: Term
    leaves: Sequence[Leaf]
    requires: Sequence[Measure]
    """There is a value only if one of these has a sum other than 0."""
    value: Callable[[Slice], Number | None]
    samples: Callable[[Slice], int | None]
    evaluate: Callable[[Slice], Figures]
    counted: "Formula | None" = None
    """What gives its samples instead of its own operands."""

    def counted_by(self, counted: "Formula") -> "Formula":
        """The same with the samples that another formula counts."""
        value = counted.value

        def samples(slice_: Slice) -> int | None:
            number = value(slice_)
            return None if number is None else int(number)

        def evaluate(slice_: Slice) -> Figures:
            return self.evaluate(slice_)._replace(samples=samples(slice_))

        return replace(self, samples=samples, evaluate=evaluate, counted=counted)

    @property
    def operands(self) -> list[Operand]:
        """All that is read of measures, also by the KPIs that it names; each once."""
        found = [part for part in walk(self.term) if isinstance(part, Operand)]
        return list({(part.function, part.measure.name, part.argument): part for part in found}.values())

    @property
    def measures(self) -> list[Measure]:
        """All that it reads or requires, and the KPIs that it names do; each once."""
        named = [part.formula for part in walk(self.term) if isinstance(part, Named)]
        required = [measure for formula in (self, *named) for measure in formula.requires]
        read = [operand.measure for operand in self.operands]
        counted = [] if self.counted is None else self.counted.measures
        return list({measure.name: measure for measure in (*read, *required, *counted)}.values())

    @property
    def compares(self) -> bool:
        """Whether it reads the window before, so that all of it is over whole panes."""
        return reads_before(self.term)

    @property
    def reads_clock(self) -> bool:
        """Whether it may change while no event comes and no pane ends."""
        return any(isinstance(part, Covered) or _ages(part) for part in walk(self.term))


def _ages(term: Term) -> bool:
    """Whether time alone changes it: an age, what lasts, or what is due."""
    if not isinstance(term, Operand):
        return False
    return term.function == "oldest" or term.measure.kind == "union" or term.measure.future


def parts_of(term: Term) -> "Sequence[Term]":
    """The terms that a term is made of; a KPI that is named is made of those of its formula."""
    match term:
        case Binary(_, left, right):
            return left, right
        case Extreme(_, terms):
            return terms
        case Choice(Comparison(_, left, right), then, otherwise):
            return left, right, then, otherwise
        case Before(inner):
            return (inner,)
        case Named(_, formula):
            return (formula.term,)
    return ()


def walk(term: Term) -> Iterable[Term]:
    """The term and all that it is made of."""
    yield term
    for part in parts_of(term):
        yield from walk(part)


def reads_before(term: Term) -> bool:
    return any(isinstance(part, Before) for part in walk(term))
