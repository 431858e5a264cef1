"""Readings as they were written out in JSON: each is written once, for however many ask, until it changes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from streams.engine.kpis.guardrails import Breach
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.serve.board import Shown
from streams.serve.choosing import Chooser, Filter
from streams.serve.documents import ByKpi, Documents, by_place

_encode = msgspec.json.Encoder().encode


class Key(NamedTuple):
    """What tells a reading from all others of one moment."""

    gauge: str
    labels: tuple[tuple[str, str], ...]
    window: str
    dimension: str
    member: str

    @classmethod
    def of(cls, one: Reading) -> "Key":
        return cls(one.gauge, tuple(sorted(one.labels.items())), one.window, one.dimension, one.member)

    def document(self) -> dict[str, Any]:
        return {**self._asdict(), "labels": dict(self.labels)}


Texts = dict[Key, bytes]


class _Text(NamedTuple):
    reading: Reading
    compared: Sequence[Breach]
    text: bytes


class Written:
    """Writes readings out. May be called by several threads: at worst two of them write the same."""

    def __init__(self, plan: Plan, by_kpi: ByKpi) -> None:
        self._plan = plan
        self._documents = Documents(plan)
        self._by_kpi = by_kpi
        self._texts: dict[Key, _Text] = {}

    def texts(self, shown: Shown, wanted: Filter) -> Texts:
        """Of the readings that are shown and wanted; the same bytes as long as a reading is the same."""
        found, chooser = self._by_kpi.of(shown.readings, shown.breaches), Chooser(self._plan, wanted)
        compared = by_place(breach for kpi in chooser.kpis for breach in found.breaches.get(kpi, ()))
        return {
            Key.of(reading): self._text(reading, self._documents.compared(reading, compared))
            for reading in chooser.choose(found.readings)
        }

    def _text(self, reading: Reading, compared: Sequence[Breach]) -> bytes:
        key = Key.of(reading)
        known = self._texts.get(key)
        if known is None or known.reading != reading or known.compared != compared:
            text = _encode(self._documents.document(reading, compared))
            known = self._texts[key] = _Text(reading, tuple(compared), text)
        return known.text


def joined(head: Mapping[str, Any], texts: Iterable[bytes]) -> bytes:
    """A document that begins with these fields and ends with the readings."""
    return _encode(head)[:-1] + b',"readings":[' + b",".join(texts) + b"]}"
