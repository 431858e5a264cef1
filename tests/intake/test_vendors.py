"""Every vendor's address, whatever its payloads are: closed without secrets, signed, and JSON only."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
from pydantic import SecretStr

from streams.embedded.broker import EmbeddedBroker
from streams.intake.requests import Request
from streams.intake.vendors import VENDORS, Vendor
from tests.builders import ms
from tests.intake import signing
from tests.intake.serving import NOW, Answered, Served, served, settings_of

SECRET: Final = "the-secret-of-a-vendor"
URL: Final = "https://events.example"
Sign = Callable[[Request, str, int], dict[str, str]]
SIGNED: Final[dict[str, Sign]] = {
    "hubspot": signing.hubspot_3,
    "salesforce": signing.bearer,
    "zendesk": signing.zendesk,
    "stripe": signing.stripe,
}


@pytest.fixture
async def open_to_all(broker: EmbeddedBroker, topic: str) -> AsyncIterator[Served]:
    secrets = {vendor.setting: SecretStr(SECRET) for vendor in VENDORS}
    async with served(settings_of(broker, topic, intake_url=URL, **secrets)) as found:
        yield found


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


async def post(
    webhooks: Served, vendor: Vendor, body: bytes, secret: str = SECRET, media: str = "application/json"
) -> Answered:
    path = f"/{vendor.name}"
    signed = SIGNED[vendor.name](Request("POST", f"{URL}{path}", {}, body), secret, ms(NOW))
    return await webhooks.ask(path, data=body, headers={**signed, "Content-Type": media})


async def test_an_address_without_secrets_is_closed_and_names_the_setting(
    webhooks: Served, vendor: Vendor
) -> None:
    answered = await post(webhooks, vendor, b"{}")
    assert (answered.status, answered.document["reason"]) == (404, "not_set_up")
    assert f"KPI_{vendor.setting.upper()} is not set" in answered.document["error"]


async def test_another_secret_opens_nothing(open_to_all: Served, vendor: Vendor) -> None:
    answered = await post(open_to_all, vendor, b"{}", secret="another-secret")
    assert (answered.status, answered.document["reason"]) == (401, "unsigned_mismatch")
    assert ("WWW-Authenticate" in answered.headers) == vendor.is_bearer


async def test_a_body_is_json(open_to_all: Served, vendor: Vendor) -> None:
    assert (await post(open_to_all, vendor, b"{}", media="text/plain")).status == 415
    for body in (b"", b"{", b"\xff", b"[" * 100_000, b"{} {}"):
        answered = await post(open_to_all, vendor, body)
        assert answered.status == 422
        assert answered.document["error"].startswith("the body is not JSON: ")


async def test_half_a_character_in_a_text_does_not_make_a_body_unreadable(
    open_to_all: Served, vendor: Vendor
) -> None:
    """Such as of a title that somebody has cut."""
    answered = await post(open_to_all, vendor, rb'{"subject": "cut \ud83d"}')
    assert "not JSON" not in str(answered.document)


@pytest.mark.parametrize("body", [b"null", b"7", b'"x"', b"[]", b"{}", b"[null]", b"[[[]]]", b'{"id": {}}'])
async def test_json_of_another_shape_is_refused_or_ignored_and_published_is_nothing(
    open_to_all: Served, vendor: Vendor, body: bytes
) -> None:
    answered = await post(open_to_all, vendor, body)
    assert answered.status in (202, 422)
    assert answered.document["events"] == 0
    if answered.status == 422:
        assert all(fault["message"] for fault in answered.document["faults"])
    assert await open_to_all.published() == []
