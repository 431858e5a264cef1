"""Readings as JSON has them, with what the catalog and other readings say of each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from streams.engine.kpis.guardrails import Breach, first_series
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.human import rfc3339
from streams.serve.board import Shown
from streams.serve.choosing import series_key

_Of = TypeVar("_Of", Reading, Breach)
Place = tuple[str, str, str, str]
"""(KPI, window, dimension, member)."""
ByPlace = Mapping[Place, Sequence[Breach]]
_encode = msgspec.json.Encoder().encode


def encoded(document: Any) -> bytes:
    """As JSON."""
    return _encode(document)


class Documents:
    """Makes a document per reading; whole numbers of any size stay whole numbers.

    The series that stands for its KPI has the KPI's target, and how it compares with its guardrails.
    """

    def __init__(self, plan: Plan) -> None:
        self._kpis = plan.catalog.kpis
        self._firsts = {series_key(one.gauge, one.labels) for one in first_series(plan).values()}

    def compared(self, reading: Reading, breaches: ByPlace) -> Sequence[Breach]:
        """The comparisons that belong to a reading."""
        return breaches.get(_place(reading), ()) if self._stands(reading) else ()

    def document(self, reading: Reading, compared: Sequence[Breach]) -> dict[str, Any]:
        """The document of a reading with its comparisons."""
        return {
            **msgspec.structs.asdict(reading),
            "target": self._kpis[reading.kpi].target if self._stands(reading) else None,
            "guardrails": [
                {"kpi": one.guardrail, "breached": one.breached, "sentence": one.sentence or None}
                for one in compared
            ],
        }

    def _stands(self, reading: Reading) -> bool:
        return series_key(reading.gauge, reading.labels) in self._firsts


def by_place(breaches: Iterable[Breach]) -> ByPlace:
    found: dict[Place, list[Breach]] = {}
    for breach in breaches:
        found.setdefault(_place(breach), []).append(breach)
    return found


def reading_documents(
    plan: Plan, readings: Iterable[Reading], breaches: Iterable[Breach]
) -> list[dict[str, Any]]:
    """A document per reading."""
    documents, compared = Documents(plan), by_place(breaches)
    return [documents.document(one, documents.compared(one, compared)) for one in readings]


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


def _place(one: Reading | Breach) -> Place:
    return one.kpi, one.window, one.dimension, one.member


# -- How fresh they are ----------------------------------------------------------------------------------


def head_document(shown: Shown, troubles: list[str]) -> dict[str, Any]:
    """What is said of all readings together."""
    return {
        "as_of": _time(shown.as_of_ms),
        "newest_event": _time(shown.newest_ms),
        "stale": _stale(shown),
        "troubles": troubles,
    }


def freshness_document(shown: Shown) -> dict[str, Any]:
    """How old is what is shown, by partition and by whoever sends events; ages in seconds."""
    return {
        "as_of": _time(shown.as_of_ms),
        "newest_event": _time(shown.newest_ms),
        "stale": _stale(shown),
        "lag_seconds": {str(partition): lag_ms / 1000 for partition, lag_ms in shown.lag_ms.items()},
        "sources": [
            {"source": source, "newest_event": _time(shown.sources_ms[source]), "age_seconds": age_ms / 1000}
            for source, age_ms in shown.ages_ms().items()
        ],
    }


def _time(time_ms: int | None) -> str | None:
    return None if time_ms is None else rfc3339(time_ms)


def _stale(shown: Shown) -> list[dict[str, Any]]:
    return [{"partition": stale.partition, "reason": stale.reason} for stale in shown.stale]
