"""Readings as they were written out in JSON: each is written once, for however many ask, until it changes."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from streams.engine.kpis.guardrails import Breach
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.serve.board import Shown
from streams.serve.choosing import Chooser, Filter
from streams.serve.documents import ByKpi, Documents, by_place, encoded


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

    def is_of(self, reading: Reading, compared: Sequence[Breach]) -> bool:
        """Readings that did not change are mostly the very same."""
        same = self.reading is reading or self.reading == reading
        return same and self.compared == tuple(compared)


class Written:
    """Writes readings out. May be called by several threads: at worst two of them write the same."""

    def __init__(self, plan: Plan, by_kpi: ByKpi) -> None:
        self._documents = Documents(plan)
        self._by_kpi = by_kpi
        self._chooser = lru_cache(maxsize=256)(lambda wanted: Chooser(plan, wanted))
        self._texts: dict[Key, _Text] = {}

    def texts(self, shown: Shown, wanted: Filter) -> Texts:
        """Of the readings that are shown and wanted; the same bytes as long as a reading is the same."""
        found, chooser = self._by_kpi.of(shown.readings, shown.breaches), self._chooser(wanted)
        compared = by_place(breach for kpi in chooser.kpis for breach in found.breaches.get(kpi, ()))
        self._forget(shown)
        chosen = ((Key.of(reading), reading) for reading in chooser.choose(found.readings))
        return {
            key: self._text(key, reading, self._documents.compared(reading, compared))
            for key, reading in chosen
        }

    def _text(self, key: Key, reading: Reading, compared: Sequence[Breach]) -> bytes:
        known = self._texts.get(key)
        if known is None or not known.is_of(reading, compared):
            text = encoded(self._documents.document(reading, compared))
            known = self._texts[key] = _Text(reading, tuple(compared), text)
        return known.text

    def _forget(self, shown: Shown) -> None:
        """There are never more texts than readings but for some that went since: members come and go."""
        if len(self._texts) > 2 * len(shown.readings):
            self._texts = {}


def joined(head: Mapping[str, Any], texts: Iterable[bytes]) -> bytes:
    """A document that begins with these fields and ends with the readings."""
    return encoded(head)[:-1] + b',"readings":[' + b",".join(texts) + b"]}"
