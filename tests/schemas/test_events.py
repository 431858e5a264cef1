"""The event contract: what a producer can say with the models, and what it cannot."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from schemas import events
from schemas.dead_letter import Reason
from schemas.events import EVENT_TYPES, CostRecorded, DealWon, Event, LeadCreated, SurveyAnswered, SurveySent
from tests.builders import record, shipped

AT = datetime(2024, 4, 15, 10, tzinfo=UTC)
LEAD = LeadCreated(lead_id="lead-1", customer_id="customer-1")


def event(of: events.Data, **attributes: Any) -> Event:
    return Event(**{"id": "1", "source": "/tests", "type": of.TYPE, "time": AT, "data": of, **attributes})


# -- What a producer sends is what the worker reads -------------------------------------------------------

SENT = [
    LEAD,
    LeadCreated(lead_id="l", customer_id="c", origin="referral", channel="web", planet="earth"),
    DealWon(deal_id="d", customer_id="c", amount_minor=129_900, currency="USD", revision=3),
    CostRecorded(
        cost_id="k",
        category="marketing",
        amount_minor=1,
        currency="EUR",
        period_start=date(2024, 4, 1),
        period_end=date(2024, 4, 30),
    ),
    SurveyAnswered(response_id="r", kind="csat", score=4, scale_min=1, scale_max=5, has_comment=True),
]


@pytest.mark.parametrize("data", SENT, ids=lambda data: data.TYPE)
def test_an_event_that_is_written_can_be_read_by_the_worker_and_read_back(data: events.Data) -> None:
    written = event(data).to_json()
    found, rejects = shipped().decoder.decode([record(written)])
    assert not rejects
    assert found[0].type == data.TYPE
    known = {name: getattr(data, name) for name in type(data).model_fields}
    assert {name: getattr(found[0].data, name) for name in known} == known
    assert Event.model_validate_json(written) == event(data)


def test_what_is_not_said_is_not_written() -> None:
    assert event(LEAD).to_json() == (
        b'{"specversion":"1.0","id":"1","source":"/tests","type":"crm.lead.created",'
        b'"time":"2024-04-15T10:00:00Z","data":{"lead_id":"lead-1","customer_id":"customer-1"}}'
    )


def test_dimensions_travel_with_the_data() -> None:
    assert b'"channel":"web"' in event(LeadCreated(lead_id="l", customer_id="c", channel="web")).to_json()


def test_the_types_are_those_of_the_contract() -> None:
    assert sorted(EVENT_TYPES) == [
        *("crm.cost.recorded", "crm.customer.activated", "crm.customer.churned"),
        *("crm.deal.created", "crm.deal.lost", "crm.deal.stage_changed", "crm.deal.won"),
        *("crm.lead.assigned", "crm.lead.contacted", "crm.lead.converted", "crm.lead.created"),
        *("crm.lead.disqualified", "crm.lead.qualified", "crm.survey.answered", "crm.survey.sent"),
        *("crm.ticket.created", "crm.ticket.escalated", "crm.ticket.reopened", "crm.ticket.replied"),
        "crm.ticket.resolved",
    ]
    assert all(type_ == model.TYPE for type_, model in EVENT_TYPES.items())
    assert all(model.OWN_ID in model.model_fields for model in EVENT_TYPES.values())


# -- One key per relationship -----------------------------------------------------------------------------

KEYS = [
    (event(LEAD, partitionkey="given"), "given"),
    (event(LEAD), "customer-1"),
    (event(SurveySent(invitation_id="i", kind="nps")), "i"),
    (event(SurveySent(invitation_id="i", kind="nps", customer_id="c")), "c"),
    (
        event(
            SurveyAnswered(response_id="r", invitation_id="i", kind="nps", score=1, scale_min=0, scale_max=10)
        ),
        "i",
    ),
    (event(SurveyAnswered(response_id="r", kind="nps", score=1, scale_min=0, scale_max=10)), "r"),
    (event(CostRecorded(cost_id="k", category="sales", amount_minor=1, currency="USD")), "k"),
]


@pytest.mark.parametrize(("made", "key"), KEYS, ids=lambda value: value if isinstance(value, str) else "")
def test_all_events_of_a_relationship_have_its_key(made: Event, key: str) -> None:
    assert made.key() == key


def test_the_key_of_what_is_unknown_here_is_looked_for_all_the_same() -> None:
    assert events.partition_key("crm.order.paid", {"order_id": "o", "customer_id": "c"}) == "c"
    assert events.partition_key("crm.order.paid", {"order_id": "o"}) is None
    assert events.partition_key("crm.lead.created", {"customer_id": "", "lead_id": 7}) is None


# -- What cannot be said ----------------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "at least 1 character"),
    ({"source": "x" * 201}, "at most 200 characters"),
    ({"time": datetime(2024, 4, 15, 10)}, "timezone"),  # noqa: DTZ001
    ({"time": "2024-04-15T10:00:00Z"}, "valid datetime"),
    ({"specversion": "0.3"}, "'1.0'"),
    ({"type": "crm.deal.won"}, "crm.deal.won does not fit data of LeadCreated"),
    ({"type": "crm.lead.invented"}, "crm.lead.invented does not fit data of LeadCreated"),
    ({"type": "crm.lead.invented", "data": {"lead_id": "l"}}, "crm.lead.invented does not fit data of Data"),
    ({"type": "crm.deal.won", "data": {"deal_id": "d"}}, "data.amount_minor\n  Field required"),
    ({"data": None}, "data"),
]


@pytest.mark.parametrize(("attributes", "message"), WRONG)
def test_an_event_that_the_worker_would_refuse_cannot_be_made(
    attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        event(LEAD, **attributes)
    assert message in str(refused.value)


@pytest.mark.parametrize("value", ["129900", 1299.0, -1, 10**15 + 1, True, None])
def test_an_amount_is_whole_minor_units_from_0_to_10_to_the_15(value: Any) -> None:
    with pytest.raises(ValidationError):
        DealWon(deal_id="d", customer_id="c", amount_minor=value, currency="USD")


def test_a_rule_across_fields_names_reason_field_and_message() -> None:
    with pytest.raises(ValidationError) as refused:
        SurveyAnswered(response_id="r", kind="nps", score=3, scale_min=1, scale_max=5)
    fault = refused.value.errors()[0]
    assert (fault["ctx"]["reason"], fault["ctx"]["field"]) == ("bad_scale", "scale_max")
    assert fault["msg"].startswith("NPS is asked on the scale 0 to 10 only")


def test_the_reasons_of_rules_are_reasons_of_dead_letters() -> None:
    answers = [("nps", 1, 1, 10), ("csat", 1, 5, 5), ("csat", 9, 1, 5)]
    first, second, years = date(2024, 4, 1), date(2024, 4, 2), date(2030, 1, 1)
    periods = [(first, None), (None, first), (second, first), (date(1899, 1, 1), first), (first, years)]
    faults = [
        *(
            SurveyAnswered.fault(SimpleNamespace(kind=kind, score=score, scale_min=low, scale_max=high))
            for kind, score, low, high in answers
        ),
        *(CostRecorded.fault(SimpleNamespace(period_start=start, period_end=end)) for start, end in periods),
    ]
    assert None not in faults
    assert {fault.reason for fault in faults if fault} <= set(get_args(Reason))


# -- What the catalog asks of the models ------------------------------------------------------------------

HELD = [
    ("crm.lead.created", "lead_id", str),
    ("crm.lead.created", "origin", str),
    ("crm.lead.created", "revision", int),
    ("crm.deal.won", "amount_minor", int),
    ("crm.deal.won", "is_new_customer", bool),
    ("crm.ticket.replied", "public", bool),
    ("crm.cost.recorded", "period_end", date),
    ("crm.survey.answered", "score", int),
]


@pytest.mark.parametrize(("type_", "field", "held"), HELD)
def test_a_field_tells_what_it_holds(type_: str, field: str, held: type) -> None:
    assert events.field_type(type_, field) is held


def test_every_field_holds_a_text_a_number_yes_or_no_or_a_day() -> None:
    held = {
        events.field_type(type_, field)
        for type_, model in EVENT_TYPES.items()
        for field in model.model_fields
    }
    assert held == {str, int, bool, date}
