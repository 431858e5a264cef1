"""HubSpot's notices: what each becomes."""

from typing import Any

import pytest

from schemas.intake import HubSpot, parse
from streams.intake.drafts import Draft, Mapped
from streams.intake.hubspot import mapped
from tests.intake.fuzz import judged
from tests.intake.hubspot_notices import (
    ASSOCIATED,
    DOCUMENTED,
    MERGED,
    NEW_PLATFORM,
    WON,
    Json,
    changed,
    notice,
)
from tests.pages import DOCS, block

SHIPPED = HubSpot()
OF_LEAD = {"lead_id": "hubspot:4500", "customer_id": "hubspot:4500"}
OF_DEAL = {"deal_id": "hubspot:4500", "customer_id": "hubspot:deal:4500"}
OF_TICKET = {"ticket_id": "hubspot:4500", "customer_id": "hubspot:ticket:4500"}


def said(payload: object, mapping: HubSpot = SHIPPED) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of each event, where nothing is wrong."""
    found = mapped(payload, mapping)
    assert found.faults == []
    return [(draft.type, dict(draft.data)) for draft in found.drafts]


# -- What is documented -----------------------------------------------------------------------------------


def test_the_documented_body_is_a_lead_and_a_win_of_which_no_amount_is_told() -> None:
    assert mapped(DOCUMENTED, SHIPPED).drafts == [
        Draft(
            "/hubspot/99999",
            "1/100/17001/1714200000000/created",
            "crm.lead.created",
            "2024-04-27T06:40:00.000Z",
            {"lead_id": "hubspot:17001", "customer_id": "hubspot:17001"},
        ),
        Draft(
            "/hubspot/99999",
            "1/101/4500/1714200001000/won",
            "crm.deal.won",
            "2024-04-27T06:40:01.000Z",
            {**OF_DEAL, "amount_minor": 0, "currency": "USD"},
        ),
    ]


OBJECTS = [
    ("contact.creation", "crm.lead.created", OF_LEAD),
    ("deal.creation", "crm.deal.created", OF_DEAL),
    ("ticket.creation", "crm.ticket.created", OF_TICKET),
    (
        "contact.privacyDeletion",
        "crm.erasure.requested",
        {"request_id": "hubspot:4500", "customer_id": "hubspot:4500"},
    ),
    *(
        (
            f"{entity}.deletion",
            "crm.record.removed",
            {"entity": subject, "id": "hubspot:4500", "customer_id": customer},
        )
        for entity, subject, customer in (
            ("contact", "lead", "hubspot:4500"),
            ("deal", "deal", "hubspot:deal:4500"),
            ("ticket", "ticket", "hubspot:ticket:4500"),
        )
    ),
]


@pytest.mark.parametrize(("happening", "type_", "data"), OBJECTS, ids=[case[0] for case in OBJECTS])
def test_what_happens_to_an_object(happening: str, type_: str, data: Json) -> None:
    assert said([notice(happening)]) == [(type_, data)]


@pytest.mark.parametrize(
    ("source", "origin"), [("FORM", "inbound"), ("import", "outbound"), ("CRM_UI", None)]
)
def test_where_a_contact_comes_from_is_its_lead_s_origin(source: str, origin: str | None) -> None:
    [(_, data)] = said([notice("contact.creation", changeSource=source)])
    assert data.get("origin") == origin


CONTACT = [
    ("lifecyclestage", "marketingqualifiedlead", [("crm.lead.qualified", {"stage": "mql"})]),
    (
        "lifecyclestage",
        "salesqualifiedlead",
        [("crm.lead.qualified", {"stage": "accepted"}), ("crm.lead.qualified", {"stage": "sql"})],
    ),
    (
        "hs_lead_status",
        "CONNECTED",
        [("crm.lead.contacted", {"direction": "outbound", "actor_kind": "human"})],
    ),
    ("hs_lead_status", "UNQUALIFIED", [("crm.lead.disqualified", {"reason": "UNQUALIFIED"})]),
    ("hubspot_owner_id", "42", [("crm.lead.assigned", {"owner_id": "hubspot:42"})]),
    ("hs_analytics_source", "PAID_SOCIAL", [("crm.x.lead.described", {"channel": "PAID_SOCIAL"})]),
]


@pytest.mark.parametrize(
    ("name", "value", "expected"), CONTACT, ids=[f"{one[0]}={one[1]}" for one in CONTACT]
)
def test_what_a_contact_s_property_says(name: str, value: str, expected: list[tuple[str, Json]]) -> None:
    assert said([changed("contact", name, value)]) == [
        (type_, {**OF_LEAD, **data}) for type_, data in expected
    ]


def test_a_contact_that_becomes_a_customer_is_converted_and_a_customer() -> None:
    assert said([changed("contact", "lifecyclestage", "customer")]) == [
        ("crm.customer.activated", {"customer_id": "hubspot:4500"}),
        ("crm.lead.converted", OF_LEAD),
    ]


def test_a_workflow_that_says_contacted_is_no_person() -> None:
    workflow = changed("contact", "hs_lead_status", "CONNECTED", changeSource="AUTOMATION_PLATFORM")
    assert [data["actor_kind"] for _, data in said([workflow])] == ["bot"]


def test_a_deal_moves_and_ends_by_the_stages_of_every_pipeline() -> None:
    mapping = HubSpot.model_validate(
        {"deal": {"won": ["closedwon", 4711], "lost": ["closedlost", "4712"], "stages": {4713: "proposal"}}}
    )
    ends = {
        stage: [type_ for type_, _ in said([changed("deal", "dealstage", stage)], mapping)]
        for stage in ("closedwon", "4711", "CLOSEDLOST", "4712", "4713")
    }
    assert ends == {
        "closedwon": ["crm.deal.won"],
        "4711": ["crm.deal.won"],
        "CLOSEDLOST": ["crm.deal.lost"],
        "4712": ["crm.deal.lost"],
        "4713": ["crm.deal.stage_changed"],
    }


def test_a_stage_is_called_as_the_catalog_calls_it_and_another_keeps_its_id() -> None:
    moves = [changed("deal", "dealstage", stage) for stage in ("presentationscheduled", "98765")]
    assert [data["to_stage"] for move in moves for _, data in said([move])] == ["proposal", "98765"]


def test_an_amount_outranks_every_earlier_one_by_the_time_at_which_it_changed() -> None:
    assert said([changed("deal", "amount", "1299.90", at=1714200001000)]) == [
        (
            "crm.x.deal.described",
            {**OF_DEAL, "amount_minor": 1299_90, "currency": "USD", "revision": 1714200001000},
        )
    ]


AMOUNTS = [
    ("1500", "USD", 1500_00),
    ("0.1", "USD", 10),
    ("90071992547409.93", "USD", 9007199254740993),  # no float has this
    ("1.2E7", "USD", 12_000_000_00),
    ("0.125", "USD", 12),  # half to even
    ("0.375", "USD", 38),
    ("1500", "JPY", 1500),
    ("1.2345", "BHD", 1234),
    ("", "USD", 0),
    (None, "USD", 0),
    (1500, "USD", 1500_00),
    (15.1, "USD", 15_10),
]


@pytest.mark.parametrize(("value", "currency", "minor"), AMOUNTS)
def test_an_amount_is_taken_to_minor_units_exactly(value: object, currency: str, minor: int) -> None:
    [(_, data)] = said([changed("deal", "amount", value)], HubSpot(currency=currency))
    assert (data["amount_minor"], data["currency"]) == (minor, currency)


def test_a_negative_amount_goes_on_for_the_engine_to_refuse() -> None:
    found = mapped([changed("deal", "amount", "-5")], SHIPPED)
    assert found == Mapped(found.drafts)
    assert [reject.field for reject in judged(found.drafts)] == ["data.amount_minor"]


@pytest.mark.parametrize(
    "value", ["a lot", "NaN", "Infinity", "1e999", "1,5", "$5", True, [5], {"a": 1}, "9" * 500]
)
def test_an_amount_that_is_no_number_is_told_with_its_place(value: object) -> None:
    found = mapped([WON, changed("deal", "amount", value)], SHIPPED)
    assert [draft.type for draft in found.drafts] == ["crm.deal.won"]
    [fault] = found.faults
    assert (fault.path, "amount should be" in fault.message) == ("[1].propertyValue", True)


def test_the_amount_may_stand_in_another_property() -> None:
    mapping = HubSpot.model_validate({"deal": {"amount": "amount_in_home_currency"}})
    told = [changed("deal", "amount_in_home_currency", "5"), changed("deal", "amount", "7")]
    found = mapped(told, mapping)
    assert [draft.data["amount_minor"] for draft in found.drafts] == [500]
    assert found.ignored == {"deal.propertyChange": 1}


def test_a_deal_in_another_currency_than_the_mapping_s_is_counted() -> None:
    told = [changed("deal", "deal_currency_code", code) for code in ("eur", "USD", "")]
    assert mapped(told, SHIPPED).ignored == {"deal.otherCurrency": 1, "deal.propertyChange": 2}


@pytest.mark.parametrize(("stage", "type_"), [("4", "crm.ticket.resolved"), ("1", "crm.ticket.reopened")])
def test_a_ticket_is_resolved_in_a_stage_of_the_mapping_and_open_in_every_other(
    stage: str, type_: str
) -> None:
    assert said([changed("ticket", "hs_pipeline_stage", stage)]) == [(type_, OF_TICKET)]


def test_a_property_is_a_dimension_where_the_mapping_says_so() -> None:
    mapping = HubSpot.model_validate(
        {entity: {"dimensions": {"region": "Region__C"}} for entity in ("contact", "deal", "ticket")}
    )
    told = [changed(entity, "region__c", "emea") for entity in ("contact", "deal", "ticket")]
    assert sorted(said(told, mapping)) == [
        ("crm.x.deal.described", {**OF_DEAL, "region": "emea"}),
        ("crm.x.lead.described", {**OF_LEAD, "region": "emea"}),
        ("crm.x.ticket.described", {**OF_TICKET, "region": "emea"}),
    ]


def test_a_property_may_tell_several_dimensions_each_by_names_of_its_own() -> None:
    renamed = {"field": "sales_region", "values": {"EMEA": "europe"}}
    mapping = HubSpot.model_validate({"deal": {"dimensions": {"region": renamed, "team": "sales_region"}}})
    told = [changed("deal", "sales_region", value) for value in ("emea", "apac")]
    assert sorted(map(str, said(told, mapping))) == sorted(
        str(("crm.x.deal.described", {**OF_DEAL, **one}))
        for one in ({"region": "europe", "team": "emea"}, {"team": "apac"})
    )


def test_a_value_that_the_mapping_has_no_member_for_is_counted_as_ignored() -> None:
    renamed = {"field": "sales_region", "values": {"EMEA": "europe"}}
    mapping = HubSpot.model_validate({"deal": {"dimensions": {"region": renamed}}})
    assert mapped(changed("deal", "sales_region", "apac"), mapping).ignored == {"deal.propertyChange": 1}


def test_a_property_may_be_a_step_and_a_dimension_at_once() -> None:
    mapping = HubSpot.model_validate({"contact": {"dimensions": {"segment": "lifecyclestage"}}})
    types = [type_ for type_, _ in said([changed("contact", "lifecyclestage", "customer")], mapping)]
    assert types == ["crm.customer.activated", "crm.lead.converted", "crm.x.lead.described"]


def test_the_owner_is_left_out_where_the_mapping_has_none() -> None:
    mapping = HubSpot.model_validate({"contact": {"owner": None}})
    assert said([changed("contact", "hubspot_owner_id", "42")], mapping) == []


# -- Mappings ---------------------------------------------------------------------------------------------


def test_the_mapping_of_the_docs_is_one() -> None:
    mapping = parse(block(DOCS / "intake" / "hubspot.md", "hubspot-mapping")).intake
    assert mapping is not None
    assert said(changed("deal", "dealstage", 98765433), mapping.hubspot)[0][0] == "crm.deal.won"
    assert said(changed("contact", "lifecyclestage", "12345679"), mapping.hubspot) == [
        ("crm.customer.churned", {"customer_id": "hubspot:4500", "churn_kind": "unknown"})
    ]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            "deal: {won: [a, B], lost: [b]}",
            "line 3: hubspot.deal: b stands under `won` and under `lost`: leave it in one of them",
        ),
        (
            "contact: {means: {lifecyclestage: {customer: [won]}}}",
            "line 3: hubspot.contact.means.lifecyclestage.customer.0: Input should be 'mql', 'sql', "
            "'accepted', 'contacted', 'disqualified', 'converted', 'activated' or 'churned'",
        ),
        (
            "ticket: {solved: [4]}",
            "line 3: hubspot.ticket.solved: unknown field 'solved'; did you mean 'resolved'?",
        ),
        ("ticket: {resolved: [true]}", "line 3: hubspot.ticket.resolved.0: Input should be a valid string"),
    ],
)
def test_a_mapping_that_says_what_cannot_be_is_told_with_its_line(section: str, problem: str) -> None:
    problems = parse(f"version: 1\nhubspot:\n  {section}\n").problems
    assert [str(one) for one in problems] == [problem]


# -- The newer platform, and what there is no event for ---------------------------------------------------


@pytest.mark.parametrize(
    ("old", "type_id"), [("contact.creation", "0-1"), ("deal.deletion", "0-3"), ("ticket.creation", "0-5")]
)
def test_what_the_newer_platform_says_is_what_the_older_one_says(old: str, type_id: str) -> None:
    happening = old.partition(".")[2]
    assert said([notice(f"object.{happening}", objectTypeId=type_id)]) == said([notice(old)])
    assert mapped(notice(f"object.{happening}", objectTypeId="2-99"), SHIPPED).ignored == {
        f"object.{happening}": 1
    }


def test_the_newer_platform_s_documented_amount_is_one() -> None:
    assert [draft.data["amount_minor"] for draft in mapped([NEW_PLATFORM], SHIPPED).drafts] == [1299_90]


IGNORED = [
    (MERGED, "contact.merge"),
    (ASSOCIATED, "deal.associationChange"),
    (notice("company.creation"), "company.creation"),
    (notice("object.creation", objectTypeId="0-2"), "company.creation"),
    (notice("object.merge", objectTypeId="0-3"), "deal.merge"),
    (notice("ticket.restore"), "ticket.restore"),
    (notice("conversation.newMessage"), "conversation.newMessage"),
    (notice("object.creation"), "object.creation"),
    (notice("contact.exploded"), "other"),
    (notice("anything else"), "other"),
    (changed("contact", "firstname", "Ada"), "contact.propertyChange"),
    (changed("contact", "message", "x" * 60_000), "contact.propertyChange"),
    (changed("contact", "lifecyclestage", "evangelist"), "contact.propertyChange"),
    (changed("contact", "lifecyclestage", ""), "contact.propertyChange"),
    (changed("contact", "hubspot_owner_id", None), "contact.propertyChange"),
    (changed("contact", "hs_analytics_source", ""), "contact.propertyChange"),
    (changed("deal", "dealstage", " "), "deal.propertyChange"),
    (changed("ticket", "hs_pipeline_stage", None), "ticket.propertyChange"),
]


@pytest.mark.parametrize(("told", "name"), IGNORED, ids=lambda case: case if isinstance(case, str) else "")
def test_what_there_is_no_event_for_is_ignored_by_its_name(told: Json, name: str) -> None:
    assert mapped([told], SHIPPED) == Mapped(ignored=mapped([told], SHIPPED).ignored)
    assert mapped([told], SHIPPED).ignored == {name: 1}
