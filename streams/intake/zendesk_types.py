"""Zendesk's names of what happens, in whatever way they are written."""

import re
from typing import Final

from streams.intake.drafts import Unreadable
from streams.intake.zendesk_events import bridged_of

_TYPE: Final = re.compile(r"zen:event-type[:/](?P<domain>[a-z_]+)\.(?P<type>\w+)", re.IGNORECASE)


def type_of(payload: object) -> tuple[str, str]:
    """(domain, type) such as `ticket` and `status_changed`, `other` for what is not known.

    Unreadable for what is no event of Zendesk's.
    """
    if isinstance(payload, dict):
        bridged = bridged_of(payload)
        if isinstance(bridged, dict) and isinstance(bridged.get("type"), str):
            return "ticket", _named(bridged["type"])
        found = _TYPE.fullmatch(payload["type"]) if isinstance(payload.get("type"), str) else None
        if found:
            domain = found["domain"].lower()
            return ("ticket", _named(found["type"])) if domain == "ticket" else _of_others(domain)
    raise Unreadable(
        "type",
        "this is no event of Zendesk's, whose type begins with zen:event-type:; triggers and automations send"
        " a JSON of your own: make it a CloudEvent (docs/intake/zendesk.md), or POST one to /events",
    )


def _named(type_: str) -> str:
    return _TYPES.get(_squeezed(type_), "other")


def _of_others(domain: str) -> tuple[str, str]:
    return (domain if domain in OTHER_DOMAINS else "other"), "any"


def _squeezed(name: str) -> str:
    """`status_changed`, `StatusChanged` and `Status Changed` are one type."""
    return re.sub(r"[^a-z]", "", name.lower())


TICKET_TYPES: Final = (
    "agent_assignment_changed",
    "attachment_linked_to_comment",
    "attachment_redacted_from_comment",
    "brand_changed",
    "comment_added",
    "comment_made_private",
    "comment_redacted",
    "created",
    "csat_received",
    "csat_requested",
    "custom_field_changed",
    "custom_status_changed",
    "description_changed",
    "email_ccs_changed",
    "external_id_changed",
    "followers_changed",
    "form_changed",
    "group_assignment_changed",
    "marked_as_spam",
    "merged",
    "next_sla_breach_changed",
    "ola_policy_changed",
    "organization_changed",
    "permanently_deleted",
    "priority_changed",
    "problem_link_changed",
    "requester_changed",
    "schedule_changed",
    "sla_policy_changed",
    "soft_deleted",
    "status_changed",
    "subject_changed",
    "submitter_changed",
    "tags_changed",
    "task_due_at_changed",
    "type_changed",
    "undeleted",
)
_ALSO: Final = {"comment_added": "comment_created"}
"""As Amazon EventBridge calls it; most of its names have the word ticket in front, besides."""

_TYPES: Final = {
    _squeezed(spelling): name
    for name in TICKET_TYPES
    for spelling in (name, f"ticket_{name}", _ALSO.get(name, name))
}
"""Type, squeezed -> as Zendesk's webhooks write it."""
OTHER_DOMAINS: Final = frozenset(
    {
        "agent",
        "agent_availability",
        "article",
        "community_post",
        "messaging_ticket",
        "omnichannel_config",
        "organization",
        "user",
    }
)
