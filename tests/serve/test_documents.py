"""Readings as JSON: the fields of the reading, its KPI's target, and how it compares with its guardrails."""

import json
from typing import Any

import msgspec

from streams.engine.kpis.guardrails import Breach
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.serve.documents import reading_documents
from tests.builders import CATALOG, Ledger, lead_contacted, lead_created, plan_of


def with_target() -> Plan:
    text = CATALOG.read_text().replace("gauge: crm_leads\n", "gauge: crm_leads\n    target: 50\n")
    return plan_of(text)


PLAN = with_target()
READINGS = (
    Ledger(PLAN).take(lead_created("a", "10:00", channel="web"), lead_contacted("a", "10:05")).readings()
)


def breach(member: str, *, breached: bool) -> Breach:
    dimension, sentence = "all" if member == "all" else "channel", "It did." if breached else ""
    return Breach("lead_volume", "lead_acceptance", "24h", dimension, member, breached, sentence)


def documents(*breaches: Breach) -> list[dict[str, Any]]:
    return reading_documents(PLAN, READINGS, breaches)


def of(kpi: str, *breaches: Breach, **where: str) -> list[dict[str, Any]]:
    wanted = {"kpi": kpi, "window": "24h", **where}
    return [one for one in documents(*breaches) if wanted.items() <= one.items()]


def test_a_document_has_every_field_of_its_reading_and_is_json() -> None:
    for document, reading in zip(documents(), READINGS, strict=True):
        assert msgspec.structs.asdict(reading).items() <= document.items()
    assert json.loads(json.dumps(documents())) == documents()
    assert {"previous", "change", "lower", "upper", "verdict"} <= set(Reading.__struct_fields__)


def test_a_target_is_told_with_the_series_that_stands_for_its_kpi_and_no_other() -> None:
    assert {one["target"] for one in of("lead_volume")} == {50}
    first, *others = of("lead_response", member="all")
    assert (first["target"], {one["target"] for one in others}) == (3600, {None})
    assert {one["target"] for one in of("leads_waiting")} == set()


def test_a_breach_stands_where_it_was_found_with_its_sentence() -> None:
    found = of("lead_volume", breach("all", breached=True), breach("web", breached=False))
    assert {one["member"]: one["guardrails"] for one in found if one["member"] in ("all", "web")} == {
        "all": [{"kpi": "lead_acceptance", "breached": True, "sentence": "It did."}],
        "web": [{"kpi": "lead_acceptance", "breached": False, "sentence": None}],
    }


def test_what_was_not_compared_has_no_guardrails() -> None:
    assert {tuple(one["guardrails"]) for one in documents()} == {()}
    others = [one for one in documents(breach("all", breached=True)) if one["guardrails"]]
    assert [(one["kpi"], one["window"], one["member"]) for one in others] == [("lead_volume", "24h", "all")]
