"""Payloads as Zendesk documents them."""

from collections.abc import Mapping, Sequence
from typing import Any

AGENT, REQUESTER, TICKET = "235323", "20978392", "35436"
ID = "2b24ef10-19d4-4740-93cf-8f98ec4776c0"

Payload = dict[str, Any]


def webhook(type_: str, event: object = None, *, at: str = "10:00", id: str = ID, **detail: Any) -> Payload:
    """An event webhook as Zendesk documents it; None leaves a field of `detail` out."""
    usual = {
        "actor_id": AGENT,
        "assignee_id": AGENT,
        "brand_id": "123",
        "created_at": "2024-04-15T08:00:00Z",
        "custom_status": "4",
        "description": "My printer is on fire",
        "external_id": None,
        "form_id": "6876543",
        "group_id": "98738",
        "id": TICKET,
        "is_public": True,
        "organization_id": "10002",
        "priority": "NORMAL",
        "requester_id": REQUESTER,
        "status": "OPEN",
        "subject": "Help!",
        "submitter_id": REQUESTER,
        "tags": ["enterprise", "printer"],
        "type": "QUESTION",
        "updated_at": "2024-04-15T08:00:00Z",
        "via": {"channel": "web"},
    }
    told = {name: value for name, value in {**usual, **detail}.items() if value is not None}
    return {
        "account_id": 12345,
        "id": id,
        "subject": f"zen:ticket:{TICKET}",
        "time": f"2024-04-15T{at}:00Z",
        "type": f"zen:event-type:ticket.{type_}",
        "zendesk_event_version": "2022-11-06",
        "event": {} if event is None else event,
        "detail": told,
    }


def bridged(type_: str, *, ticket: Mapping[str, Any] | None = None, **event: Any) -> Payload:
    """The same from Amazon EventBridge."""
    return {
        "version": "0",
        "id": "ecd26460-0ca3-433b-b908-d891a0aa6fb4",
        "detail-type": f"Support Ticket: {type_}",
        "source": "aws.partner/zendesk.com/9242270/default",
        "account": "123456789012",
        "time": "2024-04-15T10:00:03Z",
        "region": "us-east-1",
        "resources": ["Support Ticket"],
        "detail": {
            "ticket_event": {
                "meta": {
                    "version": "1.0",
                    "occurred_at": "2024-04-15T10:00:00.465719851Z",
                    "ref": "1-1234567890",
                    "sequence": {"id": "CE4A698AF24F35B3208649C6951E000E", "position": 1, "total": 1},
                },
                "type": type_,
                **event,
                "ticket": {
                    "id": 35436,
                    "created_at": "2024-04-15T08:00:00.721021468Z",
                    "updated_at": "2024-04-15T10:00:00.789534301Z",
                    "type": "question",
                    "priority": "low",
                    "status": "open",
                    "requester_id": 20978392,
                    "submitter_id": 76872,
                    "assignee_id": 235324,
                    "organization_id": 10002,
                    "group_id": 98738,
                    "brand_id": 123,
                    "form_id": 6876543,
                    "external_id": "TEST1234",
                    "tags": ["enterprise"],
                    "via": {"channel": "web"},
                    **(ticket or {}),
                },
            }
        },
    }


def comment(author: str = AGENT, *, is_staff: object = True, is_public: object = True) -> Payload:
    made_by = {"id": author, "is_staff": is_staff, "name": "Somebody"}
    return {
        "comment": {"id": "1", "body": "text", "is_public": is_public, "author": made_by},
        "meta": {"sequence": {"id": "CE4A", "position": 1, "total": 2}},
    }


DOCUMENTED: Sequence[Payload] = [
    webhook("created"),
    webhook("created", status="SOLVED"),
    webhook("status_changed", {"current": "SOLVED", "previous": "OPEN"}),
    webhook("status_changed", {"current": "OPEN", "previous": "SOLVED"}),
    webhook("comment_added", comment()),
    webhook("comment_added", comment(REQUESTER, is_staff=False)),
    webhook("group_assignment_changed", {"current": "98738", "previous": "1"}),
    webhook("agent_assignment_changed", {"current": AGENT, "previous": None}),
    webhook("priority_changed", {"current": "HIGH", "previous": "LOW"}),
    webhook("requester_changed", {"current": REQUESTER, "previous": "9"}),
    webhook("organization_changed", {"current": "10002", "previous": None}),
    webhook("merged", {"target_ticket_id": "35437"}),
    webhook("soft_deleted"),
    webhook("permanently_deleted"),
    webhook("marked_as_spam"),
    webhook("undeleted"),
    webhook("csat_requested"),
    webhook("csat_received", {"satisfaction_score": {"score": "GOOD", "comment": "text"}}),
    bridged("Ticket Created"),
    bridged("Status Changed", current="solved", previous="open"),
    bridged("Comment Created", comment=comment()["comment"]),
    bridged("Ticket Soft Deleted"),
]


def name_of(payload: Payload) -> str:
    """For the names of tests."""
    name: str = payload.get("type") or payload["detail-type"]
    return name
