"""The event contract: what a producer can say with the models, and what it cannot."""

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from schemas import events
from schemas.dead_letter import Reason
from schemas.events import (
    EVENT_TYPES,
    CampaignTouched,
    CostRecorded,
    DealWon,
    ErasureRequested,
    Event,
    IncidentOpened,
    LeadCreated,
    RecordRemoved,
    ReferralMade,
    RefundIssued,
    SurveyAnswered,
    SurveySent,
    TrainingChanged,
    UserActed,
)
from tests.builders import record, shipped
from tests.examples import data_of, required_of

AT = datetime(2024, 4, 15, 10, tzinfo=UTC)
LEAD = LeadCreated(lead_id="lead-1", customer_id="customer-1")
ANSWER: dict[str, Any] = {"response_id": "r", "kind": "nps", "score": 1, "scale_min": 0, "scale_max": 10}


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
    ErasureRequested(request_id="q", customer_id="c", due_at=datetime(2024, 5, 15, 12, 30, tzinfo=UTC)),
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
        *("crm.benefit.recorded", "crm.campaign.converted", "crm.campaign.touched", "crm.consent.changed"),
        *("crm.cost.recorded", "crm.customer.activated", "crm.customer.churned", "crm.customer.erased"),
        *("crm.deal.created", "crm.deal.lost", "crm.deal.stage_changed", "crm.deal.won"),
        *("crm.erasure.completed", "crm.erasure.requested", "crm.incident.opened", "crm.incident.resolved"),
        *("crm.interaction.logged", "crm.lead.assigned", "crm.lead.contacted", "crm.lead.converted"),
        *("crm.lead.created", "crm.lead.disqualified", "crm.lead.qualified", "crm.order.paid"),
        *("crm.record.checked", "crm.record.removed", "crm.reference.changed", "crm.referral.made"),
        *("crm.refund.issued", "crm.request.sampled", "crm.subscription.changed", "crm.survey.answered"),
        *("crm.survey.sent", "crm.task.completed", "crm.ticket.created", "crm.ticket.escalated"),
        *("crm.ticket.reopened", "crm.ticket.replied", "crm.ticket.resolved", "crm.training.changed"),
        *("crm.user.acted", "crm.user.licensed"),
    ]
    assert all(type_ == model.TYPE for type_, model in EVENT_TYPES.items())
    assert all(model.OWN_ID in model.model_fields for model in EVENT_TYPES.values())


# -- One key per relationship -----------------------------------------------------------------------------

KEYS = [
    (event(LEAD, partitionkey="given"), "given"),
    (event(LEAD), "customer-1"),
    (event(SurveySent(invitation_id="i", kind="nps")), "i"),
    (event(SurveySent(invitation_id="i", kind="nps", customer_id="c")), "c"),
    (event(SurveyAnswered(**ANSWER, invitation_id="i")), "i"),
    (event(SurveyAnswered(**ANSWER, invitation_id="i", customer_id="c")), "c"),
    (event(SurveyAnswered(**ANSWER)), "r"),
    (event(CostRecorded(cost_id="k", category="sales", amount_minor=1, currency="USD")), "k"),
    (event(CampaignTouched(campaign_id="c", recipient_ref="r", touch="opened")), "r"),
    (event(TrainingChanged(user_id="u", course_id="c", state="failed")), "u"),
    (event(UserActed(user_id="u", action="login", meaningful=False)), "u"),
    (event(IncidentOpened(incident_id="i", component="api")), "api"),
    (event(ReferralMade(referral_id="r", customer_id="referrer", lead_id="l")), "referrer"),
    (event(RefundIssued(order_id="o", customer_id="c", amount_minor=1, currency="USD")), "c"),
    (event(RecordRemoved(entity="lead", id="l", customer_id="c")), "c"),
]


@pytest.mark.parametrize(("made", "key"), KEYS, ids=lambda value: value if isinstance(value, str) else "")
def test_all_events_of_a_relationship_have_its_key(made: Event, key: str) -> None:
    assert made.key() == key


def test_a_field_that_a_type_does_not_have_says_nothing_of_its_key() -> None:
    """Else two events of one component would lie in two partitions because one of them says more."""
    told = IncidentOpened(incident_id="i", component="api", customer_id="c", invitation_id="x")
    assert event(told).key() == events.partition_key(told.TYPE, told.model_dump()) == "api"


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_events_and_their_written_data_have_the_same_key(type_: str) -> None:
    for data in (data_of(EVENT_TYPES[type_]), required_of(EVENT_TYPES[type_])):
        key = events.partition_key(type_, data)
        assert key and event(EVENT_TYPES[type_].model_validate_json(json.dumps(data))).key() == key


def test_the_key_of_what_is_unknown_here_is_looked_for_all_the_same() -> None:
    assert events.partition_key("crm.order.invented", {"order_id": "o", "customer_id": "c"}) == "c"
    assert events.partition_key("crm.order.invented", {"order_id": "o"}) is None
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


def test_a_rule_that_needs_the_catalog_is_left_to_those_who_have_one() -> None:
    effort = SurveyAnswered(response_id="r", kind="ces", score=5, scale_min=1, scale_max=5)
    removal = RecordRemoved(entity="leed", id="l", customer_id="c")
    declared = events.Declared(ces_scale=(1, 7), entities=frozenset({"lead", "deal"}))
    assert effort.fault(effort, declared) == (
        "bad_scale",
        "scale_max",
        "customer effort is asked on the catalog's scale 1 to 7 only",
    )
    assert removal.fault(removal, declared) == (
        "bad_value",
        "entity",
        "'leed' is no kind of record here; one of deal, lead",
    )
    assert effort.fault(effort, declared._replace(ces_scale=(1, 5))) is None


@pytest.mark.parametrize("due", ["2024-05-15T12:30:00", "2024-05-15", "1899-12-31T00:00:00Z", 5, ""])
def test_a_time_in_the_data_has_a_zone_and_lies_within_the_years(due: Any) -> None:
    text = json.dumps({"request_id": "q", "customer_id": "c", "due_at": due})
    with pytest.raises(ValidationError):
        ErasureRequested.model_validate_json(text)


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
    ("crm.erasure.requested", "due_at", datetime),
]


@pytest.mark.parametrize(("type_", "field", "held"), HELD)
def test_a_field_tells_what_it_holds(type_: str, field: str, held: type) -> None:
    assert events.field_type(EVENT_TYPES[type_], field) is held


def test_every_field_holds_a_text_a_number_yes_or_no_a_day_or_a_time() -> None:
    held = {events.field_type(model, field) for model in EVENT_TYPES.values() for field in model.model_fields}
    assert held == {str, int, bool, date, datetime}
