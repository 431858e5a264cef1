"""What Zendesk documents becomes our events; what anybody else sends in its name does no harm."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.intake import Zendesk, parse
from streams.intake.drafts import Draft
from streams.intake.zendesk import KINDS, mapped
from streams.intake.zendesk_types import OTHER_DOMAINS, TICKET_TYPES
from tests.intake.fuzz import ANY_JSON, bounded, judged, mutated
from tests.intake.zendesk_payloads import (
    AGENT,
    DOCUMENTED,
    ID,
    REQUESTER,
    Payload,
    bridged,
    comment,
    name_of,
    webhook,
)

DEFAULT = Zendesk()


def of(payload: object, **mapping: Any) -> list[Draft]:
    """The drafts of a payload without faults."""
    result = mapped(payload, Zendesk.model_validate(mapping))
    assert not result.faults
    return result.drafts


def told(payload: object, **mapping: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """(type, data without what all drafts of the ticket have)."""
    common = ("ticket_id", "customer_id", "channel")
    return [
        (draft.type, {name: value for name, value in draft.data.items() if name not in common})
        for draft in of(payload, **mapping)
    ]


def types(payload: object, **mapping: Any) -> list[str]:
    return [type_ for type_, _ in told(payload, **mapping)]


def ignored(payload: object, **mapping: Any) -> list[str]:
    result = mapped(payload, Zendesk.model_validate(mapping))
    assert not result.drafts and not result.faults
    return list(result.ignored)


EVERYTHING = {
    "customer": "organization",
    "escalated_to": {98738: "second line"},
    "removed_by": ["merged", "soft_deleted"],
    "dimensions": {
        "channel": "via.channel",
        "region": {"field": "brand_id", "values": {123: "EU"}},
        "segment": {"tags": {"vip": "vip", "Enterprise": "enterprise"}},
        "team": "group_id",
    },
}


# -- All of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", DOCUMENTED, ids=name_of)
@pytest.mark.parametrize("mapping", [{}, EVERYTHING], ids=["default", "everything"])
def test_what_zendesk_documents_is_accepted_by_the_engine(payload: Payload, mapping: Payload) -> None:
    drafts = of(payload, **mapping)
    assert judged(drafts) == []
    assert all(draft.data["customer_id"] for draft in drafts)


@pytest.mark.parametrize("payload", DOCUMENTED, ids=name_of)
def test_a_redelivery_is_the_same_events(payload: Payload) -> None:
    again = json.loads(json.dumps(payload))
    assert [one.line() for one in of(payload)] == [one.line() for one in of(again)]
    ids = [(draft.source, draft.id) for draft in of(payload)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("payload", DOCUMENTED, ids=name_of)
def test_no_text_that_somebody_wrote_goes_on(payload: Payload) -> None:
    lines = b"".join(draft.line() for draft in of(payload))
    assert not any(text in lines for text in (b"printer", b"Help!", b"Somebody", b"text", b"TEST1234"))


def test_ids_are_read_as_texts_and_as_numbers() -> None:
    texts = webhook("comment_added", comment())
    numbers = webhook("comment_added", comment(), id=ID)
    numbers["account_id"] = "12345"
    numbers["detail"] |= {"id": 35436, "requester_id": 20978392, "group_id": 98738}
    numbers["event"]["comment"]["author"]["id"] = 235323
    assert of(texts) == of(numbers)
    (draft,) = of(texts)
    assert (draft.source, draft.id) == ("/zendesk/12345", ID)
    assert (draft.data["ticket_id"], draft.data["customer_id"]) == ("zendesk:35436", "zendesk:ticket:35436")


@pytest.mark.parametrize(
    "type_",
    ["zen:event-type:ticket.created", "zen:event-type/ticket.TicketCreated", "ZEN:event-type/Ticket.created"],
)
def test_the_type_is_read_in_every_spelling(type_: str) -> None:
    assert types({**webhook("created"), "type": type_}) == ["crm.ticket.created"]


def test_eventbridge_tells_the_same_as_a_webhook() -> None:
    (draft,) = of(bridged("Status Changed", current="solved", previous="open"))
    assert draft.type == "crm.ticket.resolved"
    assert (draft.source, draft.time) == ("/zendesk/9242270", "2024-04-15T10:00:00.465Z")
    assert draft.data["customer_id"] == "zendesk:ticket:35436"
    assert types(bridged("Comment Created", comment=comment()["comment"])) == ["crm.ticket.replied"]
    assert types(bridged("Ticket Created")) == ["crm.ticket.created"]


def test_drafts_are_in_the_order_in_which_they_happened() -> None:
    late, early = webhook("created", at="11:00"), webhook("comment_added", comment(), at="07:00")
    times = [draft.time for draft in of([late, early])]
    assert times == sorted(times) and len(times) == 2
    told = [{**payload, "id": f"event-{at}"} for at, payload in enumerate(DOCUMENTED)]
    assert of(told[::-1], **EVERYTHING) == of(told, **EVERYTHING)


# -- Tickets ----------------------------------------------------------------------------------------------


def test_a_ticket_is_created_when_it_was_with_priority_topic_and_who_created_it() -> None:
    (draft,) = of(webhook("created"))
    assert draft.time == "2024-04-15T08:00:00.000Z"
    assert told(webhook("created")) == [
        ("crm.ticket.created", {"priority": "normal", "topic": "question", "created_by": "customer"})
    ]
    assert told(webhook("created", submitter_id=AGENT))[0][1]["created_by"] == "agent"
    assert "created_by" not in told(webhook("created", submitter_id=None))[0][1]


def test_a_ticket_that_is_created_solved_is_resolved() -> None:
    for status in ("SOLVED", "solved", "Closed"):
        assert types(webhook("created", status=status)) == ["crm.ticket.created", "crm.ticket.resolved"]


@pytest.mark.parametrize(
    ("previous", "current", "became"),
    [
        ("OPEN", "SOLVED", "resolved"),
        ("open", "solved", "resolved"),
        ("NEW", "CLOSED", "resolved"),
        ("SOLVED", "CLOSED", "resolved"),
        (None, "SOLVED", "resolved"),
        ("SOLVED", "OPEN", "reopened"),
        ("Solved", "Pending", "reopened"),
        (None, "OPEN", "reopened"),
        ("NEW", "OPEN", None),
        ("OPEN", "HOLD", None),
        ("SOLVED", "DELETED", None),
        ("CLOSED", "ARCHIVED", None),
        ("OPEN", "of another kind", None),
    ],
)
def test_what_a_status_becomes(previous: str | None, current: str, became: str | None) -> None:
    payload = webhook("status_changed", {"current": current, "previous": previous})
    assert types(payload) == ([f"crm.ticket.{became}"] if became else [])
    assert mapped(payload, DEFAULT).ignored == ({} if became else {"ticket.status_changed": 1})


def test_the_mapping_says_which_statuses_are_resolved() -> None:
    solved = webhook("status_changed", {"current": "SOLVED", "previous": "OPEN"})
    mapping = {"resolved": ["closed"], "open": ["open", "solved"]}
    assert ignored(solved, **mapping) == ["ticket.status_changed"]
    closed = webhook("status_changed", {"current": "CLOSED", "previous": "SOLVED"})
    assert types(closed, **mapping) == ["crm.ticket.resolved"]


@pytest.mark.parametrize(
    ("author", "is_staff", "role", "kind"),
    [
        (AGENT, True, "agent", "human"),
        ("1", False, "customer", "human"),
        (REQUESTER, False, "customer", "human"),
        (REQUESTER, True, "customer", "human"),
        (REQUESTER, None, "customer", "human"),
        ("777", True, "agent", "bot"),
        ("-1", True, "agent", "bot"),
    ],
)
def test_who_writes_a_comment(author: str, is_staff: bool | None, role: str, kind: str) -> None:
    payload = webhook("comment_added", comment(author, is_staff=is_staff))
    said = {"actor_kind": kind, "public": True, "author_role": role}
    assert told(payload, bots=[777, -1]) == [("crm.ticket.replied", said)]


def test_a_note_is_not_public() -> None:
    assert told(webhook("comment_added", comment(is_public=False)))[0][1]["public"] is False


def test_a_group_is_an_escalation_only_where_the_mapping_says_so() -> None:
    payload = webhook("group_assignment_changed", {"current": "98738", "previous": "1"})
    assert ignored(payload) == ["ticket.group_assignment_changed"]
    assert ignored(payload, escalated_to={5: "other"}) == ["ticket.group_assignment_changed"]
    escalated = told(payload, escalated_to={98738: "second line"})
    assert escalated == [("crm.ticket.escalated", {"to_team": "second line"})]


@pytest.mark.parametrize("ending", ["soft_deleted", "permanently_deleted", "marked_as_spam"])
def test_a_deleted_ticket_is_removed(ending: str) -> None:
    said = {"entity": "ticket", "id": "zendesk:35436", "reason": ending}
    assert told(webhook(ending)) == [("crm.record.removed", said)]
    assert ignored(webhook(ending), removed_by=[]) == [f"ticket.{ending}"]


def test_a_merged_ticket_stays_unless_the_mapping_says_otherwise() -> None:
    payload = webhook("merged", {"target_ticket_id": "35437"})
    assert ignored(payload) == ["ticket.merged"]
    assert types(payload, removed_by=["merged"]) == ["crm.record.removed"]


@pytest.mark.parametrize("type_", [name for name in TICKET_TYPES if name not in KINDS])
def test_what_there_is_no_event_for_is_counted_under_its_name(type_: str) -> None:
    assert ignored(webhook(type_)) == [f"ticket.{type_}"]


def test_what_is_not_known_is_counted_under_one_name() -> None:
    assert ignored(webhook("invented_yesterday")) == ["ticket.other"]
    of_others = {
        domain: {"type": f"zen:event-type:{domain}.any_thing"} for domain in [*OTHER_DOMAINS, "invented"]
    }
    found = {name for payload in of_others.values() for name in ignored(payload)}
    assert found == {f"{domain}.any" for domain in [*OTHER_DOMAINS, "other"]}


# -- Whose ticket it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customer", "organization", "expected"),
    [
        ("requester", "10002", "zendesk:20978392"),
        ("organization", "10002", "zendesk:organization:10002"),
        ("organization", "0", "zendesk:20978392"),
        ("organization", "", "zendesk:20978392"),
        ("organization", None, "zendesk:20978392"),
        ("ticket", "10002", "zendesk:ticket:35436"),
    ],
)
def test_whose_ticket_it_is(customer: str, organization: str | None, expected: str) -> None:
    (draft,) = of(webhook("created", organization_id=organization), customer=customer)
    assert draft.data["customer_id"] == expected


REQUESTER_CHANGED = webhook(
    "requester_changed", {"current": REQUESTER, "previous": "9"}, organization_id=None
)
ORGANIZATION_CHANGED = webhook("organization_changed", {"current": "10002", "previous": None})


@pytest.mark.parametrize(
    ("payload", "customer", "name"),
    [
        (REQUESTER_CHANGED, "ticket", "requester_changed"),
        (REQUESTER_CHANGED, "requester", "customer_changed"),
        (REQUESTER_CHANGED, "organization", "customer_changed"),  # it has none, so it is its requester's
        (ORGANIZATION_CHANGED, "ticket", "organization_changed"),
        (ORGANIZATION_CHANGED, "requester", "organization_changed"),
        (ORGANIZATION_CHANGED, "organization", "customer_changed"),
        (webhook("organization_changed", {"current": "10002", "previous": 10002}), "organization", None),
    ],
)
def test_another_customer_makes_no_event_and_is_counted(
    payload: Payload, customer: str, name: str | None
) -> None:
    assert ignored(payload, customer=customer) == [f"ticket.{name or 'organization_changed'}"]


# -- Dimensions -------------------------------------------------------------------------------------------


def test_dimensions_are_what_the_mapping_says() -> None:
    (draft,) = of(webhook("created", via={"channel": "Mobile_SDK"}), **EVERYTHING)
    names = ("channel", "region", "segment", "team")
    assert [draft.data[name] for name in names] == ["mobile_sdk", "EU", "enterprise", "98738"]


@pytest.mark.parametrize(
    "via",
    [
        None,
        "web",
        {"channel": "\ud800"},
        {"channel": 10**30},
        {"channel": None},
        {"channel": ["web"]},
        {"channel": True},
        {},
    ],
)
def test_a_dimension_that_is_not_told_is_left_out(via: object) -> None:
    (draft,) = of(webhook("created", via=via, brand_id="9", tags="vip small", group_id="0"), **EVERYTHING)
    dimensions = {name: draft.data.get(name) for name in ("channel", "region", "segment", "team")}
    assert dimensions == {"channel": None, "region": None, "segment": "vip", "team": None}


# -- Ratings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "expected"),
    [("GOOD", (1, 0, 1)), ("bad", (0, 0, 1)), (5, (5, 1, 5)), (1, (1, 1, 5)), ("OFFERED", None), (6, None)],
)
def test_a_rating_is_an_answer(score: object, expected: tuple[int, int, int] | None) -> None:
    shapes: Sequence[object] = (
        {"satisfaction_score": {"score": score}},
        {"satisfaction_rating": {"score": score}},
        {"satisfaction_score": score},
    )
    for shape in shapes:
        drafts = of(webhook("csat_received", shape))
        found = [tuple(draft.data[name] for name in ("score", "scale_min", "scale_max")) for draft in drafts]
        assert found == ([expected] if expected else [])


def test_the_comment_of_a_rating_is_counted_and_not_told() -> None:
    rated = {"satisfaction_score": {"score": "GOOD", "comment": "text"}}
    (draft,) = of(webhook("csat_received", rated))
    assert draft.data["has_comment"] is True


# -- What cannot be read ----------------------------------------------------------------------------------


def fault_of(payload: object, **mapping: Any) -> str:
    """The path of the one fault."""
    result = mapped(payload, Zendesk.model_validate(mapping))
    (fault,) = result.faults
    assert fault.message and not result.drafts
    return fault.path


def without(payload: Payload, *path: str) -> Payload:
    copy: Payload = json.loads(json.dumps(payload))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return copy


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (None, "type"),
        ([[]], "[0].type"),
        (7, "type"),
        ({}, "type"),
        ({"ticket_id": "{{ticket.id}}", "status": "solved"}, "type"),
        ({"type": 5}, "type"),
        ({"type": "zen:event-type:ticket.created"}, "id"),
        (without(webhook("created"), "id"), "id"),
        (without(webhook("created"), "account_id"), "account_id"),
        (without(webhook("created"), "time"), "time"),
        (without(webhook("created"), "detail"), "detail"),
        (webhook("created", id=""), "id"),
        (webhook("created", id="\ud800"), "id"),
        (webhook("created", id="x" * 101), "id"),
        (webhook("created", requester_id=10**30), "detail.requester_id"),
        (webhook("created", priority="\udfff"), "detail.priority"),
        (without(webhook("created"), "detail", "id"), "detail.id"),
        (webhook("created", requester_id=[1]), "detail.requester_id"),
        (webhook("created", status=3), "detail.status"),
        (webhook("created", created_at="yesterday"), "detail.created_at"),
        ({**webhook("created"), "time": "2024-02-30T10:00:00Z"}, "time"),
        ({**webhook("created"), "time": "2024-02-20T10:00:00"}, "time"),
        ({**webhook("created"), "time": "0001-01-01T00:00:00+14:00"}, "time"),
        ({**webhook("created"), "event": []}, "event"),
        (webhook("status_changed"), "event.current"),
        (webhook("status_changed", {"current": 5}), "event.current"),
        (webhook("comment_added"), "event.comment"),
        (webhook("comment_added", comment(is_public="yes")), "event.comment.is_public"),
        (webhook("comment_added", comment("1", is_staff=None)), "event.comment.author.is_staff"),
        (webhook("group_assignment_changed", {"current": {}}), "event.current"),
        (bridged("Status Changed"), "detail.ticket_event.current"),
        (bridged("Ticket Created", ticket={"id": None}), "detail.ticket_event.ticket.id"),
    ],
)
def test_what_cannot_be_read_is_a_fault_that_names_its_place(payload: object, path: str) -> None:
    assert fault_of(payload) == path


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (without(webhook("created"), "detail", "requester_id"), "detail.requester_id"),
        (bridged("Ticket Created", ticket={"requester_id": None}), "detail.ticket_event.ticket.requester_id"),
        (webhook("requester_changed", {"current": "1", "previous": []}), "event.previous"),
    ],
)
def test_what_tells_the_requester_is_read_only_where_the_requester_is_the_customer(
    payload: object, path: str
) -> None:
    assert fault_of(payload, customer="requester") == path
    assert not mapped(payload, DEFAULT).faults


def test_the_neighbours_of_a_fault_are_mapped() -> None:
    result = mapped(
        [webhook("created"), {"type": "x"}, webhook("undeleted"), webhook("soft_deleted")], DEFAULT
    )
    assert [draft.type for draft in result.drafts] == ["crm.ticket.created", "crm.record.removed"]
    assert [fault.path for fault in result.faults] == ["[1].type"]
    assert result.ignored == {"ticket.undeleted": 1}


def test_whoever_sends_a_trigger_s_own_json_is_told_where_to_send_it() -> None:
    (fault,) = mapped({"ticket_id": "1"}, DEFAULT).faults
    assert "/events" in fault.message


# -- Triggers and automations -----------------------------------------------------------------------------

TRIGGERED = {
    "specversion": "1.0",
    "id": "rating-35436-2024-04-15T10:00:00Z",
    "source": "/zendesk/12345",
    "type": "crm.survey.answered",
    "time": "2024-04-15T10:00:00Z",
    "data": {
        "response_id": "zendesk:csat:35436",
        "kind": "csat",
        "score": 1,
        "scale_min": 0,
        "scale_max": 1,
        "ticket_id": "zendesk:35436",
        "customer_id": "zendesk:ticket:35436",
    },
}


def test_a_trigger_may_send_an_event_of_ours() -> None:
    (draft,) = of(TRIGGERED)
    assert json.loads(draft.line()) == {**TRIGGERED, "time": "2024-04-15T10:00:00.000Z"}


@pytest.mark.parametrize("type_", ["crm.deal.won", "crm.customer.erased", "crm.ticketing", ""])
def test_a_trigger_speaks_for_zendesk_s_records_only(type_: str) -> None:
    assert fault_of({**TRIGGERED, "type": type_}) == "type"


@pytest.mark.parametrize("field", ["id", "source", "type", "time", "data"])
def test_a_trigger_s_event_is_whole(field: str) -> None:
    assert fault_of(without(TRIGGERED, field)) == field
    assert fault_of({**TRIGGERED, field: []}) == field


def test_a_trigger_s_event_can_be_written() -> None:
    for value in ("\ud800", 10**5_000):
        assert fault_of({**TRIGGERED, "data": {"score": [value]}}) == "data"


# -- Fuzzing ----------------------------------------------------------------------------------------------

MAPPINGS = st.sampled_from([DEFAULT, Zendesk.model_validate(EVERYTHING), Zendesk(customer="requester")])


@bounded
@given(payload=ANY_JSON | mutated([*DOCUMENTED, TRIGGERED, DOCUMENTED[:3]]), mapping=MAPPINGS)
def test_whatever_is_sent_is_mapped_ignored_or_a_fault(payload: object, mapping: Zendesk) -> None:
    result = mapped(payload, mapping)
    for draft in result.drafts:
        assert json.loads(draft.line())["specversion"] == "1.0"
    assert result.drafts or result.faults or result.ignored or payload == []


# -- The mapping ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resolved: [done]", "zendesk.resolved.0"),
        ("customer: me", "zendesk.customer"),
        ("resolved: [solved, open]", "zendesk"),
        ("removed_by: [soft_deleted, soft_deleted]", "zendesk.removed_by"),
        ("ratings: {good: 2}", "zendesk.ratings.good"),
        ("dimensions: {channel: subject}", "zendesk.dimensions.channel"),
        ("dimensions: {all: priority}", "zendesk.dimensions.all"),
        ("colour: red", "zendesk.colour"),
    ],
)
def test_a_wrong_mapping_is_refused_at_its_place(text: str, expected: str) -> None:
    parsed = parse(f"version: 1\nzendesk:\n  {text}\n")
    assert parsed.intake is None
    assert [problem.line for problem in parsed.problems] in ([3], [2])  # of a section: where it begins
    assert parsed.problems[0].path.startswith(expected)
