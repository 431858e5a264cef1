"""Bad input is a value: a reason, a field and a message. It stops nothing and costs no good neighbour."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.dead_letter import MAX_ORIGINAL_BYTES
from schemas.events import EVENT_TYPES, Envelope
from streams.engine.decode import Event, Reject, event_digest
from tests.builders import Event as CloudEvent
from tests.builders import (
    Ledger,
    Record,
    cost_recorded,
    customer_churned,
    deal_won,
    lead_contacted,
    lead_created,
    lead_qualified,
    ms,
    record,
    shipped,
    survey_answered,
    ticket_replied,
)
from tests.builders import event as made
from tests.examples import data_of, required_of

GOOD = lead_created("lead-1", at="10:00")
TEXT = json.dumps(GOOD)


def decode(*records: Record) -> tuple[list[Event], list[Reject]]:
    return shipped().decoder.decode(records)


def accepted(value: CloudEvent | str | bytes, **when: Any) -> Event:
    events, rejects = decode(record(value, **when))
    assert not rejects, rejects
    return events[0]


def refused(value: CloudEvent | str | bytes | None, **when: Any) -> tuple[str, str | None, str]:
    events, rejects = decode(record(value, **when))
    assert not events, events
    return rejects[0][1:]


def without(event: CloudEvent, *path: str) -> CloudEvent:
    """The event without one field."""
    copy = json.loads(json.dumps(event))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return dict(copy)


def having(text: str) -> str:
    """The good event with something put in front of its `id`."""
    return TEXT.replace('{"id"', "{" + text + ', "id"', 1)


def of(type_: str, **data: Any) -> CloudEvent:
    """An event of a type with all its fields, some of them as given."""
    return made(type_, "10:00", {**data_of(EVENT_TYPES[type_]), **data})


# -- Each kind of bad input -------------------------------------------------------------------------------

BROKEN: dict[str, tuple[CloudEvent | str | bytes | None, str, str | None, str]] = {
    # what: (value, reason, field, a part of the message)
    "tombstone": (None, "tombstone", None, "no value"),
    "nothing": ("", "not_json", None, "not JSON"),
    "not JSON": ("lead created", "not_json", None, "not JSON"),
    "truncated": (TEXT[:-20], "not_json", None, "not JSON"),
    "two events": (TEXT + TEXT, "not_json", None, "Extra data"),
    "byte order mark": (b"\xef\xbb\xbf" + TEXT.encode(), "not_json", None, "BOM"),
    "array": ("[" + TEXT + "]", "not_object", None, "not a list"),
    "text": ('"crm.lead.created"', "not_object", None, "not a str"),
    "null": ("null", "not_object", None, "not a NoneType"),
    "NaN": (having('"score": NaN'), "not_json", None, "NaN is not JSON"),
    "infinity": (having('"score": -Infinity'), "not_json", None, "-Infinity is not JSON"),
    "control character": (having('"note": "a\nb"'), "not_json", None, "control character"),
    "invalid UTF-8": (TEXT.encode().replace(b"lead-1", b"lead-\xff"), "not_utf8", None, "not UTF-8 at byte"),
    "invalid UTF-8 where nobody looks": (
        TEXT.encode().replace(b'{"id"', b'{"note": "\xc3\x28", "id"'),
        "not_utf8",
        None,
        "not UTF-8 at byte 10",
    ),
    "lone surrogate": (TEXT.replace("lead-1", "lead-\\ud800"), "not_json", None, "surrogates"),
    "lone surrogate where nobody looks": (having('"note": "\\udfff"'), "not_json", None, "surrogates"),
    "deep nesting": (having('"note": ' + "[" * 401 + "]" * 401), "not_json", None, "levels deep"),
    "nesting without end": ("[" * 400_000, "not_json", None, "levels deep"),
    "too large": (having('"note": "' + "x" * MAX_ORIGINAL_BYTES + '"'), "too_large", None, "bytes"),
    "no type": (without(GOOD, "type"), "missing_field", "type", "type is missing"),
    "type no text": ({**GOOD, "type": 7}, "wrong_type", "type", "must be a string"),
    "unknown type": ({**GOOD, "type": "crm.lead.invented"}, "unknown_type", "type", "'crm.lead.invented'"),
    "endless type": ({**GOOD, "type": "x" * 500_000}, "unknown_type", "type", "'xxx"),
    "endless value": (lead_qualified("l", stage="x" * 500_000), "bad_value", "data.stage", "Invalid enum"),
    "no id": (without(GOOD, "id"), "missing_field", "id", "`id`"),
    "empty id": ({**GOOD, "id": ""}, "bad_value", "id", "length >= 1"),
    "long id": ({**GOOD, "id": "x" * 201}, "bad_value", "id", "length <= 200"),
    "no source": (without(GOOD, "source"), "missing_field", "source", "`source`"),
    "other CloudEvents": ({**GOOD, "specversion": "0.3"}, "bad_value", "specversion", "'0.3'"),
    "no data": (without(GOOD, "data"), "missing_field", "data", "`data`"),
    "data an array": ({**GOOD, "data": []}, "wrong_type", "data", "got `array`"),
    "missing field": (
        without(GOOD, "data", "customer_id"),
        "missing_field",
        "data.customer_id",
        "`customer_id`",
    ),
    "null field": (lead_created("l", customer_id=None), "wrong_type", "data.customer_id", "got `null`"),
    "empty subject": (lead_created(""), "bad_value", "data.lead_id", "length >= 1"),
    "wrong type": (lead_created("l", customer_id=12), "wrong_type", "data.customer_id", "got `int`"),
    "number as text": (deal_won("d", amount_minor="5"), "wrong_type", "data.amount_minor", "got `str`"),
    "number not whole": (deal_won("d", amount_minor=5.5), "wrong_type", "data.amount_minor", "got `float`"),
    "number as yes": (deal_won("d", amount_minor=True), "wrong_type", "data.amount_minor", "got `bool`"),
    "yes as number": (ticket_replied("t", public=1), "wrong_type", "data.public", "got `int`"),
    "dimension no text": (lead_created("l", channel=["web"]), "wrong_type", "data.channel", "got `array`"),
    "negative amount": (deal_won("d", amount_minor=-1), "bad_value", "data.amount_minor", ">= 0"),
    "huge amount": (deal_won("d", amount_minor=10**15 + 1), "bad_value", "data.amount_minor", "<= 10000"),
    "an amount of 400 digits": (
        deal_won("d", amount_minor=10**400),
        "bad_value",
        "data.amount_minor",
        "<= 1000",
    ),
    "an amount of 5000 digits": (
        json.dumps(deal_won("d", id="e")).replace("10000", "1" * 5000),
        "bad_value",
        "data.amount_minor",
        "<= 1000",
    ),
    "minus 5000 digits": (
        json.dumps(deal_won("d", id="e")).replace("10000", "-" + "1" * 5000),
        "bad_value",
        "data.amount_minor",
        ">= 0",
    ),
    "unknown currency": (deal_won("d", currency="XXX"), "unknown_currency", "data.currency", "EUR, GBP, USD"),
    "small letters": (deal_won("d", currency="usd"), "unknown_currency", "data.currency", "'usd'"),
    "currency no code": (deal_won("d", currency="$"), "bad_value", "data.currency", "length"),
    "stage unknown": (lead_qualified("l", stage="hot"), "bad_value", "data.stage", "mql, sql, accepted"),
    "actor unknown": (lead_contacted("l", actor_kind="cat"), "bad_value", "data.actor_kind", "bot, sequence"),
    "kind unknown": (
        customer_churned("c", churn_kind="sad"),
        "bad_value",
        "data.churn_kind",
        "one of voluntary, involuntary, unknown",
    ),
    "nps on 1 to 10": (survey_answered("r", scale_min=1), "bad_scale", "data.scale_max", "0 to 10 only"),
    "scale upside down": (
        survey_answered("r", kind="csat", scale_min=5, scale_max=5, score=5),
        "bad_scale",
        "data.scale_max",
        "5 is not above scale_min 5",
    ),
    "score off its scale": (
        survey_answered("r", score=11),
        "bad_value",
        "data.score",
        "outside its scale 0 to 10",
    ),
    "ces on another scale than the catalog's": (
        survey_answered("r", kind="ces", scale_min=1, scale_max=5, score=5),
        "bad_scale",
        "data.scale_max",
        "the catalog's scale 1 to 7 only",
    ),
    "removal of what is unknown": (
        of("crm.record.removed", entity="leed"),
        "bad_value",
        "data.entity",
        "'leed' is no kind of record here; one of answer, ",
    ),
    "touch unknown": (of("crm.campaign.touched", touch="read"), "bad_value", "data.touch", "delivered, open"),
    "state of a reference": (of("crm.reference.changed", state="x"), "bad_value", "data.state", "fulfilled"),
    "negative duration": (of("crm.request.sampled", duration_ms=-1), "bad_value", "data.duration_ms", ">= 0"),
    "seconds as a fraction": (
        of("crm.request.sampled", duration_ms=1.5),
        "wrong_type",
        "data.duration_ms",
        "got `float`",
    ),
    "consent for nothing": (
        of("crm.consent.changed", purpose=""),
        "bad_value",
        "data.purpose",
        "length >= 1",
    ),
    "due without zone": (
        of("crm.erasure.requested", due_at="2024-05-01T00:00:00"),
        "bad_value",
        "data.due_at",
        "with a zone, e.g. 2026",
    ),
    "due on a day": (
        of("crm.erasure.requested", due_at="2024-05-01"),
        "bad_value",
        "data.due_at",
        "with a zone, e.g. 2026",
    ),
    "due long ago": (
        of("crm.erasure.completed", due_at="0024-05-01T00:00:00Z"),
        "bad_value",
        "data.due_at",
        "the year 24 is not one of 1900 to 2199",
    ),
    "half a period": (
        cost_recorded("k", period_start="2024-04-01"),
        "missing_field",
        "data.period_end",
        "go together",
    ),
    "period upside down": (
        cost_recorded("k", period_start="2024-04-02", period_end="2024-04-01"),
        "bad_value",
        "data.period_end",
        "is before period_start",
    ),
    "period of years": (
        cost_recorded("k", period_start="2024-01-01", period_end="2026-03-11"),  # 801 days
        "bad_value",
        "data.period_end",
        "at most 800 days",
    ),
    "period no day": (
        cost_recorded("k", period_start="April", period_end="May"),
        "bad_value",
        "data.period_start",
        "date",
    ),
    "no time": (without(GOOD, "time"), "missing_field", "time", "`time`"),
    "time without zone": ({**GOOD, "time": "2024-04-15T10:00:00"}, "bad_time", "time", "with a zone"),
    "no such day": ({**GOOD, "time": "2024-02-30T10:00:00Z"}, "bad_time", "time", "RFC 3339"),
    "time as number": ({**GOOD, "time": 1713175200}, "bad_time", "time", "RFC 3339"),
    "time as text of a number": ({**GOOD, "time": "1713175200"}, "bad_time", "time", "RFC 3339"),
    "time null": ({**GOOD, "time": None}, "bad_time", "time", "RFC 3339"),
    "time long ago": ({**GOOD, "time": "0001-01-01T00:00:00+14:00"}, "bad_time", "time", "1900 to 2199"),
    "time to come": ({**GOOD, "time": "9999-12-31T23:59:59-12:00"}, "bad_time", "time", "1900 to 2199"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_bad_record_is_refused_with_reason_field_and_message(what: str) -> None:
    value, reason, field, message = BROKEN[what]
    found = refused(value)
    assert found[:2] == (reason, field)
    assert message in found[2]
    assert len(found[2]) <= 500


def test_no_bad_record_takes_a_good_neighbour_along() -> None:
    good = [lead_created(f"lead-{n}") for n in range(len(BROKEN) + 1)]
    values: list[Any] = [good[0]]
    for neighbour, (bad, *_) in zip(good[1:], BROKEN.values(), strict=True):
        values += [bad, neighbour]
    ledger = Ledger().take_records([record(value, offset=at) for at, value in enumerate(values)])

    assert ledger.sum("leads") == len(good)
    assert [reject.record.offset for reject in ledger.rejects] == list(range(1, len(values), 2))
    assert [reject.reason for reject in ledger.rejects] == [reason for _, reason, _, _ in BROKEN.values()]
    assert [reject.record.value for reject in ledger.rejects[:2]] == [None, b""]


# -- What is good, though it looks odd --------------------------------------------------------------------


def test_unknown_fields_are_ignored_and_unknown_dimensions_too() -> None:
    event = lead_created("lead-1", channel="web", browser={"name": ["lynx"]}, planet="earth")
    data = accepted({**event, "traceparent": "00-1", "datacontenttype": "application/json"}).data
    assert (data.lead_id, data.channel) == ("lead-1", "web")
    assert not hasattr(data, "planet")


def test_an_ignored_number_may_have_any_length() -> None:
    assert accepted(having('"note": ' + "9" * 5_000)).data.lead_id == "lead-1"


def test_nesting_is_bounded_by_us_and_not_by_the_stack() -> None:
    assert accepted(having('"note": ' + "[" * 399 + "]" * 399)).data.lead_id == "lead-1"
    assert refused(having('"note": ' + '{"a":' * 400 + "1" + "}" * 400))[0] == "not_json"


def test_brackets_in_a_text_are_not_nesting() -> None:
    note = json.dumps('"' + "[{" * 300 + "\\")
    assert accepted(having(f'"note": {note}')).data.lead_id == "lead-1"
    wide = "[" + ",".join(["{}"] * 500) + "]"
    assert accepted(having(f'"items": {wide}')).data.lead_id == "lead-1"


def test_white_space_around_an_event_does_no_harm() -> None:
    assert accepted(f"\n  {TEXT}\r\n").data.lead_id == "lead-1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-04-15T10:00:00Z", "10:00"),
        ("2024-04-15T12:00:00+02:00", "10:00"),
        ("2024-04-15T10:00:00.250Z", "10:00:00.250"),
        ("2024-04-15T10:00:00.250999Z", "10:00:00.250"),
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_times_are_milliseconds_and_what_is_finer_is_cut_off(text: str, expected: str | int) -> None:
    assert accepted({**GOOD, "time": text}).time_ms == ms(expected)


def test_an_event_is_known_by_source_and_id() -> None:
    assert accepted(GOOD).digest == event_digest("/tests", GOOD["id"])
    assert event_digest("/a", "b") == int(sha256(b"/a\nb").hexdigest()[:16], 16)


# -- The future, judged by the record ---------------------------------------------------------------------


def test_an_event_may_be_five_minutes_ahead_of_its_record_but_no_more() -> None:
    assert accepted(GOOD, at="09:55").now_ms == ms("09:55")
    reason, field, message = refused(GOOD, at=ms("09:55") - 1)
    assert (reason, field) == ("future_time", "time")
    assert "300 s after its record" in message


# -- A repeated field: the last wins ----------------------------------------------------------------------


@pytest.mark.parametrize("first", ['"other"', "17", "null", '""'])
def test_of_a_repeated_field_the_last_counts_whatever_the_first_says(first: str) -> None:
    again = json.dumps(GOOD["id"])
    assert accepted(TEXT.replace('{"id"', f'{{"id": {first}, "id"')).digest == accepted(GOOD).digest
    assert accepted(TEXT.replace('"lead-1"', f'{first}, "lead_id": "lead-2"', 1).replace(again, '"x"')).data
    repeated = TEXT.replace('"data": {', f'"data": {first}, "data": {{')
    assert accepted(repeated).data.lead_id == "lead-1"


@pytest.mark.parametrize("first", ["crm.lead.converted", "crm.lead.contacted", "crm.lead.invented"])
def test_of_a_repeated_type_the_last_counts(first: str) -> None:
    def types(one: str, other: str) -> str:
        return TEXT.replace('"type": "crm.lead.created"', f'"type": "{one}", "type": "{other}"')

    assert accepted(types(first, "crm.lead.created")).type == "crm.lead.created"
    assert accepted(types("crm.lead.created", "crm.lead.converted")).type == "crm.lead.converted"
    assert refused(types("crm.lead.created", "crm.lead.contacted"))[:2] == (
        "missing_field",
        "data.actor_kind",
    )
    assert refused(types("crm.lead.created", "crm.lead.invented"))[:2] == ("unknown_type", "type")
    at_the_end = TEXT[:-1] + ', "type": "crm.lead.converted"}'
    assert accepted(at_the_end).type == "crm.lead.converted"


def test_of_a_repeated_field_a_bad_last_one_is_refused() -> None:
    assert refused(TEXT[:-1] + ', "id": 5}')[:2] == ("wrong_type", "id")


# -- Binary mode: attributes in headers -------------------------------------------------------------------

DATA = json.dumps(GOOD["data"]).encode()
HEADERS: dict[str, bytes | None] = {
    "content-type": b"application/json",
    "ce_specversion": b"1.0",
    "ce_type": b"crm.lead.created",
    "ce_id": GOOD["id"].encode(),
    "ce_source": b"/tests",
    "ce_time": b"2024-04-15T10:00:00Z",
}


def binary(data: bytes | None = DATA, **headers: bytes | None) -> Record:
    return Record(0, ms("2030-01-01"), None, data, tuple({**HEADERS, **headers}.items()))


def test_binary_mode_gives_the_same_event() -> None:
    events, rejects = decode(binary(), record(GOOD))
    assert not rejects
    assert events[0].digest == events[1].digest
    assert (events[0].type, events[0].time_ms, events[0].data) == (
        events[1].type,
        events[1].time_ms,
        events[1].data,
    )


def test_binary_mode_ignores_headers_without_a_value() -> None:
    assert decode(binary(ce_traceparent=None, other=None))[0]
    assert decode(binary(ce_type=None))[1][0][1:3] == ("missing_field", "type")


BROKEN_BINARY: dict[str, tuple[Record, str, str | None]] = {
    "no data": (binary(None), "tombstone", None),
    "empty": (binary(b""), "not_json", None),
    "truncated": (binary(DATA[:-1]), "not_json", None),
    "array": (binary(b"[]"), "wrong_type", "data"),
    "more than data": (binary(DATA + b', "type": "crm.lead.converted"'), "not_json", None),
    "another id smuggled in": (binary(DATA + b', "id": "other"'), "not_json", None),
    "invalid UTF-8 in data": (binary(DATA.replace(b"lead-1", b"lead-\xff")), "not_utf8", None),
    "invalid UTF-8 in a header": (binary(ce_id=b"\xff"), "not_utf8", "id"),
    "no id": (binary(ce_id=None), "missing_field", "id"),
    "bad time": (binary(ce_time=b"today"), "bad_time", "time"),
    "unknown type": (binary(ce_type=b"crm.lead.invented"), "unknown_type", "type"),
    "missing field": (binary(b'{"lead_id": "l"}'), "missing_field", "data.customer_id"),
}


@pytest.mark.parametrize("what", BROKEN_BINARY)
def test_a_bad_record_in_binary_mode_is_refused_with_reason_and_field(what: str) -> None:
    bad, reason, field = BROKEN_BINARY[what]
    events, rejects = decode(binary(), bad, binary())
    assert len(events) == 2
    assert [(reject.reason, reject.field) for reject in rejects] == [(reason, field)]


# -- The worker's decoders are the published models -------------------------------------------------------

TEXTS = st.sampled_from(
    ["", "x", "é" * 200, "é" * 201, "x" * 201, "USD", "human", "nps", "ces", "new", "lead", "sql"]
)
NUMBERS = st.sampled_from(
    [0, 1, -1, 9, 10, 11, 1000, 1001, -1000, 10**15, 10**15 + 1, 10**19, 10**30, 1.0, 0.5]
)
DAYS = st.sampled_from(
    [
        *("2024-02-29", "2023-02-29", "1899-12-31", "2199-12-31", "2024-4-1", "2024-04-01T00:00:00"),
        *("2024-04-01T00:00:00Z", "2024-04-01T00:00:00.5+02:00", "1899-12-31T23:59:59Z"),
    ]
)
ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, False, [], {}, ["x"]])
ANYTHING: st.SearchStrategy[Any] = st.one_of(TEXTS, NUMBERS, DAYS, ODD)


def decoder_accepts(type_: str, data: Any) -> bool:
    events, rejects = decode(record({**GOOD, "type": type_, "data": data}))
    assert len(events) + len(rejects) == 1
    # The models leave currencies to the catalog.
    return bool(events) or rejects[0].reason == "unknown_currency"


def model_accepts(type_: str, data: Any) -> bool:
    """Whether the model does, and what the catalog declares allows it."""
    model = EVENT_TYPES[type_]
    try:
        made = model.model_validate_json(json.dumps(data))
    except ValidationError:
        return False
    return model.fault(made, shipped().decoder.declared) is None


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_the_decoder_accepts_data_of_which_every_field_is_given_and_of_which_only_what_is_required(
    type_: str,
) -> None:
    for data in (data_of(EVENT_TYPES[type_]), required_of(EVENT_TYPES[type_])):
        assert decoder_accepts(type_, data) and model_accepts(type_, data), data


@pytest.mark.parametrize("type_", EVENT_TYPES)
@settings(max_examples=25)
@given(st.data())
def test_the_decoder_accepts_exactly_what_the_model_accepts(type_: str, choices: st.DataObject) -> None:
    data = data_of(EVENT_TYPES[type_])
    field = choices.draw(st.sampled_from(sorted(data)))
    if choices.draw(st.booleans()):
        data[field] = choices.draw(ANYTHING)
    else:
        del data[field]
    assert decoder_accepts(type_, data) == model_accepts(type_, data), data


@given(
    st.sampled_from(["id", "source", "specversion", "data"]),
    st.one_of(ANYTHING, st.just("1.0"), st.just("2.0")),
)
def test_the_decoder_accepts_exactly_the_attributes_that_the_envelope_accepts(name: str, value: Any) -> None:
    changed = {**GOOD, name: value}
    try:
        Envelope.model_validate_json(json.dumps(changed))
        expected = name != "data"
    except ValidationError:
        expected = False
    assert bool(decode(record(changed))[0]) == expected


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")))
def test_whatever_bytes_arrive_they_are_an_event_or_a_reject(noise: bytes) -> None:
    value = TEXT.encode()
    at = len(noise) * 7 % len(value)
    for bad in (noise, value[:at] + noise + value[at:], value[:at] + noise + value[at + len(noise) :]):
        events, rejects = decode(record(bad))
        assert len(events) + len(rejects) == 1
