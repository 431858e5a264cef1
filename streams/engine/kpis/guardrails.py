"""Guardrails: whether a KPI got better at the cost of another, against the window before.

Of each pair the series that stand for the KPIs are compared, window by window and slice by slice: the final
one where there is one, for of the provisional the newer window always knows less; else the first. Both must
have enough samples in both windows, and what has bounds must differ by more than chance. A slice that is
folded is none: two KPIs do not fold the same members.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import copysign, inf, sqrt
from typing import Final

import msgspec

from schemas.kpis import Guardrail, Kpi
from streams.engine.kpis.confidence import Z
from streams.engine.kpis.readings import Reading
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.terms import Operand
from streams.engine.measures.base import BARE
from streams.engine.plan import Plan
from streams.human import in_words

ENOUGH: Final = 30
"""So many samples must both have where none of their alerts says how many."""

_SIGN: Final = {"up": 1, "down": -1}
_Place = tuple[str, str, str]
"""(window, dimension, member)."""


class Breach(msgspec.Struct, frozen=True, gc=False):
    """What comparing a KPI with its guardrail has shown. `sentence` explains a breach; else it is empty."""

    kpi: str
    guardrail: str
    window: str
    dimension: str
    member: str
    breached: bool
    sentence: str
    folded: bool = False
    """Whether gauges and board fold the member into `other`."""


def breaches(plan: Plan, readings: Iterable[Reading]) -> list[Breach]:
    """Of every pair, window and slice of the readings that can be compared."""
    pairs = [
        _Pair(_Side.of(plan, kpi), _Side.of(plan, guard), guardrail)
        for kpi, guard, guardrail in pairs_of(plan)
    ]
    compared = {side.series.kpi: side.series for pair in pairs for side in (pair.kpi, pair.guard)}
    by_place = _by_place(compared, readings)
    return [breach for pair in pairs for breach in pair.breaches(by_place)]


def first_series(plan: Plan) -> dict[str, SeriesPlan]:
    """KPI -> the series that stands for it."""
    firsts: dict[str, SeriesPlan] = {}
    for series in plan.series:
        firsts.setdefault(series.kpi, series)
    return firsts


def standing_series(plan: Plan) -> dict[str, SeriesPlan]:
    """KPI -> the series by which it is compared."""
    standing: dict[str, SeriesPlan] = {}
    for series in plan.series:
        if series.kpi not in standing or series.mature_ms > standing[series.kpi].mature_ms:
            standing[series.kpi] = series
    return standing


def pairs_of(plan: Plan) -> Iterator[tuple[SeriesPlan, SeriesPlan, Guardrail]]:
    """Of each KPI and each of its guardrails the series that are compared."""
    standing = standing_series(plan)
    for name, kpi in plan.catalog.kpis.items():
        for guardrail in kpi.guardrails:
            yield standing[name], standing[guardrail.kpi], guardrail


def guardrail_notes(plan: Plan) -> list[str]:
    """Which pairs are never compared, or only as a whole: a sentence each. No fault: it may be meant so."""
    return [
        f"{kpi.kpi} and its guardrail {guard.kpi} share no {lack}"
        for kpi, guard, _ in pairs_of(plan)
        for lack in _lacks(kpi, guard)
    ]


def _lacks(kpi: SeriesPlan, guard: SeriesPlan) -> Iterator[str]:
    if not compared_windows(kpi, guard):
        listed = f"{', '.join(_with_before(kpi)) or 'none'}; {', '.join(_with_before(guard)) or 'none'}"
        yield f"window that has one before it: they are never compared ({listed})"
    elif kpi.dimensions and not set(kpi.dimensions) & set(guard.dimensions):
        yield "dimension: they are compared as a whole only"


def compared_windows(kpi: SeriesPlan, guard: SeriesPlan) -> set[str]:
    """Those in which a pair can be compared."""
    return set(_with_before(kpi)) & set(_with_before(guard))


def _with_before(series: SeriesPlan) -> dict[str, None]:
    """Its windows that can be compared with the one before, in order."""
    return {window: None for window in series.windows if series.has_before(window)}


def _by_place(
    series: Mapping[str, SeriesPlan], readings: Iterable[Reading]
) -> dict[str, dict[_Place, Reading]]:
    """KPI -> place -> the reading of its series that can be compared with another's."""
    found: dict[str, dict[_Place, Reading]] = {name: {} for name in series}
    for reading in readings:
        one = series.get(reading.kpi)
        if (
            one is not None
            and reading.compared is not None
            and _is_of(reading, one)
            and reading.fold != "other"
        ):
            found[reading.kpi][reading.window, reading.dimension, reading.member] = reading
    return found


def _is_of(reading: Reading, series: SeriesPlan) -> bool:
    return reading.gauge == series.gauge and reading.labels == series.labels


@dataclass(frozen=True, slots=True)
class _Side:
    """One KPI of a pair."""

    title: str
    series: SeriesPlan
    sign: int
    """1 where more is better, -1 where less is."""

    @classmethod
    def of(cls, plan: Plan, series: SeriesPlan) -> "_Side":
        kpi: Kpi = plan.catalog.kpis[series.kpi]
        return cls(kpi.title, series, _SIGN[kpi.good])

    def gain(self, reading: Reading) -> float:
        """How much better it got: relative, or in points. From 0 any change is beyond all bounds."""
        difference, previous = _difference(reading), reading.previous or 0.0
        if self.series.unit == "points":
            return self.sign * difference
        if not previous:
            return self.sign * copysign(inf, difference) if difference else 0.0
        return self.sign * difference / abs(previous)

    def may_be_chance(self, reading: Reading) -> bool:
        """Whether two windows of the same company differ by so much, 95 times of 100.

        Known of what has bounds, and of what is counted (as of Poisson's law).
        """
        if reading.margin is not None:
            margin = reading.margin
        elif self.is_counted:
            margin = Z * sqrt((reading.compared or 0.0) + (reading.previous or 0.0))
        else:
            return False
        return abs(_difference(reading)) <= margin

    @property
    def is_counted(self) -> bool:
        """Whether it is a sum over a measure that counts; a rate in unit `count` is none."""
        match self.series.formula.term:
            case Operand(function, measure):
                return function == BARE and not measure.is_amount
        return False

    def least(self, window: str) -> int:
        """How many samples its alert in the window wants; 0 where it does not say."""
        alert = self.series.judge.alerts.get(window)
        return 0 if alert is None else alert.min_samples

    def from_to(self, reading: Reading) -> str:
        """fell from 40 % to 20 %"""
        before, now = reading.previous or 0.0, reading.compared or 0.0
        return f"{_verb(reading)} from {self._in_words(before, reading)} to {self._in_words(now, reading)}"

    def moved(self, reading: Reading) -> str:
        """rose 100 %; what is itself in percent, time or points moves from one value to another."""
        if self.series.unit not in ("count", "money") or not reading.previous:
            return self.from_to(reading)
        return f"{_verb(reading)} {in_words(abs(reading.change or 0.0), 'ratio')}"

    def _in_words(self, value: float, reading: Reading) -> str:
        return in_words(value, self.series.unit, reading.labels.get("currency"))


@dataclass(frozen=True, slots=True)
class _Pair:
    kpi: _Side
    guard: _Side
    guardrail: Guardrail

    def breaches(self, readings: Mapping[str, Mapping[_Place, Reading]]) -> Iterator[Breach]:
        of_guard = readings[self.guard.series.kpi]
        for place, of_kpi in readings[self.kpi.series.kpi].items():
            both = (of_kpi, of_guard[place]) if place in of_guard else ()
            if both and _are_enough(both, self._least(of_kpi.window)):
                yield self._compared(*both)

    def _least(self, window: str) -> int:
        return max(self.kpi.least(window), self.guard.least(window)) or ENOUGH

    def _compared(self, of_kpi: Reading, of_guard: Reading) -> Breach:
        better, worse = self.kpi.gain(of_kpi) > 0, -self.guard.gain(of_guard) > self.guardrail.tolerance
        chance = self.kpi.may_be_chance(of_kpi) or self.guard.may_be_chance(of_guard)
        breached = better and worse and not chance
        return Breach(
            kpi=of_kpi.kpi,
            guardrail=of_guard.kpi,
            window=of_kpi.window,
            dimension=of_kpi.dimension,
            member=of_kpi.member,
            breached=breached,
            sentence=self._sentence(of_kpi, of_guard) if breached else "",
            folded=of_kpi.fold is not None,
        )

    def _sentence(self, of_kpi: Reading, of_guard: Reading) -> str:
        gain, loss = self.kpi.moved(of_kpi), self.guard.from_to(of_guard)
        return f"{self.kpi.title} {gain} while {_inside(self.guard.title)} {loss}"


def _are_enough(readings: Sequence[Reading], least: int) -> bool:
    """Of what is compared: the value itself may rest on more, for the pane that holds now is in it."""
    return all(min(one.compared_samples or 0, one.previous_samples or 0) >= least for one in readings)


def _verb(reading: Reading) -> str:
    return "rose" if _difference(reading) > 0 else "fell"


def _difference(reading: Reading) -> float:
    return (reading.compared or 0.0) - (reading.previous or 0.0)


def _inside(title: str) -> str:
    """A title inside a sentence: with a small letter, but for names (NPS, Net Promoter Score)."""
    return title[0].lower() + title[1:] if title[1:].islower() else title
