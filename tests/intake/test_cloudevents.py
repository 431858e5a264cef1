"""POST /events: every form that CloudEvents have over HTTP ends as the same line in Kafka."""

import json
from datetime import datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from streams.intake.cloudevents import brought
from streams.intake.refusals import Refusal
from streams.intake.requests import Request
from streams.kafka.outline import OF_CONTRACT
from tests.builders import Record, lead_created, ms, shipped
from tests.intake.serving import BATCH, BEARER, LEAD, STRUCTURED, Served, event_at

BINARY = {**BEARER, "Content-Type": "application/json"}


def binary(event: dict[str, Any], **more: str) -> dict[str, Any]:
    headers = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    return {"data": json.dumps(event["data"]), "headers": {**BINARY, **headers, **more}}


async def only(webhooks: Served) -> Any:
    (line,) = await webhooks.published()
    return json.loads(line)


async def test_a_structured_event_is_published_as_it_is(webhooks: Served) -> None:
    answered = await webhooks.send(LEAD)
    assert (answered.status, answered.document) == (202, {"events": 1})
    assert await only(webhooks) == LEAD


async def test_a_binary_event_is_published_in_its_structured_form(webhooks: Served) -> None:
    assert (await webhooks.ask(**binary(LEAD))).status == 202
    assert await only(webhooks) == LEAD


async def test_a_batch_is_published_in_its_order(webhooks: Served) -> None:
    events = [event_at("10:00", id=str(number)) for number in range(50)]
    answered = await webhooks.ask(data=json.dumps(events), headers=BATCH)
    assert (answered.status, answered.document) == (202, {"events": 50})
    assert [json.loads(line) for line in await webhooks.published()] == events


async def test_an_empty_batch_is_accepted(webhooks: Served) -> None:
    answered = await webhooks.ask(data="[]", headers=BATCH)
    assert (answered.status, answered.document) == (202, {"events": 0})


async def test_an_event_of_many_lines_is_one_line_in_kafka(webhooks: Served) -> None:
    await webhooks.ask(data=json.dumps(LEAD, indent=4).replace("\n", "\r\n"), headers=STRUCTURED)
    (line,) = await webhooks.published()
    assert b"\n" not in line and b"\r" not in line and json.loads(line) == LEAD


async def test_what_is_not_ascii_is_percent_encoded_in_headers(webhooks: Served) -> None:
    await webhooks.ask(**binary(LEAD, **{"ce-source": "/caf%C3%A9%25", "CE-PartitionKey": "a%20b"}))
    assert await only(webhooks) == {**LEAD, "source": "/café%", "partitionkey": "a b"}


async def test_the_key_is_that_of_the_contract_or_the_one_that_is_given(webhooks: Served) -> None:
    of_lead = lead_created("lead-7", at="10:00")
    await webhooks.send(of_lead)
    await webhooks.send({**LEAD, "partitionkey": "chosen"})
    keys = {record.key for record in await webhooks.records()}
    assert keys == {OF_CONTRACT.key_of(json.dumps(of_lead).encode()), b"chosen"}


@pytest.mark.parametrize("form", [to_structured, to_binary])
async def test_what_the_official_library_sends_is_published(webhooks: Served, form: Any) -> None:
    time = datetime.fromisoformat(LEAD["time"])
    attributes = {name: value for name, value in LEAD.items() if name != "data"}
    attributes |= {"time": time, "datacontenttype": "application/json"}
    message = form(CloudEvent(attributes, LEAD["data"]), JSONFormat())
    answered = await webhooks.ask(data=message.body, headers={**message.headers, **BEARER})
    assert answered.status == 202, answered
    line = await only(webhooks)
    assert datetime.fromisoformat(line.pop("time")) == time
    assert {**line, "time": LEAD["time"], "datacontenttype": None} == {**LEAD, "datacontenttype": None}


# -- What is wrong with them ------------------------------------------------------------------------------


async def test_of_a_batch_the_good_are_published_and_the_bad_are_listed(webhooks: Served) -> None:
    bad = event_at("10:00", data={"lead_id": 7})
    late = event_at("13:00", id="later")
    answered = await webhooks.ask(data=json.dumps([bad, LEAD, [], late]), headers=BATCH)
    assert answered.status == 422
    assert answered.document["events"] == 1
    faults = [(fault["path"], fault["reason"]) for fault in answered.document["faults"]]
    assert faults == [("[0].data.lead_id", "wrong_type"), ("[2]", "not_object"), ("[3].time", "future_time")]
    assert all(fault["message"] for fault in answered.document["faults"])
    assert await only(webhooks) == LEAD


async def test_a_long_list_of_faults_is_cut_and_counted(webhooks: Served) -> None:
    answered = await webhooks.ask(data=json.dumps([{}] * 250), headers=BATCH)
    assert len(answered.document["faults"]) == 100
    assert answered.document["more_faults"] == 150


FAULTY = [
    (STRUCTURED, b"", ""),
    (STRUCTURED, b"{", ""),
    (STRUCTURED, b'"\xff"', ""),
    (STRUCTURED, b"[" * 100_000, ""),
    (STRUCTURED, b'{"type": "crm.lead.created"} {}', ""),
    (STRUCTURED, b"{}", "type"),
    (BATCH, b"", None),
    (BATCH, b"{}", None),
    (BATCH, b"[{]", None),
    (BATCH, b"[" * 100_000, None),
    ({**BINARY, "ce-type": "crm.lead.created"}, b"", "id"),
    ({**BINARY, "ce-type": "crm.lead.created"}, b'{}, "id": "x"', None),
    ({**BINARY, "ce-type": "%FF"}, b"{}", None),
]


@pytest.mark.parametrize(("headers", "body", "path"), FAULTY)
async def test_what_is_no_event_is_told_and_not_published(
    webhooks: Served, headers: dict[str, str], body: bytes, path: str | None
) -> None:
    answered = await webhooks.ask(data=body, headers=headers)
    assert (answered.status, answered.document["reason"]) == (422, "faulty")
    assert [fault["path"] for fault in answered.document.get("faults", [])] == (
        [] if path is None else [path]
    )
    assert await webhooks.published() == []


OTHER_MEDIA = [
    "",
    "application/json",
    "application/json; charset=utf-16",
    "application/cloudevents+json; charset=latin-1",
    "application/cloudevents+avro",
    "text/plain",
    "multipart/form-data; boundary=x",
    ";;;=;",
]


@pytest.mark.parametrize("media", OTHER_MEDIA)
async def test_another_content_type_is_refused_with_what_would_be_right(webhooks: Served, media: str) -> None:
    answered = await webhooks.ask(data=json.dumps(LEAD), headers={**BEARER, "Content-Type": media})
    assert (answered.status, answered.document["reason"]) == (415, "unsupported")
    assert "send " in answered.document["error"]


async def test_a_batch_of_too_many_events_is_refused_whole(webhooks: Served) -> None:
    answered = await webhooks.ask(data=json.dumps([0] * 5_001), headers=BATCH)
    assert (answered.status, answered.document["reason"]) == (413, "too_large")


# -- Whatever is sent -------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*LEAD]) | st.text(), inner),
    max_leaves=12,
)
bodies = (
    st.binary(max_size=80)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from([*LEAD]), json_values).map(
        lambda changed: json.dumps([{**LEAD, **changed}, LEAD]).encode()
    )
)
headers = st.dictionaries(
    st.sampled_from(["Content-Type", *(f"ce-{name}" for name in LEAD), "CE-x", "ce-"]),
    st.sampled_from(["application/json", *(one["Content-Type"] for one in (STRUCTURED, BATCH)), "%", "%ff"])
    | st.text(max_size=20),
)


@settings(max_examples=150, deadline=None)
@given(bodies, headers)
def test_whatever_is_sent_it_is_refused_or_its_lines_are_events(body: bytes, sent: dict[str, str]) -> None:
    decoder, now_ms = shipped().decoder, ms("12:00")
    try:
        found = brought(Request("POST", "", CIMultiDict(sent), body), now_ms, decoder)
    except Refusal as refusal:
        assert refusal.status in (413, 415, 422)
        return
    records = [Record(at, now_ms, None, line.value, ()) for at, line in enumerate(found.lines)]
    events, rejects = decoder.decode(records)
    assert [event.type for event in events] == [line.type for line in found.lines]
    assert not rejects
    assert not any(b"\n" in line.value for line in found.lines)
