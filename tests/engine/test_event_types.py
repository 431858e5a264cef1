"""Event types of a catalog's own, in the engine: how their fields are kept, and what of them is refused."""

from typing import Any

import pytest

from streams.engine.facts import Row
from tests.builders import Event, Ledger, event, ms, plan_of

DEMOS = """
version: 1
currency: {report: USD, rates: {EUR: {rate: 1.10}}}
events:
  crm.x.demo.planned:
    id: demo_id
    required: {demo_id: id, begins: time, day: date, kind: [remote, on_site]}
    optional: {price_minor: amount, currency: currency, period_start: date, period_end: date, host: text}
  crm.x.demo.attended:
    id: demo_id
    required: {demo_id: id, guest_id: id}
dimensions: {}
subjects:
  demo:
    id: demo_id
    steps: {planned: {event: crm.x.demo.planned}}
    registers:
      planning: {event: crm.x.demo.planned, fields: [begins, day, kind, price_minor]}
      unsaid: {event: crm.x.demo.planned, fields: [period_start, host]}
    measures: {demos: {count: planned}}
  attendance:
    id: [demo_id, guest_id]
    steps: {attended: {event: crm.x.demo.attended}}
    measures: {attendances: {count: attended}}
  request:
    id: request_id
    registers: {asked: {event: crm.erasure.requested, fields: [due_at]}}
kpis: {}
"""
USUAL = {"demo_id": "d", "begins": "2024-04-16T12:00:00.250999+02:00", "day": "2024-04-16", "kind": "remote"}


def planned(**data: Any) -> Event:
    return event("crm.x.demo.planned", "10:00", {**USUAL, **data})


def row(kind: str, id_: str, *events: Event) -> Row:
    ledger = Ledger(plan_of(DEMOS)).take(*events)
    assert not ledger.rejects
    return ledger.engine.decode_row(kind, ledger.encoded[kind, id_])


def test_times_are_kept_in_milliseconds_days_as_numbers_and_amounts_in_the_reporting_currency() -> None:
    told = planned(price_minor=10_000, currency="EUR")
    days = 738_992  # from the first day of the year 1 to 16 April 2024
    assert row("demo", "d", told).planning[3] == (ms("2024-04-16 10:00:00.250"), days, "remote", 11_000)


def test_what_is_not_said_is_kept_as_nothing() -> None:
    assert row("demo", "d", planned()).unsaid[3] == (None, None)


def test_a_time_of_the_contracts_own_types_is_kept_in_milliseconds_too() -> None:
    data = {"request_id": "q", "customer_id": "c", "due_at": "2024-05-15T00:00:00Z"}
    assert row("request", "q", event("crm.erasure.requested", "10:00", data)).asked[3] == (ms("2024-05-15"),)


def test_subjects_that_only_several_fields_name_are_told_apart_by_all_of_them() -> None:
    who = [("d", "g"), ("d", "h"), ("e", "g"), ("d", "g")]
    told = [
        event("crm.x.demo.attended", "10:00", {"demo_id": demo, "guest_id": guest}) for demo, guest in who
    ]
    assert Ledger(plan_of(DEMOS)).take(*told).sum("attendances") == 3


REFUSED = [
    ({"kind": "by post"}, "bad_value", "data.kind", "one of remote, on_site"),
    ({"begins": "2024-04-16T12:00:00"}, "bad_value", "data.begins", "with a zone"),
    ({"begins": "1024-04-16T12:00:00Z"}, "bad_value", "data.begins", "1900 to 2199"),
    ({"day": "2204-04-16"}, "bad_value", "data.day", "1900 to 2199"),
    ({"day": "16 April"}, "bad_value", "data.day", "date"),
    ({"price_minor": 1, "currency": "XXX"}, "unknown_currency", "data.currency", "EUR, USD"),
    ({"period_start": "2024-04-16"}, "missing_field", "data.period_end", "go together"),
    (
        {"period_start": "2020-01-01", "period_end": "2024-01-01"},
        "bad_value",
        "data.period_end",
        "at most 800 days",
    ),
    ({"begins": None}, "wrong_type", "data.begins", "null"),
]


@pytest.mark.parametrize(("data", "reason", "field", "message"), REFUSED)
def test_an_event_of_ones_own_is_refused_like_the_contracts(
    data: dict[str, Any], reason: str, field: str, message: str
) -> None:
    ledger = Ledger(plan_of(DEMOS)).take(planned(**data))
    (reject,) = ledger.rejects
    assert (reject.reason, reject.field) == (reason, field)
    assert message in reject.message


def test_one_plans_types_are_not_anothers() -> None:
    other = DEMOS.replace("crm.x.demo.", "crm.x.visit.")
    ledger = Ledger(plan_of(other)).take(planned())
    assert [reject.reason for reject in ledger.rejects] == ["unknown_type"]
    assert Ledger(plan_of(DEMOS)).take(planned()).sum("demos") == 1
