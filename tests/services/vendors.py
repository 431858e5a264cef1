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
from tests.intake.hubspot_notices import changed, notice
from tests.intake.zendesk_payloads import AGENT, REQUESTER, comment, webhook

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


# -- HubSpot: arrays of notices, a property each ----------------------------------------------------------

HUBSPOT: Final = [
    [
        notice("contact.creation", "08:00", 17001, changeFlag="NEW"),
        notice("contact.creation", "08:05", 17002, changeFlag="NEW"),
        notice("deal.creation", "09:00", 74500, changeFlag="NEW"),
        notice("deal.creation", "09:00", 74501, changeFlag="NEW"),
        notice("deal.creation", "09:05", 74502, changeFlag="NEW"),
        notice("deal.creation", "09:05", 74503, changeFlag="NEW"),
        changed("deal", "amount", "1500", "09:10", 74500),
        changed("deal", "amount", "800", "09:10", 74503),
        changed("deal", "dealstage", "appointmentscheduled", "09:20", 74503),
    ],
    [
        changed("deal", "dealstage", "closedwon", "10:00", 74500),
        changed("deal", "dealstage", "closedlost", "11:00", 74501),
        changed("deal", "dealstage", "closedwon", "14:00", 74502),
    ],
    [changed("deal", "amount", "1999.99", "14:30", 74502)],
    [
        notice("ticket.creation", "10:00", 900, changeFlag="NEW"),
        changed("ticket", "hs_pipeline_stage", "4", "13:00", 900),
        notice("contact.privacyDeletion", "15:00", 17002),
        notice("contact.merge", "15:00", 17001, newObjectId=17003, mergedObjectIds=[17001, 17000]),
    ],
]
"""Two contacts; deals won at 1,500.00 and 1,999.99, one lost, one of 800.00 open; a ticket closed."""


# -- Salesforce: change events, of several records at once, with only what has changed ----------------------

_numbers: Final = count(100)


def salesforce(entity: str, ids: str, kind: str, time: str, **fields: Any) -> Payload:
    """A change event, as a relay posts it; a field that did not change is null."""
    header = {
        "entityName": entity,
        "recordIds": ids.split(),
        "changeType": kind,
        "changeOrigin": "com/salesforce/api/soap/61.0;client=SfdcInternalAPI/",
        "transactionKey": f"00010f89-ac42-d2ff-5d99-{next(_numbers):012d}",
        "sequenceNumber": 1,
        "commitTimestamp": ms(time),
        "commitNumber": ms(time) * 1_000_000 + 1_890,
        "commitUser": "005bm0000037f9ZAAQ",
        "nulledFields": [],
        "diffFields": [],
        "changedFields": [*fields, "LastModifiedDate"] if kind == "UPDATE" else [],
    }
    unchanged = {"Description": None, "OwnerId": None}
    payload = {"ChangeEventHeader": header, **unchanged, **fields, "LastModifiedDate": rfc3339(ms(time))}
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


def zendesk(kind: str, ticket: str, time: str, event: object = None, **detail: Any) -> Payload:
    made = webhook(kind, event, at=time, id=f"9a9b9c9d-0000-4000-8000-{next(_numbers):012d}", **detail)
    return {**made, "subject": f"zen:ticket:{ticket}", "detail": {**made["detail"], "id": ticket}}


def commented(ticket: str, time: str, author: str, *, is_public: bool = True) -> Payload:
    told = comment(author, is_staff=author == AGENT, is_public=is_public)
    return zendesk("comment_added", ticket, time, told, actor_id=author)


def status(ticket: str, time: str, previous: str, current: str) -> Payload:
    return zendesk("status_changed", ticket, time, {"current": current, "previous": previous}, status=current)


ZENDESK: Final = [
    zendesk("created", "7436", "08:00", status="NEW", actor_id=REQUESTER),
    zendesk("created", "7437", "08:00", status="NEW", actor_id=REQUESTER),
    commented("7436", "08:10", REQUESTER),
    commented("7436", "08:20", AGENT, is_public=False),
    commented("7436", "08:30", AGENT),
    commented("7437", "09:30", AGENT),
    status("7436", "11:00", "OPEN", "SOLVED"),
    status("7436", "12:00", "SOLVED", "OPEN"),
    status("7436", "14:00", "OPEN", "SOLVED"),
    zendesk("csat_received", "7436", "15:00", {"satisfaction_score": "GOOD"}),
]
"""Two tickets, answered after 30 and 90 minutes; one solved, opened again, solved, and liked; one open."""


# -- Stripe -----------------------------------------------------------------------------------------------


def stripe(kind: str, time: str, thing: Payload, **before: Any) -> Payload:
    data = {"object": thing, **({"previous_attributes": before} if before else {})}
    return {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "api_version": "2022-08-01",
        "created": ms(time) // 1000,
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
        "created": ms("08:00") // 1000,
        "start_date": ms("08:00") // 1000,
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
    return {**paid, "amount_paid": amount, "status_transitions": {"paid_at": ms("10:00") // 1000}}


ENDED: Final = {"status": "canceled", "canceled_at": ms("14:00") // 1000, "ended_at": ms("15:00") // 1000}
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
