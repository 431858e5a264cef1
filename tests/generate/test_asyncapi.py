"""The event contract as files: as committed, valid by the official schema, and true of events."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from ruamel.yaml import YAML

from schemas.events import EVENT_TYPES
from streams.commands.generate import Files
from streams.embedded.traffic import encode, spread
from streams.generate.asyncapi import PATH, document, texts
from streams.generate.json_schemas import data_schemas
from tests.builders import event, ms, plan_of, record, shipped
from tests.examples import data_of, required_of

ROOT = Path(__file__).parents[2]
OFFICIAL = Path(__file__).parent / "asyncapi" / "3.0.0.json"
UNTIL_MS = ms("2024-04-15")


@cache
def validator(type_: str) -> Any:
    return Draft202012Validator(data_schemas(shipped())[type_], format_checker=FormatChecker())


# -- The files --------------------------------------------------------------------------------------------


def test_the_committed_files_are_those_that_are_generated() -> None:
    """`kpi generate asyncapi` makes them anew."""
    assert Files("asyncapi", shipped(), ROOT).differences() == []


def test_a_text_says_that_nobody_should_edit_it() -> None:
    for path, text in texts(shipped()).items():
        assert "DO NOT EDIT" in text[:200], path


def test_there_is_a_schema_for_every_type() -> None:
    types = {*EVENT_TYPES, "crm.x.lead.described", "crm.x.deal.described", "crm.x.ticket.described"}
    assert set(texts(shipped())) == {PATH, *(f"schemas/json/{type_}.json" for type_ in types)}


# -- The document -----------------------------------------------------------------------------------------


def faults(made: dict[str, Any]) -> list[str]:
    official = Draft7Validator(json.loads(OFFICIAL.read_text()))
    return [f"{error.json_path}: {error.message}"[:300] for error in official.iter_errors(made)]


def test_the_document_is_valid_by_the_official_schema_of_asyncapi() -> None:
    made = YAML(typ="safe").load((ROOT / PATH).read_text())
    assert made == document(shipped())
    assert faults(made) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"asyncapi": "2.6.0"},
        {"channels": {"events": {"adress": "crm.events"}}},
        {"operations": {"receive": {"action": "take", "channel": {"$ref": "#/channels/events"}}}},
        {"components": {"messages": {"x": {"bindings": {"kafka": {"bindingVersion": "0.5.0", "keys": {}}}}}}},
    ],
)
def test_the_official_schema_refuses_what_is_no_such_document(broken: dict[str, Any]) -> None:
    assert faults({**document(shipped()), **broken})


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def test_every_reference_leads_somewhere() -> None:
    made = document(shipped())
    found = set(references(made))
    assert len(found) > 3 * len(EVENT_TYPES)
    for reference in found:
        part: Any = made
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part


def test_a_type_can_be_sent_in_both_modes_and_says_its_key() -> None:
    made = document(shipped())
    for type_ in EVENT_TYPES:
        for name in (type_, f"{type_}.binary"):
            assert name in made["channels"]["events"]["messages"]
            assert (
                "partitionkey, data."
                in made["components"]["messages"][name]["bindings"]["kafka"]["key"]["description"]
            )
    assert made["channels"]["events"]["address"] == "crm.events"
    assert made["channels"]["deadLetters"]["address"] == "crm.dead-letters"


# -- A catalog's own --------------------------------------------------------------------------------------

OWN = """
version: 1
currency: {report: USD}
events:
  crm.x.demo.held:
    id: demo_id
    required: {demo_id: id, at_time: time, price_minor: amount, currency: currency}
    optional: {room: [red, blue]}
dimensions:
  region: {members: 20}
  office: {members: 20}
  region_office: {of: [region, office], members: 60}
subjects: {}
kpis: {}
"""


def test_types_and_dimensions_of_a_catalog_are_part_of_the_contract() -> None:
    plan = plan_of(OWN)
    assert faults(document(plan)) == []
    schema = json.loads(texts(plan)["schemas/json/crm.x.demo.held.json"])
    assert schema["required"] == ["demo_id", "at_time", "price_minor", "currency"]
    assert schema["properties"]["room"]["anyOf"][0]["enum"] == ["red", "blue"]
    assert schema["properties"]["at_time"] == {"format": "date-time", "type": "string"}
    assert {"office", "region"} < set(schema["properties"])
    assert "region_office" not in schema["properties"]  # made of the two; nobody sends it


# -- What the schemas say of events -----------------------------------------------------------------------


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_a_schema_is_content_with_the_models_own_examples_and_itself_valid(type_: str) -> None:
    checker = validator(type_)
    Draft202012Validator.check_schema(checker.schema)
    for data in (data_of(EVENT_TYPES[type_]), required_of(EVENT_TYPES[type_])):
        checker.validate(data)
    lacking = dict(list(required_of(EVENT_TYPES[type_]).items())[1:])
    assert not checker.is_valid(lacking)


def test_the_schemas_are_content_with_every_event_of_the_simulated_company() -> None:
    checkers = {type_: validator(type_) for type_ in EVENT_TYPES}
    seen = set()
    for _, one in spread(3, 3_000, UNTIL_MS, 200):
        made = json.loads(encode(one))
        checkers[made["type"]].validate(made["data"])
        seen.add(made["type"])
    assert len(seen) > 10


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, [], {}, "", "x" * 201, -1, 1.5, 10**16, "2024-04-01"]
)


@given(st.sampled_from(list(EVENT_TYPES)), st.data())
def test_what_a_schema_refuses_the_worker_refuses_too(type_: str, choices: st.DataObject) -> None:
    """The other way round does not hold: rules across fields are beyond a schema."""
    data = data_of(EVENT_TYPES[type_])
    data[choices.draw(st.sampled_from(sorted(data)))] = choices.draw(ODD)
    events, _ = shipped().decoder.decode([record(event(type_, "10:00", data, id="1"))])
    if not validator(type_).is_valid(data):
        assert not events, data
