"""Readings as JSON has them, with what the catalog and other readings say of each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from streams.engine.kpis.guardrails import Breach, first_series
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan

_Of = TypeVar("_Of", Reading, Breach)
_Place = tuple[str, str, str, str]
"""(KPI, window, dimension, member)."""


def reading_documents(
    plan: Plan, readings: Iterable[Reading], breaches: Iterable[Breach]
) -> list[dict[str, Any]]:
    """A document per reading; whole numbers of any size stay whole numbers.

    The series that stands for its KPI has the KPI's target, and how it compares with its guardrails.
    """
    compared: dict[_Place, list[Breach]] = {}
    for breach in breaches:
        compared.setdefault(_place(breach), []).append(breach)
    firsts = {(one.gauge, *sorted(one.labels.items())) for one in first_series(plan).values()}
    documents = []
    for reading in readings:
        stands = (reading.gauge, *sorted(reading.labels.items())) in firsts
        target = plan.catalog.kpis[reading.kpi].target if stands else None
        found = compared.get(_place(reading), ()) if stands else ()
        documents.append(_document(reading, target, found))
    return documents


class Sorted(NamedTuple):
    """What is shown, by KPI."""

    shown: Sequence[Reading]
    readings: Mapping[str, Sequence[Reading]]
    breaches: Mapping[str, Sequence[Breach]]


class ByKpi:
    """Sorts what is shown by KPI, once for each set of readings: most who ask want one KPI of many."""

    def __init__(self) -> None:
        self._last = Sorted((), {}, {})

    def of(self, readings: Sequence[Reading], breaches: Sequence[Breach]) -> Sorted:
        """May be called by several threads: at worst two of them sort the same."""
        found = self._last
        if found.shown is not readings:
            found = self._last = Sorted(readings, _by_kpi(readings), _by_kpi(breaches))
        return found


def _by_kpi(items: Iterable[_Of]) -> dict[str, list[_Of]]:
    found: dict[str, list[_Of]] = {}
    for item in items:
        found.setdefault(item.kpi, []).append(item)
    return found


def _document(reading: Reading, target: float | None, breaches: Sequence[Breach]) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(reading),
        "target": target,
        "guardrails": [
            {"kpi": one.guardrail, "breached": one.breached, "sentence": one.sentence or None}
            for one in breaches
        ],
    }


def _place(one: Reading | Breach) -> _Place:
    return one.kpi, one.window, one.dimension, one.member
