"""Units: whether a KPI's formula can give what the KPI says that it gives.

A small algebra: of every term the exponents of money, of milliseconds and of days. Durations and `covered`
are in milliseconds, `days` in days, amounts are money, and all else is a number.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.catalog import Catalog
from schemas.measures import Level, Movement, Spread, Subject, Sum, Trailing, events_of
from schemas.words import Unit
from streams.engine.event_types import AMOUNT_SUFFIX
from streams.engine.expressions import compile_expression
from streams.engine.faults import PlanFault
from streams.engine.kpis.terms import (
    Before,
    Binary,
    Choice,
    Comparison,
    Constant,
    Covered,
    Extreme,
    Formula,
    Named,
    Operand,
    Term,
)
from streams.engine.panes import DAY_MS


class Exponents(NamedTuple):
    """Of what a term is a product."""

    money: int = 0
    milliseconds: int = 0
    days: int = 0

    def times(self, other: "Exponents", sign: int) -> "Exponents":
        return Exponents(*(a + sign * b for a, b in zip(self, other, strict=True)))

    def __str__(self) -> str:
        above = [_power(name, exponent) for name, exponent in self._asdict().items() if exponent > 0]
        below = [_power(name, -exponent) for name, exponent in self._asdict().items() if exponent < 0]
        return " per ".join([" x ".join(above) or "a number", *below])


def _power(name: str, exponent: int) -> str:
    return name if exponent == 1 else f"{name}^{exponent}"


_NUMBER: Final = Exponents()
_MONEY: Final = Exponents(money=1)
_MILLISECONDS: Final = Exponents(milliseconds=1)
_DAYS: Final = Exponents(days=1)
_PER_DAY: Final = Exponents(days=-1)
FITS: Final[dict[Unit, tuple[Exponents, ...]]] = {
    "count": (_NUMBER, _PER_DAY),
    "ratio": (_NUMBER, _PER_DAY),
    "points": (_NUMBER,),
    "money": (_MONEY, _MONEY.times(_PER_DAY, 1)),
    "seconds": (_MILLISECONDS,),
    "years": (_DAYS,),
    "months": (_DAYS,),
}
"""Unit -> what a formula may give. `365 / days` makes a yearly rate of a number, `days / 365` makes years."""


def check_unit(formula: Formula, unit: Unit, money: frozenset[str]) -> None:
    """PlanFault when the formula cannot give the unit. `money`: the measures that are amounts of money."""
    found = _unit_of(formula.term, money)
    if found is None or found in FITS[unit]:
        return
    fitting = [name for name, fits in FITS.items() if found in fits]
    remedy = f"declare {' or '.join(fitting)}, or change" if fitting else "change"
    raise PlanFault(f"{formula.text!r} gives {found}, which does not fit {unit}: {remedy} the formula")


def _unit_of(term: Term, money: frozenset[str]) -> Exponents | None:
    """None of a bare number, which may stand for anything but an amount or milliseconds in a sum."""
    match term:
        case Constant():
            return None
        case Operand():
            return _of_operand(term, money)
        case Covered(unit_ms):
            return _DAYS if unit_ms == DAY_MS else _MILLISECONDS
        case Binary("*" | "/" as sign, left, right):
            above, below = _unit_of(left, money), _unit_of(right, money)
            if above is None and below is None:
                return None
            return (above or _NUMBER).times(below or _NUMBER, 1 if sign == "*" else -1)
        case Binary(sign, left, right):
            return _added(sign, left, right, money)
        case Extreme(function, terms):
            return _alike(f"{function}(..)", [_unit_of(one, money) for one in terms])
        case Choice(Comparison(sign, left, right), then, otherwise):
            _alike(sign, [_unit_of(left, money), _unit_of(right, money)])
            return _alike("if .. else", [_unit_of(then, money), _unit_of(otherwise, money)])
        case Before(inner):
            return _unit_of(inner, money)
        case Named(_, formula):
            return _unit_of(formula.term, money)


def _of_operand(operand: Operand, money: frozenset[str]) -> Exponents:
    if operand.function in ("mean", "quantile", "oldest") or operand.measure.kind == "union":
        return _MILLISECONDS
    return _MONEY if operand.measure.name in money else _NUMBER


def _added(sign: str, left: Term, right: Term, money: frozenset[str]) -> Exponents | None:
    units = [_unit_of(left, money), _unit_of(right, money)]
    found = _alike(sign, units)
    if None in units and found is not None and (found.money or found.milliseconds):
        raise PlanFault(f"{found} {sign} a bare number: a number of what? multiply or divide instead")
    return found


def _alike(sign: str, units: list[Exponents | None]) -> Exponents | None:
    """The one unit of these terms; those without one take it."""
    known = list(dict.fromkeys(unit for unit in units if unit is not None))
    if len(known) > 1:
        raise PlanFault(f"{known[0]} and {known[1]} do not go together by {sign}; both sides must be alike")
    return known[0] if known else None


# -- Which measures are money -----------------------------------------------------------------------------


def money_measures(catalog: Catalog) -> frozenset[str]:
    """The names of the measures whose sums are amounts in the reporting currency."""
    is_money: dict[str, bool] = {}
    for subject in catalog.subjects.values():
        for name, spec in subject.measures.items():
            tells = _IS_MONEY.get(type(spec))
            is_money.setdefault(name, tells is not None and tells(catalog, subject, spec))
    return frozenset(name for name, so in is_money.items() if so)


def _is_amount(catalog: Catalog, event: str, field: str) -> bool:
    own = catalog.events.get(event)
    kind = {**own.required, **own.optional}.get(field) if own else None
    return field.endswith(AMOUNT_SUFFIX) or kind == "amount"


def _of_sum(catalog: Catalog, subject: Subject, spec: Sum | Spread) -> bool:
    name, _, field = (spec.sum if isinstance(spec, Sum) else spec.spread).partition(".")
    if name in subject.maps:
        return _is_amount(catalog, subject.maps[name].event, subject.maps[name].field or "")
    registers = [subject.registers[name]] if name in subject.registers else []
    return any(_is_amount(catalog, event, field) for one in registers for event in events_of(one))


def _of_states(catalog: Catalog, subject: Subject, transition: str) -> bool:
    return any(
        not isinstance(one.state, int) and _is_amount(catalog, one.event, one.state.field)
        for one in subject.transitions.get(transition, ())
    )


def _of_level(catalog: Catalog, subject: Subject, spec: Level) -> bool:
    return _of_states(catalog, subject, spec.level) and _scales(spec.value or "now", "now")


def _of_trailing(catalog: Catalog, subject: Subject, spec: Trailing) -> bool:
    return _of_states(catalog, subject, spec.of) and _scales(spec.trailing, "then", "now")


def _scales(text: str, *arguments: str) -> bool:
    """Whether twice the states give twice the value: `min(then, now)` does, `then and not now` does not."""
    try:
        function = compile_expression(text, ", ".join(arguments), {name: name for name in arguments})
        once = [function(*numbers) for numbers in _samples(len(arguments), 1)]
        twice = [function(*numbers) for numbers in _samples(len(arguments), 2)]
    except (TypeError, ValueError):  # which compiling the measure tells
        return False
    return any(once) and all(2 * a == b for a, b in zip(once, twice, strict=True))


def _samples(arguments: int, scale: int) -> Iterator[list[int]]:
    for states in ((1_000_000, 3_000_000), (3_000_000, 1_000_000)):
        yield [scale * state for state in states[:arguments]]


_IS_MONEY: Final[Mapping[type, Callable[[Catalog, Subject, Any], bool]]] = {
    Sum: _of_sum,
    Spread: _of_sum,
    Level: _of_level,
    Movement: lambda catalog, subject, spec: _of_states(catalog, subject, spec.movement),
    Trailing: _of_trailing,
}
