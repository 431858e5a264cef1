"""A day of a company as its vendors tell it: their documented payloads, signed, for a running `kpi intake`.

    14:00  hubspot     a deal is won, and not a word of the amount
    14:30  hubspot     ... which is told by itself

Shapes are those of the vendors' documentation; only ids, times and values are the story's.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from streams.clock import clock_ms
from streams.intake.requests import Request
from tests.builders import ms, rfc3339
from tests.intake import signing

DAY: Final = "2024-07-13"
SECRETS: Final[Mapping[str, str]] = {
    "hubspot": "a-client-secret-of-hubspot",
    "salesforce": "a-token-of-the-relay",
    "zendesk": "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",  # the one of Zendesk's documentation
    "stripe": "whsec_of-an-endpoint",
}
SIGN: Final = {
    "hubspot": signing.hubspot_3,
    "salesforce": signing.bearer,
    "zendesk": signing.zendesk,
    "stripe": signing.stripe,
}
JSON: Final = {"Content-Type": "application/json"}

Payload = Any


class Post(NamedTuple):
    vendor: str
    payload: Payload

    def body(self) -> bytes:
        return json.dumps(self.payload).encode()


def signed(vendor: str, url: str, body: bytes, *, secret: str = "", late_ms: int = 0) -> dict[str, str]:
    """The headers that the vendor sends; `late_ms` is how long ago it has signed (by its clock)."""
    request = Request("POST", url, {}, body)
    return {**JSON, **SIGN[vendor](request, secret or SECRETS[vendor], clock_ms() - late_ms)}


def at(time: str) -> int:
    """Milliseconds of a time of the story's day."""
    return ms(f"{DAY} {time}")


# -- HubSpot: arrays of events, a property each -----------------------------------------------------------

_numbers: Final = count(100)


def hubspot(kind: str, object_id: int, time: str, **told: Any) -> Payload:
    return {
        "eventId": next(_numbers),
        "subscriptionId": 1,
        "portalId": 99999,
        "appId": 12345,
        "occurredAt": at(time),
        "subscriptionType": kind,
        "attemptNumber": 0,
        "objectId": object_id,
        "changeSource": "CRM",
        "sourceId": "userId:12345",
        **told,
    }


def became(kind: str, object_id: int, time: str, name: str, value: str) -> Payload:
    """A property of a HubSpot object has a new value."""
    told = {"propertyName": name, "propertyValue": value, "changeSource": "CRM_UI"}
    return hubspot(f"{kind}.propertyChange", object_id, time, **told)


HUBSPOT: Final = [
    [
        hubspot("contact.creation", 17001, "08:00", changeFlag="NEW"),
        hubspot("contact.creation", 17002, "08:05", changeFlag="NEW"),
        hubspot("deal.creation", 74500, "09:00", changeFlag="NEW"),
        hubspot("deal.creation", 74501, "09:00", changeFlag="NEW"),
        hubspot("deal.creation", 74502, "09:05", changeFlag="NEW"),
        hubspot("deal.creation", 74503, "09:05", changeFlag="NEW"),
        became("deal", 74500, "09:10", "amount", "1500"),
        became("deal", 74503, "09:10", "amount", "800"),
        became("deal", 74503, "09:20", "dealstage", "appointmentscheduled"),
    ],
    [
        became("deal", 74500, "10:00", "dealstage", "closedwon"),
        became("deal", 74501, "11:00", "dealstage", "closedlost"),
        became("deal", 74502, "14:00", "dealstage", "closedwon"),
    ],
    [became("deal", 74502, "14:30", "amount", "1999.99")],
    [
        hubspot("ticket.creation", 900, "10:00", changeFlag="NEW"),
        became("ticket", 900, "13:00", "hs_pipeline_stage", "4"),
        hubspot("contact.privacyDeletion", 17002, "15:00"),
        hubspot("contact.merge", 17001, "15:00", newObjectId=17003, mergedObjectIds=[17001, 17000]),
    ],
]
"""Two contacts; deals won at 1,500.00 and 1,999.99, one lost, one of 800.00 open; a ticket closed."""


# -- Salesforce: change events, of several records at once, with only what has changed ----------------------


def salesforce(entity: str, ids: str, kind: str, time: str, **fields: Any) -> Payload:
    """A change event, as a relay posts it; a field that did not change is null."""
    header = {
        "entityName": entity,
        "recordIds": ids.split(),
        "changeType": kind,
        "changeOrigin": "com/salesforce/api/soap/61.0;client=SfdcInternalAPI/",
        "transactionKey": f"00010f89-ac42-d2ff-5d99-{next(_numbers):012d}",
        "sequenceNumber": 1,
        "commitTimestamp": at(time),
        "commitNumber": at(time) * 1_000_000 + 1_890,
        "commitUser": "005bm0000037f9ZAAQ",
        "nulledFields": [],
        "diffFields": [],
        "changedFields": [*fields, "LastModifiedDate"] if kind == "UPDATE" else [],
    }
    unchanged = {"Description": None, "OwnerId": None}
    payload = {"ChangeEventHeader": header, **unchanged, **fields, "LastModifiedDate": rfc3339(at(time))}
    return {"schema": "IeRuaY6cbI_HsV8Rv1Mc5g", "payload": payload, "event": {"replayId": next(_numbers)}}


WON: Final = {"StageName": "Closed Won", "IsClosed": True, "IsWon": True}
SALESFORCE: Final = [
    salesforce("Lead", "00Q01", "CREATE", "08:00", Status="Open - Not Contacted", LeadSource="Web"),
    salesforce("Lead", "00Q02 00Q03", "CREATE", "08:10", Status="Open - Not Contacted", LeadSource="Web"),
    salesforce("Lead", "00Q01", "UPDATE", "08:20", Status="Working - Contacted"),
    salesforce("Lead", "00Q01", "UPDATE", "13:00", IsConverted=True, Status="Closed - Converted"),
    salesforce("Opportunity", "00601", "CREATE", "09:00", StageName="Prospecting", Amount=5000.5),
    salesforce("Opportunity", "00602", "CREATE", "09:00", StageName="Prospecting"),
    salesforce("Opportunity", "00603", "CREATE", "09:00", StageName="Prospecting", Amount=9999),
    salesforce("Opportunity", "00604", "CREATE", "09:00", StageName="Negotiation/Review", Amount=300),
    salesforce(
        "Opportunity", "00601 00602", "UPDATE", "15:00", StageName="Closed Won", IsClosed=True, IsWon=True
    ),
    salesforce("Opportunity", "00602", "UPDATE", "15:20", Amount=750.25),
    salesforce("Opportunity", "00603", "UPDATE", "15:30", StageName="Closed Lost", IsClosed=True),
    salesforce("Case", "50001", "CREATE", "10:00", Status="New", Origin="Web", Priority="High"),
    salesforce("Case", "50001", "UPDATE", "12:00", Status="Closed", IsClosed=True),
    salesforce("Opportunity", "00605", "GAP_UPDATE", "15:40"),
]
"""Three leads, one spoken to after 20 minutes and converted; deals won at 5,000.50 and 750.25, one lost, one
of 300.00 open; a case closed; and changes that Salesforce has lost."""


# -- Zendesk ----------------------------------------------------------------------------------------------


def zendesk(kind: str, ticket: str, time: str, event: Payload, **detail: Any) -> Payload:
    return {
        "account_id": 12345,
        "id": f"9a9b9c9d-0000-4000-8000-{next(_numbers):012d}",
        "subject": f"zen:ticket:{ticket}",
        "time": rfc3339(at(time)),
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": "2022-11-06",
        "event": event,
        "detail": {
            "id": ticket,
            "status": "OPEN",
            "priority": "NORMAL",
            "type": "QUESTION",
            "subject": "Where is my order?",
            "requester_id": "8001",
            "assignee_id": "7001",
            "actor_id": "7001",
            "group_id": "361",
            "organization_id": None,
            "brand_id": "501",
            "form_id": "601",
            "external_id": None,
            "is_public": True,
            "tags": [],
            "via": {"channel": "web"},
            "created_at": rfc3339(at("08:00")),
            "updated_at": rfc3339(at(time)),
            **detail,
        },
    }


def comment(ticket: str, time: str, author: str, *, is_staff: bool, is_public: bool = True) -> Payload:
    told = {
        "id": str(next(_numbers)),
        "body": "Hello",
        "is_public": is_public,
        "author": {"id": author, "is_staff": is_staff},
    }
    return zendesk("comment_added", ticket, time, {"comment": told}, actor_id=author)


def status(ticket: str, time: str, previous: str, current: str) -> Payload:
    return zendesk("status_changed", ticket, time, {"current": current, "previous": previous}, status=current)


ZENDESK: Final = [
    zendesk("created", "35436", "08:00", {}, status="NEW", actor_id="8001"),
    zendesk("created", "35437", "08:00", {}, status="NEW", actor_id="8001"),
    comment("35436", "08:10", "8001", is_staff=False),
    comment("35436", "08:20", "7001", is_staff=True, is_public=False),
    comment("35436", "08:30", "7001", is_staff=True),
    comment("35437", "09:30", "7001", is_staff=True),
    status("35436", "11:00", "OPEN", "SOLVED"),
    status("35436", "12:00", "SOLVED", "OPEN"),
    status("35436", "14:00", "OPEN", "SOLVED"),
    zendesk("csat_received", "35436", "15:00", {"satisfaction_score": "GOOD"}),
]
"""Two tickets, answered after 30 and 90 minutes; one solved, opened again, solved, and liked; one open."""


# -- Stripe -----------------------------------------------------------------------------------------------


def stripe(kind: str, time: str, thing: Payload, **before: Any) -> Payload:
    data = {"object": thing, **({"previous_attributes": before} if before else {})}
    return {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "api_version": "2022-08-01",
        "created": at(time) // 1000,
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        "data": data,
    }


def items(unit_amount: int, interval: str, quantity: int = 1) -> Payload:
    recurring = {"interval": interval, "interval_count": 1}
    price = {"id": "price_1", "product": "prod_1", "unit_amount": unit_amount, "currency": "usd"}
    item = {"id": "si_1", "quantity": quantity, "price": {**price, "recurring": recurring}}
    return {"object": "list", "data": [item]}


def subscription(number: int, sold: Payload, **more: Any) -> Payload:
    return {
        "id": f"sub_{number}",
        "object": "subscription",
        "customer": f"cus_{number}",
        "status": "active",
        "created": at("08:00") // 1000,
        "start_date": at("08:00") // 1000,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "currency": "usd",
        "items": sold,
        **more,
    }


def invoice(number: int, amount: int) -> Payload:
    paid = {
        "id": f"in_{number}",
        "object": "invoice",
        "customer": "cus_11",
        "currency": "usd",
        "status": "paid",
    }
    return {**paid, "amount_paid": amount, "status_transitions": {"paid_at": at("10:00") // 1000}}


ENDED: Final = {"status": "canceled", "canceled_at": at("14:00") // 1000, "ended_at": at("15:00") // 1000}
STRIPE: Final = [
    stripe("customer.subscription.created", "08:00", subscription(11, items(7_000, "month"))),
    stripe(
        "customer.subscription.updated",
        "09:00",
        subscription(11, items(7_000, "month", 2)),
        items=items(7_000, "month"),
    ),
    stripe("customer.subscription.created", "08:00", subscription(12, items(12_000, "year"))),
    stripe("customer.subscription.deleted", "15:00", subscription(12, items(12_000, "year"), **ENDED)),
    stripe("invoice.paid", "10:00", invoice(1, 7_000)),
    stripe("invoice.paid", "10:00", invoice(2, 3_000)),
    stripe(
        "charge.refunded",
        "12:00",
        {
            "id": "ch_1",
            "object": "charge",
            "customer": "cus_11",
            "invoice": "in_1",
            "currency": "usd",
            "amount": 7_000,
            "amount_refunded": 1_000,
        },
        amount_refunded=0,
    ),
]
"""A subscription of 70.00 a month, then two of it; one of 10.00, ended; 100.00 paid, 10.00 given back."""

STORY: Final[Sequence[Post]] = [
    *(Post("hubspot", one) for one in HUBSPOT),
    *(Post("salesforce", one) for one in SALESFORCE),
    *(Post("zendesk", one) for one in ZENDESK),
    *(Post("stripe", one) for one in STRIPE),
]
