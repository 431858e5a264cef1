"""Readings as they are written out: once, until something in them changes."""

from dataclasses import replace
from typing import Any

import msgspec

from streams.engine.kpis.guardrails import Breach
from streams.serve.board import Shown
from streams.serve.choosing import Filter
from streams.serve.documents import ByKpi, reading_documents
from streams.serve.written import Key, Texts, Written, joined
from tests.builders import each, lead_created, shipped
from tests.serve.builders import showing

VOLUME = Filter(kpis=frozenset({"lead_volume"}), windows=frozenset({"24h"}), dimensions=frozenset({"all"}))


def leads(number: int) -> Shown:
    return showing(*each(lambda at: lead_created(f"lead-{at}", "10:00", channel=f"c{at}"), number))


def written() -> Written:
    return Written(shipped(), ByKpi())


def breach(breached: bool) -> Breach:
    return Breach(
        "lead_volume", "lead_acceptance", "24h", "all", "all", breached, "It did." if breached else ""
    )


def only(texts: Texts) -> tuple[Key, bytes]:
    (found,) = texts.items()
    return found


def told(texts: Texts) -> list[Any]:
    return list(map(msgspec.json.decode, texts.values()))


def test_what_is_written_is_the_document_of_the_reading() -> None:
    shown = leads(2)
    assert told(written().texts(shown, Filter())) == reading_documents(shipped(), shown.readings, ())


def test_a_reading_that_is_the_same_is_not_written_again() -> None:
    writing = written()
    (_, first), (_, again) = only(writing.texts(leads(2), VOLUME)), only(writing.texts(leads(2), VOLUME))
    assert first is again
    _, changed = only(writing.texts(leads(3), VOLUME))
    assert msgspec.json.decode(changed)["value"] == 3


def test_a_reading_is_written_again_when_its_guardrail_breaks() -> None:
    writing, shown = written(), leads(2)
    key, quiet = only(writing.texts(shown, VOLUME))
    later = replace(shown, readings=list(shown.readings), breaches=[breach(True)])
    _, loud = only(writing.texts(later, VOLUME))
    assert msgspec.json.decode(quiet)["guardrails"] == []
    assert msgspec.json.decode(loud)["guardrails"][0]["breached"] is True
    assert key.document() == {
        "gauge": "crm_leads",
        "labels": {},
        "window": "24h",
        "dimension": "all",
        "member": "all",
    }


def test_what_is_joined_is_json_also_when_there_is_nothing() -> None:
    assert msgspec.json.decode(joined({"as_of": None}, [])) == {"as_of": None, "readings": []}
    assert msgspec.json.decode(joined({"a": 1}, [b'{"b":2}', b"3"])) == {"a": 1, "readings": [{"b": 2}, 3]}


def test_members_that_went_are_forgotten_some_day() -> None:
    writing = written()
    for number in (30, 1, 1):
        writing.texts(leads(number), Filter())
    assert len(writing._texts) <= 2 * len(leads(1).readings)
