"""HubSpot's notices as they are posted: again, in any order, and as nobody should post them."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.intake import HubSpot
from streams.intake.drafts import Fault, Mapped
from streams.intake.hubspot import mapped
from tests.intake.fuzz import ANY_JSON, bounded, judged, mutated
from tests.intake.hubspot_notices import (
    ASSOCIATED,
    CREATED,
    DOCUMENTED,
    MERGED,
    NEW_PLATFORM,
    WON,
    changed,
    notice,
)

SHIPPED = HubSpot()


# -- Deliveries -------------------------------------------------------------------------------------------

OBJECTS = [
    *(f"{entity}.{what}" for entity in ("contact", "deal", "ticket") for what in ("creation", "deletion")),
    "contact.privacyDeletion",
]
BATCH = [
    *DOCUMENTED,
    NEW_PLATFORM,
    MERGED,
    ASSOCIATED,
    *map(notice, OBJECTS),
    changed("contact", "lifecyclestage", "salesqualifiedlead"),
    changed("contact", "lifecyclestage", "customer"),
    changed("contact", "hs_lead_status", "CONNECTED"),
    changed("contact", "hs_lead_status", "UNQUALIFIED"),
    changed("contact", "hubspot_owner_id", "42"),
    changed("contact", "hs_analytics_source", "PAID_SOCIAL"),
    changed("deal", "dealstage", "closedwon"),
    changed("deal", "dealstage", "closedlost", at="09:00"),
    changed("deal", "amount", "12.50", at="08:00"),
    changed("ticket", "hs_pipeline_stage", "4"),
    notice("contact.creation", objectId="text"),
    "no notice",
]


def lines(payload: object) -> list[bytes]:
    return [draft.line() for draft in mapped(payload, SHIPPED).drafts]


def test_a_redelivery_is_the_same_events_to_the_byte_whichever_attempt_it_is() -> None:
    again = [{**one, "attemptNumber": 3, "appId": 8} if isinstance(one, dict) else one for one in BATCH]
    assert lines(again) == lines(BATCH) == lines(json.loads(json.dumps(BATCH)))


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_a_batch_does_not_matter(seed: int) -> None:
    shuffled = Random(seed).sample(BATCH, len(BATCH))
    assert lines(shuffled) == lines(BATCH)
    found = mapped(shuffled, SHIPPED)
    assert found.ignored == mapped(BATCH, SHIPPED).ignored
    assert len(found.faults) == 1


def test_events_are_in_the_order_in_which_they_happened() -> None:
    times = [draft.time for draft in mapped(BATCH, SHIPPED).drafts]
    assert times == sorted(times) and len(set(times)) > 3


@pytest.mark.parametrize("field", ["portalId", "subscriptionId", "eventId", "objectId", "occurredAt"])
def test_each_of_five_fields_makes_it_another_event(field: str) -> None:
    [one], [other] = (
        mapped(told, SHIPPED).drafts for told in (CREATED, {**CREATED, field: CREATED[field] + 1})
    )
    assert (one.source, one.id) != (other.source, other.id)


def test_no_two_events_of_a_batch_have_one_id_unless_they_are_the_same_event() -> None:
    drafts = mapped(BATCH, SHIPPED).drafts
    assert len({(draft.source, draft.id) for draft in drafts}) == len({draft.line() for draft in drafts})


def test_a_single_notice_needs_no_array() -> None:
    assert mapped(WON, SHIPPED) == mapped([WON], SHIPPED)


def test_an_empty_array_says_nothing() -> None:
    assert mapped([], SHIPPED) == Mapped()


def test_the_worker_accepts_every_event_of_the_documented_payloads() -> None:
    drafts = mapped(BATCH, SHIPPED).drafts
    assert len(drafts) > 20
    assert judged(drafts) == []


# -- Hostile ----------------------------------------------------------------------------------------------

WRONG: list[tuple[str, list[object]]] = [
    ("subscriptionType", [None, "", [], "\ud800"]),
    ("objectId", [None, "", [17001], {"id": 1}, True, 1.5, 10**30, "x" * 41, "\ud800"]),
    ("portalId", [None, [], ""]),
    ("eventId", [None, {}, "x" * 50]),
    ("subscriptionId", [None, -1.0]),
    ("occurredAt", [None, "yesterday", "2024-04-27T06:40:00Z", -1, 10**14, 1.5, [], True]),
]


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG for value in values], ids=repr
)
def test_what_cannot_be_read_is_told_with_its_place_and_its_neighbours_are_mapped(
    field: str, value: object
) -> None:
    found = mapped([CREATED, {**WON, field: value}, WON], SHIPPED)
    assert [draft.type for draft in found.drafts] == ["crm.lead.created", "crm.deal.won"]
    assert [fault.path for fault in found.faults] == [f"[1].{field}"]
    assert found.faults[0].message


@pytest.mark.parametrize("field", ["portalId", "subscriptionId", "eventId", "objectId", "occurredAt"])
def test_a_field_that_is_missing_is_told(field: str) -> None:
    found = mapped({name: value for name, value in CREATED.items() if name != field}, SHIPPED)
    assert [fault.path for fault in found.faults] == [field]
    assert found.drafts == []


def test_a_property_change_names_its_property() -> None:
    assert mapped([{**WON, "propertyName": None}], SHIPPED).faults == [
        Fault("[0].propertyName", "should be the name of the property that changed")
    ]


@pytest.mark.parametrize("value", [[], {"a": 1}, "\ud800", "x" * 201])
def test_a_value_that_is_no_text_is_told(value: object) -> None:
    found = mapped([{**WON, "propertyValue": value}], SHIPPED)
    assert ([fault.path for fault in found.faults], found.drafts) == (["[0].propertyValue"], [])


@pytest.mark.parametrize("payload", [None, 7, "text", 1.5, True, [[CREATED]], [None, 7]])
def test_what_is_no_notice_is_told(payload: object) -> None:
    found = mapped(payload, SHIPPED)
    assert found.faults and found.drafts == []


def test_ids_are_the_same_as_numbers_and_as_texts_and_names_in_any_case() -> None:
    texts = {name: str(value) if isinstance(value, int) else value for name, value in WON.items()}
    shouted = {"subscriptionType": "DEAL.PROPERTYCHANGE", "propertyName": "DealStage"}
    assert lines([{**texts, **shouted, "propertyValue": " ClosedWon "}]) == lines([WON])


# -- Anything ---------------------------------------------------------------------------------------------

ANYTHING = mutated([*DOCUMENTED, NEW_PLATFORM, MERGED, *(one for one in BATCH if isinstance(one, dict))])


@bounded
@given(ANY_JSON | st.lists(ANY_JSON | ANYTHING, max_size=5) | ANYTHING)
def test_nothing_is_raised_whatever_is_posted_and_every_notice_is_answered_for(payload: object) -> None:
    found = mapped(payload, SHIPPED)
    told = payload if isinstance(payload, list) else [payload]
    of_notices = {draft.id.rpartition("/")[0] for draft in found.drafts}
    assert len(of_notices) + found.ignored.total() + len(found.faults) <= len(told)
    assert bool(told) == bool(found.drafts or found.ignored or found.faults)
    assert lines(payload) == lines(payload)


@bounded
@given(st.lists(ANYTHING, max_size=5), st.randoms(use_true_random=False))
def test_any_notices_are_the_same_in_any_order(told: list[object], random: Random) -> None:
    shuffled = random.sample(told, len(told))
    assert lines(shuffled) == lines(told)


@bounded
@given(ANYTHING)
def test_of_any_notice_the_worker_refuses_no_more_than_amounts_and_times_beyond_its_bounds(
    told: object,
) -> None:
    for reject in judged(mapped(told, SHIPPED).drafts):
        assert reject.field == "data.amount_minor" or reject.reason == "future_time"
