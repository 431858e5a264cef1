"""Salesforce's change events: what becomes of each, and of those that nobody should send."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from schemas.intake import Salesforce, parse
from streams.intake.drafts import Draft, Mapped
from streams.intake.salesforce import mapped
from tests.builders import Ledger, days, ms
from tests.intake.fuzz import ANY_JSON, bounded, judged, mutated

SHIPPED = Salesforce()
OPPORTUNITY, LEAD, CASE = "006bm000002WNhtAAG", "00Qbm000003abcDEAQ", "500bm00000xyzABCAQ"
IDS = {"Opportunity": OPPORTUNITY, "Lead": LEAD, "Case": CASE}
T = ms("2024-04-15 10:00")

CLOSED_WON = json.loads("""
{"schema": "IeRuaY6cbI_HsV8Rv1Mc5g", "payload": {"ChangeEventHeader": {"entityName": "Opportunity",
 "recordIds": ["006bm000002WNhtAAG"], "changeType": "UPDATE",
 "changeOrigin": "com/salesforce/api/soap/61.0;client=SfdcInternalAPI/",
 "transactionKey": "00010f89-ac42-d2ff-5d99-21b34d9c8303", "sequenceNumber": 1,
 "commitTimestamp": 1720911231000, "commitNumber": 1720911231762341890, "commitUser": "005bm0000037f9ZAAQ",
 "nulledFields": [], "diffFields": [],
 "changedFields": ["StageName", "IsClosed", "IsWon", "LastModifiedDate"]},
 "StageName": "Closed Won", "IsClosed": true, "IsWon": true}, "event": {"replayId": 4044}}
""")
"""As Salesforce documents it."""


def change(
    entity: str,
    kind: str = "UPDATE",
    *,
    at: int = T,
    header: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """An event as Pub/Sub API has it; on UPDATE all fields have changed, unless the header says which."""
    known = {
        "entityName": entity,
        "recordIds": [IDS.get(entity, "001bm00000aaaaaAAA")],
        "changeType": kind,
        "changeOrigin": "",
        "transactionKey": f"0000-{at}",
        "sequenceNumber": 1,
        "commitTimestamp": at,
        "commitNumber": at * 1000,
        "commitUser": "005bm0000037f9ZAAQ",
        "nulledFields": [],
        "diffFields": [],
        "changedFields": list(fields) if kind == "UPDATE" else [],
    }
    return {"replayId": 1, "payload": {"ChangeEventHeader": {**known, **(header or {})}, **fields}}


def made(payload: object, mapping: Salesforce = SHIPPED) -> list[Draft]:
    """The drafts of a payload in which all can be read, and which the engine takes."""
    found = mapped(payload, mapping)
    assert not found.faults and judged(found.drafts) == []
    return found.drafts


def types(drafts: list[Draft]) -> list[str]:
    return [draft.type.removeprefix("crm.") for draft in drafts]


def only(payload: object, type_: str, mapping: Salesforce = SHIPPED) -> Mapping[str, Any]:
    """The data of the only draft of a type."""
    (data,) = [draft.data for draft in made(payload, mapping) if draft.type == f"crm.{type_}"]
    return data


def told(**sections: Any) -> Salesforce:
    return Salesforce.model_validate(sections)


# -- How events come --------------------------------------------------------------------------------------

BARE = CLOSED_WON["payload"]
FORMS = [BARE, CLOSED_WON, [CLOSED_WON], [BARE], {"replayId": 7, "payload": BARE}]
FORMS += [{"channel": "/data/OpportunityChangeEvent", "data": CLOSED_WON}]


@pytest.mark.parametrize("payload", FORMS)
def test_the_documented_event_is_a_win_however_the_relay_posts_it(payload: Any) -> None:
    stage, won = made(payload)
    key = "00010f89-ac42-d2ff-5d99-21b34d9c8303/1/006bm000002WNhtAAG"
    assert stage == (
        "/salesforce",
        f"{key}/stage_changed",
        "crm.deal.stage_changed",
        "2024-07-13T22:53:51.000Z",
        {
            "deal_id": "salesforce:006bm000002WNhtAAG",
            "customer_id": "salesforce:deal:006bm000002WNhtAAG",
            "to_stage": "Closed Won",
        },
    )
    assert (won.id, won.type) == (f"{key}/won", "crm.deal.won")
    assert (won.data["amount_minor"], won.data["currency"]) == (0, "USD")


def test_events_come_out_in_the_order_in_which_they_happened() -> None:
    def at(time_ms: int, commit: int, sequence: int, record: str) -> Any:
        numbers = {"commitNumber": commit, "sequenceNumber": sequence, "recordIds": [record]}
        return change("Lead", at=time_ms, header=numbers, OwnerId="005")

    found = made([at(T + 9, 1, 1, "d"), at(T, 2, 2, "c"), at(T, 2, 1, "b"), at(T, 1, 1, "a")])
    assert [draft.data["lead_id"][-1] for draft in found] == ["a", "b", "c", "d"]
    assert [draft.time[-4:] for draft in found] == ["000Z", "000Z", "001Z", "009Z"]


@pytest.mark.parametrize(
    ("number", "later_ms", "revision"), [(0, 0, 0), (1, 0, 1), (99, 98, 99), (2_000, 999, 99)]
)
def test_changes_of_one_transaction_are_a_millisecond_apart_but_within_the_second(
    number: int, later_ms: int, revision: int
) -> None:
    (described,) = made(change("Opportunity", header={"sequenceNumber": number}, Amount=1))
    assert ms(described.time) == T + later_ms
    assert described.data["revision"] == T * 100 + revision


def test_the_last_moment_that_can_be_told_is_within_the_contract() -> None:
    last = ms("2199-12-31 23:59:59")
    found = mapped(change("Opportunity", at=last, header={"sequenceNumber": 10**6}, Amount=1), SHIPPED)
    assert [ms(draft.time) for draft in found.drafts] == [last + 999]
    assert found.drafts[0].data["revision"] < 10**15
    assert mapped(change("Opportunity", at=last + 1, Amount=1), SHIPPED).faults


def test_the_steps_of_one_change_have_an_order() -> None:
    fields: dict[str, Any] = {
        "OwnerId": "005",
        "Status": "Qualified",
        "IsConverted": True,
        "ConvertedOpportunityId": "006",
    }
    assert types(made(change("Lead", "CREATE", **fields))) == [
        "lead.created",
        "lead.qualified",
        "lead.converted",
    ]
    won: dict[str, Any] = {"StageName": "Closed Won", "IsWon": True}
    assert types(made(change("Opportunity", Amount=1, **won))) == [
        "deal.stage_changed",
        "x.deal.described",
        "deal.won",
    ]


def test_a_change_of_several_records_is_one_of_each() -> None:
    several = change("Lead", header={"recordIds": ["00Q1", "00Q2", "00Q1"]}, OwnerId="005")
    assert [draft.data["lead_id"] for draft in made(several)] == ["salesforce:00Q1", "salesforce:00Q2"]
    assert len({draft.id for draft in made(several)}) == 2


def test_a_redelivery_is_the_same_event_whatever_the_client_makes_of_large_numbers() -> None:
    once = [draft.line() for draft in made(CLOSED_WON)]
    again = json.loads(json.dumps(CLOSED_WON))
    header = again["payload"]["ChangeEventHeader"]
    header["commitNumber"] = str(header["commitNumber"])
    header["sequenceNumber"], header["commitTimestamp"] = "1", "1720911231000"
    again["event"]["replayId"] = 5000
    assert [draft.line() for draft in made(again)] == once


# -- What may be read -------------------------------------------------------------------------------------


def test_only_the_fields_that_changed_are_read_of_an_update() -> None:
    """Avro has null for the others, but a relay may have filled them in."""
    header = {"changedFields": ["OwnerId", "LastModifiedDate"]}
    fields: dict[str, Any] = {
        "OwnerId": "005",
        "Status": "Qualified",
        "IsConverted": True,
        "LeadSource": None,
    }
    assert types(made(change("Lead", header=header, **fields))) == ["lead.assigned"]


def test_of_a_creation_everything_is_read_that_is_not_null() -> None:
    created = only(change("Lead", "CREATE", OwnerId="005", LeadSource=None, Status=None), "lead.created")
    assert created == {
        "lead_id": f"salesforce:{LEAD}",
        "customer_id": f"salesforce:lead:{LEAD}",
        "owner_id": "salesforce:005",
    }


def test_parts_of_compound_fields_are_named_as_salesforce_names_them() -> None:
    mapping = told(lead={"dimensions": {"region": "Address.Country"}})
    address = {"Country": "France", "City": None}
    assert only(change("Lead", "CREATE", Address=address), "lead.created", mapping)["region"] == "France"
    header = {"changedFields": ["Address.Country", "Name.FirstName"]}
    moved = change("Lead", header=header, Address=address, Name={"FirstName": "Ada", "LastName": None})
    assert only(moved, "x.lead.described", mapping)["region"] == "France"


def test_what_a_mapping_names_as_enriched_is_read_although_it_has_not_changed() -> None:
    mapping = told(opportunity={"customer": "AccountId", "enriched": ["Amount", "CurrencyIsoCode"]})
    fields: dict[str, Any] = {
        "StageName": "Closed Won",
        "AccountId": "001",
        "Amount": 1299.9,
        "CurrencyIsoCode": "EUR",
    }
    moved = change("Opportunity", header={"changedFields": ["StageName"]}, **fields)
    won = only(moved, "deal.won", mapping)
    assert (won["customer_id"], won["amount_minor"], won["currency"]) == ("salesforce:001", 129_990, "EUR")
    assert only(moved, "deal.won")["amount_minor"] == 0


def test_a_record_without_the_customer_is_its_own() -> None:
    mapping = told(opportunity={"customer": "AccountId"})
    accounts: list[dict[str, Any]] = [{}, {"AccountId": None}, {"AccountId": ""}]
    for account in accounts:
        moved = change("Opportunity", header={"changedFields": ["StageName"]}, StageName="x", **account)
        data = only(moved, "deal.stage_changed", mapping)
        assert data["customer_id"] == f"salesforce:deal:{OPPORTUNITY}"


@pytest.mark.parametrize("entity", ["Lead", "Opportunity", "Case"])
def test_another_customer_is_counted_for_the_record_has_another_key_from_now_on(entity: str) -> None:
    mapping, name = told(**{entity.lower(): {"customer": "AccountId"}}), f"{entity.lower()}.customer_changed"
    moved = change(entity, AccountId="002")
    cleared = change(entity, header={"changedFields": [], "nulledFields": ["AccountId"]})
    for one in (moved, cleared):
        assert mapped(one, mapping) == Mapped(ignored=Counter({name: 1}))
        assert mapped(one, SHIPPED).ignored == {f"{entity.lower()}.update": 1}
    for untold in (change(entity, "CREATE", AccountId="001"), change(entity, "DELETE", AccountId="001")):
        assert mapped(untold, mapping).ignored == {}
    at_once = mapped(
        change(entity, AccountId="002", StageName="Qualification", Status="Unqualified"), mapping
    )
    assert len(at_once.drafts) == 1 and at_once.ignored == {name: 1}


def test_of_a_customer_that_cannot_be_read_nothing_is_made_for_nobody_knows_the_key() -> None:
    found = mapped(change("Case", "CREATE", AccountId=["001"]), told(case={"customer": "AccountId"}))
    assert found.drafts == [] and [fault.path for fault in found.faults] == ["payload.AccountId"]


# -- Leads ------------------------------------------------------------------------------------------------

STATUSES: list[tuple[str, str, dict[str, str]]] = [
    ("Working - Contacted", "lead.contacted", {"actor_kind": "human", "direction": "outbound"}),
    ("Qualified", "lead.qualified", {"stage": "sql"}),
    (" qualified ", "lead.qualified", {"stage": "sql"}),
    ("Closed - Not Converted", "lead.disqualified", {"reason": "Closed - Not Converted"}),
    ("UNQUALIFIED", "lead.disqualified", {"reason": "UNQUALIFIED"}),
]


@pytest.mark.parametrize(("status", "type_", "data"), STATUSES)
def test_a_status_of_a_lead_is_what_the_mapping_says(status: str, type_: str, data: dict[str, str]) -> None:
    assert data.items() <= only(change("Lead", Status=status), type_).items()


def test_the_source_of_a_lead_is_its_channel_and_its_origin() -> None:
    bought = only(change("Lead", "CREATE", LeadSource="Purchased List"), "lead.created")
    assert (bought["channel"], bought["origin"]) == ("Purchased List", "outbound")
    strange = only(change("Lead", "CREATE", LeadSource="Carrier pigeon"), "lead.created")
    assert strange["channel"] == "Carrier pigeon" and "origin" not in strange


def test_a_member_can_be_renamed_and_what_the_mapping_does_not_list_has_none() -> None:
    renamed = {"field": "LeadSource", "values": {"Web": "web", "Phone Inquiry": "phone"}}
    mapping = told(lead={"dimensions": {"channel": renamed}})
    assert only(change("Lead", "CREATE", LeadSource="WEB"), "lead.created", mapping)["channel"] == "web"
    assert "channel" not in only(change("Lead", "CREATE", LeadSource="Other"), "lead.created", mapping)


def test_a_converted_lead_names_its_deal_and_keeps_its_key() -> None:
    fields: dict[str, Any] = {
        "IsConverted": True,
        "ConvertedOpportunityId": OPPORTUNITY,
        "ConvertedAccountId": "001",
    }
    converted = only(change("Lead", **fields), "lead.converted")
    assert converted["deal_id"] == f"salesforce:{OPPORTUNITY}"
    assert converted["customer_id"] == f"salesforce:lead:{LEAD}"


# -- Deals ------------------------------------------------------------------------------------------------

WON, LOST, OPEN = "deal.won", "deal.lost", None
OUTCOMES: list[tuple[dict[str, Any], str | None]] = [
    ({"StageName": "Closed Won", "IsWon": True, "IsClosed": True}, WON),
    ({"StageName": "closed won"}, WON),
    ({"StageName": "Signed", "IsWon": True, "IsClosed": True}, WON),
    ({"StageName": "Signed", "IsWon": True}, WON),  # it was lost before
    ({"StageName": "Closed Lost", "IsClosed": True}, LOST),
    ({"StageName": "No budget", "IsClosed": True}, LOST),
    ({"StageName": "No budget", "IsClosed": True, "IsWon": False}, LOST),
    ({"StageName": "No budget", "IsWon": False}, LOST),  # it was won before, and is still closed
    ({"StageName": "Closed Lost", "IsWon": True, "IsClosed": True}, LOST),  # the mapping has the last word
    ({"StageName": "Negotiation/Review", "IsWon": False, "IsClosed": False}, OPEN),  # won no more
    ({"StageName": "Negotiation/Review", "IsClosed": False}, OPEN),  # lost no more
    ({"StageName": "Negotiation/Review"}, OPEN),
]


@pytest.mark.parametrize(("fields", "outcome"), OUTCOMES)
def test_won_and_lost_follow_from_the_stage_or_from_the_flags_that_changed(
    fields: dict[str, Any], outcome: str | None
) -> None:
    found = types(made(change("Opportunity", **fields)))
    assert found[-1] == outcome if outcome else found == ["deal.stage_changed"]


def test_from_one_stage_that_means_won_to_another_nothing_is_reopened() -> None:
    mapping = told(opportunity={"won": ["Closed Won", "Renewed"]})
    won = change("Opportunity", at=T, StageName="Closed Won", IsWon=True, IsClosed=True)
    assert types(made(won, mapping)) == ["deal.stage_changed", "deal.won"]
    moved = change("Opportunity", at=T + days(9), StageName="Renewed")
    assert types(made(moved, mapping)) == ["deal.won"]
    ledger = Ledger()
    judged(
        made([change("Opportunity", "CREATE", at=T, Amount=10, StageName="x"), won, moved], mapping), ledger
    )
    assert ledger.value("revenue", "30d") == 10
    assert ledger.value("revenue", "7d") == 0  # it was won nine days ago
    enriched = told(opportunity={"enriched": ["IsWon", "IsClosed"]})
    flags = {"changedFields": ["StageName"]}
    silent = change("Opportunity", header=flags, StageName="Renewed", IsWon=True, IsClosed=True)
    assert types(made(silent, enriched)) == ["deal.won"]


ENRICHED: list[tuple[dict[str, bool], str | None]] = [
    ({"IsWon": False}, OPEN),  # nobody knows whether it is closed
    ({"IsWon": False, "IsClosed": False}, OPEN),
    ({"IsWon": False, "IsClosed": True}, LOST),
    ({"IsWon": True, "IsClosed": True}, WON),
    ({"IsClosed": True}, OPEN),  # nobody knows whether it is won
]


@pytest.mark.parametrize(("flags", "outcome"), ENRICHED)
def test_flags_that_did_not_change_say_only_what_they_are(flags: dict[str, Any], outcome: str | None) -> None:
    mapping = told(opportunity={"enriched": ["IsWon", "IsClosed"]})
    moved = change("Opportunity", header={"changedFields": ["StageName"]}, StageName="x", **flags)
    assert types(made(moved, mapping)) == [outcome or "deal.stage_changed"]


def test_a_deal_is_created_open_when_its_flags_say_so() -> None:
    fields: dict[str, Any] = {
        "StageName": "Qualification",
        "IsWon": False,
        "IsClosed": False,
        "OwnerId": "005",
    }
    (created,) = made(change("Opportunity", "CREATE", **fields))
    assert (created.data["stage"], created.data["owner_id"]) == ("qualified", "salesforce:005")


def test_a_deal_can_be_created_won() -> None:
    fields: dict[str, Any] = {"StageName": "Closed Won", "Amount": 10, "IsWon": True, "IsClosed": True}
    assert types(made(change("Opportunity", "CREATE", **fields))) == [
        "deal.created",
        "x.deal.described",
        "deal.won",
    ]
    ledger = Ledger()
    judged(made(change("Opportunity", "CREATE", **fields)), ledger)
    assert ledger.value("revenue", "7d") == 10


AMOUNTS: list[tuple[Any, str | None, int]] = [
    (50_000, None, 5_000_000),
    (1299.9, "EUR", 129_990),
    (0.1, "USD", 10),
    ("1250.005", "USD", 125_000),  # half to even
    ("1250.015", "USD", 125_002),
    (1_000_000, "JPY", 1_000_000),
    (1.5, "kwd", 1_500),
    (1e15 / 100, "USD", 10**15),
]


@pytest.mark.parametrize(("amount", "currency", "minor"), AMOUNTS)
def test_an_amount_is_whole_minor_units_exactly(amount: Any, currency: str | None, minor: int) -> None:
    found = mapped(change("Opportunity", Amount=amount, CurrencyIsoCode=currency), SHIPPED)
    (described,) = found.drafts
    assert described.type == "crm.x.deal.described"
    assert described.data["amount_minor"] == minor and described.data["revision"] == T * 100 + 1
    assert described.data["currency"] == (currency or "usd").upper()


def test_an_amount_that_was_cleared_is_nothing_and_one_that_is_not_there_is_not_told() -> None:
    header = {"changedFields": ["Amount"], "nulledFields": ["Amount"]}
    for cleared in (change("Opportunity", Amount=None), change("Opportunity", header=header)):
        assert only(cleared, "x.deal.described")["amount_minor"] == 0
    never = change("Opportunity", "CREATE", Amount=None, StageName="Qualification")
    assert types(made(never)) == ["deal.created"]
    stripped = change("Opportunity", header={"changedFields": ["Amount", "LastModifiedDate"]})
    assert mapped(stripped, SHIPPED).ignored == {"opportunity.update": 1}


ENRICHED_CURRENCY = {"enriched": ["CurrencyIsoCode"]}
CURRENCIES: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("CREATE", {"CurrencyIsoCode": "EUR", "Amount": 1}, {}, True),  # whose next amount is told alone
    ("CREATE", {"CurrencyIsoCode": "EUR"}, {}, True),
    ("CREATE", {"CurrencyIsoCode": "EUR", "Amount": 1}, ENRICHED_CURRENCY, False),
    ("CREATE", {"CurrencyIsoCode": "usd", "Amount": 1}, {}, False),
    ("CREATE", {"Amount": 1}, {}, False),
    ("UPDATE", {"CurrencyIsoCode": "EUR"}, {}, True),
    ("UPDATE", {"CurrencyIsoCode": "EUR"}, ENRICHED_CURRENCY, True),  # the amount was told in the old one
    ("UPDATE", {"CurrencyIsoCode": "USD"}, {}, True),
    ("UPDATE", {"CurrencyIsoCode": "EUR", "Amount": 1}, {}, True),
    ("UPDATE", {"CurrencyIsoCode": "EUR", "Amount": 1}, ENRICHED_CURRENCY, False),
    ("UPDATE", {"StageName": "Closed Won", "Amount": 1}, {}, False),
]


@pytest.mark.parametrize(("kind", "fields", "mapping", "is_counted"), CURRENCIES)
def test_a_currency_that_is_not_told_with_every_amount_is_counted(
    kind: str, fields: dict[str, Any], mapping: dict[str, Any], is_counted: bool
) -> None:
    found = mapped(change("Opportunity", kind, **fields), told(opportunity=mapping))
    assert found.ignored == ({"opportunity.other_currency": 1} if is_counted else {})
    assert not found.faults and bool(found.drafts) == (kind == "CREATE" or "Amount" in fields)


@pytest.mark.parametrize("amount", ["a lot", {"double": 1.0}, [1], True, float("nan"), "1e400"])
def test_an_amount_that_is_none_is_a_fault_and_the_win_is_kept(amount: Any) -> None:
    found = mapped(change("Opportunity", Amount=amount, StageName="Closed Won"), SHIPPED)
    assert types(found.drafts) == ["deal.won"]
    assert [fault.path for fault in found.faults] == ["payload.Amount"]


def test_a_negative_amount_goes_on_for_the_engine_to_refuse() -> None:
    found = mapped(change("Opportunity", Amount=-12.5, StageName="Closed Won"), SHIPPED)
    assert found == Mapped(found.drafts) and {draft.data["amount_minor"] for draft in found.drafts} == {-1250}
    assert [reject.reason for reject in judged(found.drafts)] == ["bad_value"] * len(found.drafts)


def test_a_won_deal_makes_its_account_a_customer_where_the_mapping_says_so() -> None:
    mapping = told(opportunity={"customer": "AccountId", "activates": True})
    won = change("Opportunity", StageName="Closed Won", AccountId="001")
    assert only(won, "customer.activated", mapping) == {"customer_id": "salesforce:001"}
    alone = change("Opportunity", StageName="Closed Won", AccountId=None)
    assert "customer.activated" not in types(made(alone, mapping))


# -- Tickets ----------------------------------------------------------------------------------------------

CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"Status": "Closed", "IsClosed": True}, ["ticket.resolved"]),
    ({"Status": "Done", "IsClosed": True}, ["ticket.resolved"]),
    ({"Status": "closed"}, ["ticket.resolved"]),
    ({"Status": "Working", "IsClosed": False}, ["ticket.reopened"]),
    ({"Status": "Working"}, ["ticket.reopened"]),  # harmless: nothing is reopened that was not resolved
    ({"IsEscalated": True}, ["ticket.escalated"]),
    ({"IsEscalated": True, "Status": "Closed"}, ["ticket.escalated", "ticket.resolved"]),
    ({"IsEscalated": False, "Origin": "Phone"}, ["x.ticket.described"]),
]


@pytest.mark.parametrize(("fields", "expected"), CASES)
def test_a_case_is_resolved_reopened_and_escalated(fields: dict[str, Any], expected: list[str]) -> None:
    assert types(made(change("Case", **fields))) == expected


def test_a_case_that_is_said_to_be_open_as_before_is_not_reopened() -> None:
    header = {"changedFields": ["Origin"]}
    for is_closed in (True, False):
        said = change("Case", header=header, Origin="Web", IsClosed=is_closed)
        assert types(made(said, told(case={"enriched": ["IsClosed"]}))) == ["x.ticket.described"]


def test_a_case_is_created_with_what_is_known_of_it() -> None:
    fields: dict[str, Any] = {
        "Status": "New",
        "Priority": "High",
        "Type": "Billing",
        "Origin": "Email",
        "IsClosed": False,
    }
    (created,) = made(change("Case", "CREATE", **fields))
    assert created.data == {
        "ticket_id": f"salesforce:{CASE}",
        "customer_id": f"salesforce:ticket:{CASE}",
        "priority": "High",
        "topic": "Billing",
        "channel": "Email",
    }
    at_once = made(change("Case", "CREATE", Status="Closed", IsClosed=True))
    assert types(at_once) == ["ticket.created", "ticket.resolved"]


# -- Deletions, gaps, and what is left out ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "subject"), [("Lead", "lead"), ("Opportunity", "deal"), ("Case", "ticket")]
)
def test_a_deleted_record_is_removed_under_its_own_key(entity: str, subject: str) -> None:
    mapping = told(**{entity.lower(): {"customer": "AccountId"}})
    deleted = only(change(entity, "DELETE", AccountId="001"), "record.removed", mapping)
    assert deleted == {"entity": subject, "id": f"salesforce:{IDS[entity]}", "customer_id": "salesforce:001"}


def test_what_comes_back_from_the_bin_is_ignored_for_a_removal_is_for_ever() -> None:
    mapping = told(lead={"enriched": ["OwnerId", "Status"]})
    found = mapped(change("Lead", "UNDELETE", Status="Qualified", OwnerId="005"), mapping)
    assert (found.drafts, found.ignored) == ([], {"lead.undelete": 1})


GAPS = [
    ("Lead", "GAP_CREATE", ["00Q1", "00Q2"], {"lead": 2}),
    ("Opportunity", "GAP_UPDATE", ["0061"], {"opportunity": 1}),
    ("Case", "gap_delete", ["5001"], {"case": 1}),
    ("Case", "GAP_OVERFLOW", ["000000000000000AAA"], {"case": 1}),
    ("Account", "GAP_OVERFLOW", ["000000000000000AAA"], {"other": 1}),
    ("Lead", "UPDATE", ["00Q*"], {"lead": 1}),
    ("Opportunity", "GAP_OVERFLOW", [], {"opportunity": 1}),
    ("Opportunity", "GAP_OVERFLOW", None, {"opportunity": 1}),
]


@pytest.mark.parametrize(("entity", "kind", "records", "gaps"), GAPS)
def test_a_change_that_nobody_can_know_is_a_gap(
    entity: str, kind: str, records: list[str] | None, gaps: dict[str, int]
) -> None:
    found = mapped(change(entity, kind, header={"recordIds": records}, OwnerId="005"), SHIPPED)
    assert found == Mapped(gaps=found.gaps) and found.gaps == gaps


IGNORED = [
    ("Lead", {"Description": "x"}, "lead.update"),
    ("Account", {"Name": "x"}, "account"),
    ("contact", {"Name": {"FirstName": "x"}}, "contact"),
    ("Invoice__c", {"Name": "x"}, "other"),
]


@pytest.mark.parametrize(("entity", "fields", "name"), IGNORED)
def test_what_has_no_event_is_ignored_by_name(entity: str, fields: dict[str, Any], name: str) -> None:
    found = mapped(change(entity, **fields), SHIPPED)
    assert (found.drafts, found.faults, found.ignored) == ([], [], {name: 1})


# -- What nobody should send ------------------------------------------------------------------------------

FAULTS: list[tuple[str, Any]] = [
    ("entityName", None),
    ("entityName", ["Lead"]),
    ("changeType", "UPSERT"),
    ("recordIds", []),
    ("recordIds", LEAD),
    ("recordIds", [None]),
    ("recordIds", [[LEAD]]),
    ("recordIds", ["x" * 101]),
    ("transactionKey", None),
    ("transactionKey", ""),
    ("sequenceNumber", "first"),
    ("sequenceNumber", 1.5),
    ("commitTimestamp", None),
    ("commitTimestamp", -1),
    ("commitTimestamp", "2024-07-13T22:53:51Z"),
    ("commitTimestamp", 10**17),
    ("changedFields", "StageName"),
    ("changedFields", ["0x60000004"]),
    ("changedFields", ["2-0x01"]),
    ("nulledFields", [1.5]),
]


@pytest.mark.parametrize(("field", "value"), FAULTS)
def test_a_header_that_cannot_be_read_is_a_fault_with_its_path_and_its_neighbours_are_mapped(
    field: str, value: Any
) -> None:
    found = mapped([change("Lead", header={field: value}, OwnerId="005"), CLOSED_WON], SHIPPED)
    assert [fault.path for fault in found.faults] == [f"[0].payload.ChangeEventHeader.{field}"]
    assert found.faults[0].message.startswith(f"{field} should be ")
    assert types(found.drafts) == ["deal.stage_changed", "deal.won"]


@pytest.mark.parametrize("payload", [None, 1, "x", {}, {"payload": {}}, {"ChangeEventHeader": []}, [[]]])
def test_what_is_no_change_event_is_a_fault(payload: Any) -> None:
    found = mapped(payload, SHIPPED)
    assert found == Mapped(faults=found.faults) and len(found.faults) == 1
    assert found.faults[0].path.endswith("ChangeEventHeader")


def test_names_are_read_in_any_case_and_ids_may_be_numbers() -> None:
    header = {"recordIds": [17], "changeType": "update", "entityName": "LEAD"}
    (assigned,) = made(change("Lead", header=header, OwnerId=5))
    assert (assigned.data["lead_id"], assigned.data["owner_id"]) == ("salesforce:17", "salesforce:5")


DOCUMENTS = [
    CLOSED_WON,
    change("Lead", "CREATE", LeadSource="Web", Status="Qualified", OwnerId="005", Name={"FirstName": "A"}),
    change("Lead", IsConverted=True, ConvertedOpportunityId="006", Status="Unqualified"),
    change(
        "Opportunity", "CREATE", StageName="Closed Lost", Amount=12.5, CurrencyIsoCode="EUR", IsClosed=True
    ),
    change("Case", Status="Closed", IsEscalated=True, Origin="Web", AccountId="001"),
    change("Case", "DELETE", AccountId="001"),
    change("Lead", "GAP_OVERFLOW"),
]
EVERYTHING = told(
    opportunity={"customer": "AccountId", "enriched": ["Amount"], "activates": True, "lost_reason": "Why__c"},
    case={"customer": "AccountId"},
)


@bounded
@given(mutated(DOCUMENTS) | ANY_JSON)
def test_nothing_is_raised_whatever_is_posted_and_what_is_made_the_engine_takes(payload: Any) -> None:
    for mapping in (SHIPPED, EVERYTHING):
        found = mapped(payload, mapping)
        assert {reject.reason for reject in judged(found.drafts)} <= {"unknown_currency", "bad_value"}
        assert [draft.line() for draft in mapped(payload, mapping).drafts] == [
            draft.line() for draft in found.drafts
        ]


WRONG = [
    (
        "won: [Signed, Lost], lost: [lost]",
        "lost stands under `won` and under `lost`: leave it in one of them",
    ),
    ("activates: true", "`activates` needs `customer`"),
    ("dimensions: {all: LeadSource}", "all has a meaning of its own"),
    ("enriched: ['']", "at least 1 character"),
]


@pytest.mark.parametrize(("lines", "message"), WRONG)
def test_a_mapping_that_contradicts_itself_is_refused_with_a_remedy(lines: str, message: str) -> None:
    (problem,) = parse(f"version: 1\nsalesforce:\n  opportunity: {{{lines}}}\n").problems
    assert problem.line == 3 and message in problem.message


# -- Through the engine -----------------------------------------------------------------------------------


def test_the_revenue_of_a_won_deal_is_its_amount_and_a_later_amount_corrects_it() -> None:
    created: dict[str, Any] = {
        "StageName": "Qualification",
        "Amount": 1000,
        "LeadSource": "Web",
        "IsWon": False,
        "IsClosed": False,
    }
    events = [
        change("Opportunity", "CREATE", at=T, **created),
        change("Opportunity", at=T + 1000, Amount=1200.5),
        change("Opportunity", at=T + days(1), StageName="Closed Won", IsWon=True, IsClosed=True),
    ]
    ledger = Ledger()
    assert judged(made(events), ledger) == []
    assert ledger.value("revenue", "7d") == 1200.5
    assert ledger.value("revenue", "7d", dimension="channel", member="Web") == 1200.5
    assert ledger.value("pipeline", "now") == 0
    judged(made(change("Opportunity", at=T + days(2), Amount=900)), ledger)
    assert ledger.value("revenue", "7d") == 900


def test_an_enriched_amount_makes_good_what_was_lost_before() -> None:
    mapping = told(opportunity={"enriched": ["Amount"]})
    first = change("Opportunity", "CREATE", at=T, StageName="Prospecting", Amount=100)
    header = {"changedFields": ["StageName", "IsWon", "IsClosed"]}
    flags: dict[str, Any] = {"IsWon": True, "IsClosed": True}
    won = change("Opportunity", at=T + 1000, header=header, StageName="Closed Won", Amount=150, **flags)
    ledger = Ledger()
    assert judged(made([first, won], mapping), ledger) == []
    assert ledger.value("revenue", "7d") == 150


@pytest.mark.parametrize("key", [f"00010f89-{number}" for number in range(8)])
def test_of_several_changes_in_one_transaction_the_last_one_counts(key: str) -> None:
    """Several keys: what only the digests of events order comes out wrong with some of them."""

    def nth(number: int, kind: str = "UPDATE", **fields: Any) -> Any:
        header = {"transactionKey": key, "sequenceNumber": number}
        return change("Opportunity", kind, header=header, **fields)

    first = nth(1, "CREATE", StageName="Prospecting", Amount=100)
    won = nth(2, StageName="Closed Won", IsWon=True, IsClosed=True, Amount=150)
    reopened = nth(3, StageName="Negotiation/Review", IsWon=False, IsClosed=False)
    again = nth(4, StageName="Closed Won", IsWon=True, IsClosed=True, Amount=175)
    assert standing(first, won) == (150, 0)
    assert standing(first, won, reopened) == (0, 150)
    assert standing(again, won, first, reopened) == (175, 0)


def standing(*changes: Any) -> tuple[float | None, float | None]:
    """Revenue and pipeline, in USD."""
    ledger = Ledger()
    assert judged(made(list(changes)), ledger) == []
    return ledger.value("revenue", "7d"), ledger.value("pipeline", "now")


def test_a_deal_that_is_reopened_or_deleted_brings_no_revenue() -> None:
    won = [
        change("Opportunity", "CREATE", at=T, StageName="Qualification", Amount=1000),
        change("Opportunity", at=T + 1000, StageName="Closed Won", IsWon=True, IsClosed=True),
    ]
    reopened = change("Opportunity", at=T + 2000, StageName="Qualification", IsWon=False, IsClosed=False)
    for last, pipeline in ((reopened, 1000), (change("Opportunity", "DELETE", at=T + 2000), 0)):
        ledger = Ledger()
        assert judged(made([*won, last]), ledger) == []
        assert (ledger.value("revenue", "7d"), ledger.value("pipeline", "now")) == (0, pipeline)


def test_leads_and_cases_reach_their_kpis() -> None:
    ledger = Ledger()
    events = [
        change("Lead", "CREATE", at=T, LeadSource="Web", Status="Open - Not Contacted"),
        change("Lead", at=T + 60_000, Status="Working - Contacted"),
        change("Lead", at=T + days(1), IsConverted=True, ConvertedOpportunityId=OPPORTUNITY),
        change("Case", "CREATE", at=T, Status="New"),
        change("Case", at=T + 60_000, Status="Working"),
        change("Case", at=T + 120_000, Status="Closed", IsClosed=True),
    ]
    assert judged(made(events), ledger) == []
    assert ledger.value("lead_conversion", "7d") == 1
    assert ledger.value("lead_response", "7d", gauge="crm_lead_response_seconds_mean") == 60
    assert ledger.value("backlog", "now") == 0
