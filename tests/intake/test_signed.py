"""Each vendor's requests against webhooks that run: what is signed is published, what is altered never is."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pytest
from pydantic import SecretStr

from streams.embedded.broker import EmbeddedBroker
from streams.intake.requests import Request
from streams.intake.vendors import VENDORS
from tests.builders import ms
from tests.intake import signing
from tests.intake.serving import NOW, Answered, Served, served, settings_of
from tests.intake.zendesk_payloads import webhook

SECRET, OTHER = "the-secret-of-today", "the-secret-of-yesterday"
URL: Final = "https://events.example"
JSON: Final = {"Content-Type": "application/json"}
NOW_MS: Final = ms(NOW)
MINUTE: Final = 60_000

Sign = Callable[[Request, str, int], Mapping[str, str]]


class Sender(NamedTuple):
    """What a vendor sends: one event of ours."""

    path: str
    sign: Sign
    payload: Any

    def request(self, secret: str = SECRET, at_ms: int = NOW_MS, body: bytes | None = None) -> Request:
        body = json.dumps(self.payload).encode() if body is None else body
        request = Request("POST", URL + self.path, {}, body)
        return replace(request, headers={**JSON, **self.sign(request, secret, at_ms)})


SALESFORCE = {
    "schema": "IeRuaY6cbI_HsV8Rv1Mc5g",
    "payload": {
        "ChangeEventHeader": {
            "entityName": "Lead",
            "recordIds": ["00Qbm000002WNhtAAG"],
            "changeType": "CREATE",
            "transactionKey": "00010f89-ac42-d2ff-5d99-21b34d9c8303",
            "sequenceNumber": 1,
            "commitTimestamp": NOW_MS - MINUTE,
            "commitNumber": 1,
            "changedFields": [],
        },
        "LeadSource": "Web",
    },
    "event": {"replayId": 4044},
}
STRIPE = {
    "id": "evt_1",
    "object": "event",
    "created": (NOW_MS - MINUTE) // 1000,
    "livemode": True,
    "type": "invoice.paid",
    "data": {
        "object": {
            "id": "in_1",
            "object": "invoice",
            "customer": "cus_1",
            "currency": "usd",
            "amount_paid": 7000,
            "created": (NOW_MS - MINUTE) // 1000,
        }
    },
}
HUBSPOT = [
    {
        "eventId": 100,
        "subscriptionId": 1,
        "portalId": 99999,
        "occurredAt": NOW_MS - MINUTE,
        "subscriptionType": "deal.creation",
        "objectId": 4500,
    }
]
SENDERS = {
    "hubspot": Sender("/hubspot", signing.hubspot_3, HUBSPOT),
    "salesforce": Sender("/salesforce", signing.bearer, SALESFORCE),
    "zendesk": Sender("/zendesk", signing.zendesk, webhook("created")),
    "stripe": Sender("/stripe", signing.stripe, STRIPE),
}
SIGNED = [name for name in SENDERS if name != "salesforce"]

every = pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
signed = pytest.mark.parametrize("sender", [SENDERS[name] for name in SIGNED], ids=SIGNED)


@pytest.fixture
async def webhooks(broker: EmbeddedBroker, topic: str) -> AsyncIterator[Served]:
    secrets = {vendor.setting: SecretStr(f"{SECRET},{OTHER}") for vendor in VENDORS}
    settings = settings_of(broker, topic, intake_url=URL, intake_body_bytes=10_000, **secrets)
    async with served(settings) as found:
        yield found


async def post(webhooks: Served, request: Request) -> Answered:
    path = request.url.removeprefix(URL)
    return await webhooks.ask(path, data=request.body, headers=dict(request.headers))


async def refusal(webhooks: Served, request: Request) -> tuple[int, str]:
    """Status and reason of a request of which nothing is published."""
    answered = await post(webhooks, request)
    assert await webhooks.published() == []
    return answered.status, answered.document["reason"]


def test_every_vendor_is_tried() -> None:
    assert set(SENDERS) == {vendor.name for vendor in VENDORS}


@every
async def test_what_a_vendor_signs_is_published_with_either_secret_and_again_it_is_the_same(
    webhooks: Served, sender: Sender
) -> None:
    for secret in (SECRET, OTHER):
        answered = await post(webhooks, sender.request(secret))
        assert (answered.status, answered.document["events"]) == (202, 1)
    assert len(set(await webhooks.published())) == 1


@every
async def test_without_a_secret_of_ours_nothing_is_published(webhooks: Served, sender: Sender) -> None:
    foreign = sender.request("the-attacker-s-secret")
    assert await refusal(webhooks, foreign) == (401, "unsigned_mismatch")
    assert await refusal(webhooks, replace(foreign, headers=JSON)) == (401, "unsigned_missing")


@signed
async def test_an_altered_body_is_not_published(webhooks: Served, sender: Sender) -> None:
    request = sender.request()
    for body in (request.body.replace(b"1", b"2", 1), request.body + b" ", b"", b"[]"):
        assert await refusal(webhooks, replace(request, body=body)) == (401, "unsigned_mismatch")


@signed
async def test_a_recorded_request_is_not_published_later(webhooks: Served, sender: Sender) -> None:
    assert (await post(webhooks, sender.request(at_ms=NOW_MS - 4 * MINUTE))).status == 202
    assert (await post(webhooks, sender.request(at_ms=NOW_MS + 4 * MINUTE))).status == 202
    before = len(await webhooks.published())
    for at_ms, reason in ((NOW_MS - 6 * MINUTE, "too_old"), (NOW_MS + 6 * MINUTE, "too_new")):
        answered = await post(webhooks, sender.request(at_ms=at_ms))
        assert (answered.status, answered.document["reason"]) == (401, f"unsigned_{reason}")
    assert len(await webhooks.published()) == before


@every
async def test_what_is_signed_and_makes_no_sense_is_refused(webhooks: Served, sender: Sender) -> None:
    extended = sender.request().body + b"\x80" + b"\x00" * 8 + b"[]"  # as a plain SHA-256 lets one append
    for body in (b"", b"{", b"null", b"7", b"\xff", b"[" * 9_000, extended):
        assert await refusal(webhooks, sender.request(body=body)) == (422, "faulty")
    assert await refusal(webhooks, sender.request(body=b" " * 10_001)) == (413, "too_large")
    plain = sender.request()
    plain = replace(plain, headers={**plain.headers, "Content-Type": "text/plain"})
    assert await refusal(webhooks, plain) == (415, "unsupported")


@every
async def test_one_vendor_s_signature_opens_no_other_s_door(webhooks: Served, sender: Sender) -> None:
    for other in SENDERS.values():
        if other is not sender:
            request = replace(sender.request(), url=URL + other.path)
            assert await refusal(webhooks, request) == (401, "unsigned_missing")


async def test_hubspot_s_old_signatures_get_in_only_where_they_are_allowed(
    broker: EmbeddedBroker, topic: str, webhooks: Served
) -> None:
    old = [SENDERS["hubspot"]._replace(sign=sign) for sign in (signing.hubspot_1, signing.hubspot_2)]
    for sender in old:
        assert await refusal(webhooks, sender.request()) == (401, "unsigned_legacy")
    settings = settings_of(
        broker, topic, intake_url=URL, intake_hubspot_secrets=SecretStr(SECRET), intake_hubspot_legacy=True
    )
    async with served(settings) as allowing:
        for sender in old:
            assert (await post(allowing, sender.request())).status == 202
