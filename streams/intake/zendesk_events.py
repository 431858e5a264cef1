"""Zendesk's events as they come: by event webhook, or by a relay from Amazon EventBridge.

Both tell of a ticket as it was at that moment, so that each event names customer and dimensions by itself.
Types: https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events and
https://developer.zendesk.com/api-reference/amazon-eventbridge/tickets/. Ids come as numbers or texts,
enumerations in any case, times with up to nine digits behind the second.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec

from streams.intake.drafts import Unreadable
from streams.intake.values import MAX_ID, MAX_TEXT

_UTF_8: Final = r"\A[^\ud800-\udfff]*\Z"
"""JSON may hold half of a surrogate pair, which nothing can be written with."""
Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT, pattern=_UTF_8)]
Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Id = Annotated[str, msgspec.Meta(max_length=MAX_ID, pattern=_UTF_8)] | Number
Own = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID, pattern=_UTF_8)] | Number
"""The id of what an event is about."""
_NO_IDS: Final = (None, "", "0", 0)
"""How Zendesk writes that there is none."""
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ACCOUNT: Final = re.compile(r"zendesk\.com/(?P<account>[0-9]{1,20})(/|$)")
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>\w+)`")
_PATH: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")

_Read = TypeVar("_Read")


class Ticket(msgspec.Struct, frozen=True):
    id: Own
    requester_id: Id | None = None
    organization_id: Id | None = None
    submitter_id: Id | None = None
    status: Text | None = None
    priority: Text | None = None
    type: Text | None = None
    created_at: Text | None = None


class Happening(NamedTuple):
    """One event."""

    source: str
    id: str
    time: str
    ticket: Ticket
    detail: Mapping[str, Any]
    """The ticket, as it came."""
    event: Mapping[str, Any]
    """What happened to it, as it came."""
    path: str
    """Where `event` stands."""
    ticket_path: str

    def read(self, shape: type[_Read]) -> _Read:
        """What happened, as this shape."""
        return read(self.event, shape, self.path)


# -- An event ---------------------------------------------------------------------------------------------


class _Webhook(msgspec.Struct, frozen=True):
    id: Own
    account_id: Own
    time: Text
    detail: dict[str, Any]
    event: dict[str, Any] = {}


class _Meta(msgspec.Struct, frozen=True):
    occurred_at: Text


class _TicketEvent(msgspec.Struct, frozen=True):
    meta: _Meta
    ticket: dict[str, Any]


class _Bridge(msgspec.Struct, frozen=True):
    id: Own
    source: Text


def happening(payload: dict[str, Any]) -> Happening:
    """Unreadable when something is missing, or of another kind than Zendesk documents."""
    bridged = bridged_of(payload)
    return _from_bridge(payload, bridged) if isinstance(bridged, dict) else _from_webhook(payload)


def bridged_of(payload: dict[str, Any]) -> object:
    """What EventBridge wraps, if it is that."""
    detail = payload.get("detail")
    return detail.get("ticket_event") if isinstance(detail, dict) else None


def _from_webhook(payload: dict[str, Any]) -> Happening:
    found = read(payload, _Webhook, "")
    return Happening(
        _source(str(found.account_id)),
        str(found.id),
        rfc3339(found.time, "time"),
        read(found.detail, Ticket, "detail"),
        found.detail,
        found.event,
        "event",
        "detail",
    )


def _from_bridge(payload: dict[str, Any], bridged: dict[str, Any]) -> Happening:
    path = "detail.ticket_event"
    outer, inner = read(payload, _Bridge, ""), read(bridged, _TicketEvent, path)
    account = _ACCOUNT.search(outer.source)
    return Happening(
        _source(account["account"] if account else "eventbridge"),
        str(outer.id),
        rfc3339(inner.meta.occurred_at, f"{path}.meta.occurred_at"),
        read(inner.ticket, Ticket, f"{path}.ticket"),
        inner.ticket,
        bridged,
        path,
        f"{path}.ticket",
    )


# -- What stands in it ------------------------------------------------------------------------------------


def _source(account: str) -> str:
    return f"/zendesk/{quote(account, safe='')}"


def is_there(value: str | int | None) -> bool:
    """Whether an id names anything."""
    return value not in _NO_IDS


def rfc3339(text: str, path: str) -> str:
    """In UTC, with milliseconds."""
    try:
        if _TIME.fullmatch(text):
            time = datetime.fromisoformat(text).astimezone(UTC)
            return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):  # such as 30 February, or a year before 1
        pass
    raise Unreadable(path, f"{text[:40]!r} is no time such as 2024-03-05T10:00:00Z")


def read(value: object, shape: type[_Read], path: str) -> _Read:
    """A value as this shape; Unreadable, with what is wrong below `path`."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error), path) from None


def _unreadable(error: str, path: str) -> Unreadable:
    """Of msgspec's words, such as "Expected `int | str`, got `array` - at `$.id`"."""
    inner = match["path"] if (match := _PATH.search(error)) else ""
    missing = match["field"] if (match := _MISSING.match(error)) else ""
    message = "is missing: Zendesk sends it with each such event" if missing else _PATH.sub("", error)
    return Unreadable(".".join(filter(None, (path, inner, missing))), message)
