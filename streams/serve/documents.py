"""Readings as JSON has them, with what the catalog and other readings say of each."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.engine.kpis.guardrails import Breach, first_series
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan

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
