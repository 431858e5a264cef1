"""References: the formulas of a catalog's KPIs, which may name one another, but not in a circle."""

from collections.abc import Mapping
from typing import Final

from schemas.catalog import Catalog
from schemas.kpis import Kpi
from streams.engine.expressions import ExpressionError, names
from streams.engine.kpis.formulas import compile_formula
from streams.engine.kpis.terms import Formula
from streams.engine.measures.base import Measure

_Key = tuple[str, int]
"""(KPI, which of its series)."""


class RestsOnFault(ExpressionError):
    """What is wrong is told elsewhere: of a measure, or of another KPI."""


class _Circle(ExpressionError):
    """KPIs that name one another in a circle; it is told of the first of them."""

    def __init__(self, circle: list[_Key]) -> None:
        self.first: Final = circle[0]
        way = " -> ".join(kpi for kpi, _ in (*circle, circle[0]))
        super().__init__(f"{way} is a circle: no formula can rest on itself; take one of them apart")


class Formulas:
    """Compiles each formula when it is first asked for."""

    def __init__(self, catalog: Catalog, measures: Mapping[str, Measure]) -> None:
        """`measures` are those that could be compiled; of the others the fault is told already."""
        self._kpis = catalog.kpis
        self.known = measures
        declared = {name for subject in catalog.subjects.values() for name in subject.measures}
        self._faulty = declared - measures.keys()
        self._found: dict[_Key, Formula | ExpressionError] = {}
        self._open: list[_Key] = []
        """What is being compiled; each names the next."""

    def of(self, kpi: str, at: int) -> Formula:
        """The formula of a KPI's series; ExpressionError says what in it cannot be.

        RestsOnFault, when it is the KPI's `requires`, a measure or another KPI that cannot be.
        """
        key = (kpi, at)
        if key not in self._found:
            self._found[key] = self._attempt(key)
        found = self._found[key]
        if isinstance(found, ExpressionError):
            raise found
        return found

    def _attempt(self, key: _Key) -> Formula | ExpressionError:
        self._open.append(key)
        try:
            return self._compile(*key)
        except _Circle as circle:
            if circle.first == key:
                return ExpressionError(str(circle))
            self._found[key] = RestsOnFault(str(circle))
            raise
        except ExpressionError as fault:
            return fault
        finally:
            self._open.pop()

    def _compile(self, name: str, at: int) -> Formula:
        kpi = self._kpis[name]
        series = kpi.all_series()[at]
        for text in filter(None, (series.formula, series.samples)):
            if not self._faulty.isdisjoint({*kpi.requires, *names(text)}):
                raise RestsOnFault(f"{name} reads a measure that is at fault")
        if not _is_whole(kpi) or not self.known.keys() >= set(kpi.requires):
            raise RestsOnFault(f"{name} is at fault")
        requires = [self.known[required] for required in kpi.requires]
        formula = compile_formula(series.formula, self.known, self._named, list(self._kpis), requires)
        if series.samples is None:
            return formula
        return formula.counted_by(compile_formula(series.samples, self.known))

    def _named(self, name: str) -> Formula | None:
        """The formula that a name in another formula means."""
        kpi, _, label = name.partition(".")
        if kpi not in self._kpis:
            return None
        key = (kpi, self._series(kpi, label) if label else 0)
        if key in self._open:
            raise _Circle(self._open[self._open.index(key) :])
        try:
            return self.of(*key)
        except _Circle:
            raise
        except ExpressionError as fault:
            raise RestsOnFault(str(fault)) from None

    def _series(self, name: str, label: str) -> int:
        series = self._kpis[name].all_series()
        found = [at for at, one in enumerate(series) if label in one.labels.values()]
        if len(found) != 1:
            known = ", ".join(f"{name}.{value}" for one in series for value in one.labels.values())
            raise ExpressionError(
                f"{name}.{label} names {len(found) or 'no'} series of {name}; known: {known or 'none'}"
            )
        return found[0]


def _is_whole(kpi: Kpi) -> bool:
    """Whether the KPI has either a formula or series, as it must."""
    return (kpi.formula is None) != (not kpi.series)
