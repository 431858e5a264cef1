"""The addresses that take events: whose each is, how it proves itself, and what its body brings."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from schemas.intake import Intake
from streams.engine.decode import Decoder
from streams.intake import cloudevents
from streams.intake.brought import Brought, of_mapped
from streams.intake.media import check_json
from streams.intake.refusals import Refusal
from streams.intake.requests import Check, Request
from streams.intake.signatures import bearer
from streams.intake.vendors import VENDORS, Vendor
from streams.settings import PREFIX, Settings

CLOUD_EVENTS: Final = "cloudevents"
"""The vendor of POST /events."""

Read = Callable[[Request, int], Brought]
"""What a request brings, at this time in ms. Refusal for a body of which nothing can be read."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One address."""

    vendor: str
    setting: str
    """Which holds its secrets."""
    check: Check | None
    """None where there are no secrets: nobody is let in."""
    is_bearer: bool
    """Whether it can be checked before the body is read."""
    read: Read

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.setting.upper()}"

    @property
    def state(self) -> str:
        """For people."""
        return "open" if self.check else f"closed (404): {self.variable} is not set"


def notes(settings: Settings) -> list[str]:
    """What is set, and probably not as it is meant: a sentence each."""
    if settings.intake_hubspot_secrets and not settings.intake_url:
        return [
            "KPI_INTAKE_URL is not set: HubSpot signs the address that it calls, and a proxy calls another"
        ]
    return []


def hooks(settings: Settings, mapping: Intake, decoder: Decoder) -> dict[str, Hook]:
    """Path -> who is there."""
    vendors = {f"/{vendor.name}": _of_vendor(vendor, settings, mapping) for vendor in VENDORS}
    return {"/events": _of_events(settings, decoder), **vendors}


def _of_events(settings: Settings, decoder: Decoder) -> Hook:
    tokens = settings.secrets("intake_tokens")

    def read(request: Request, now_ms: int) -> Brought:
        return cloudevents.brought(request, now_ms, decoder)

    return Hook(CLOUD_EVENTS, "intake_tokens", bearer(tokens) if tokens else None, is_bearer=True, read=read)


def _of_vendor(vendor: Vendor, settings: Settings, mapping: Intake) -> Hook:
    secrets = settings.secrets(vendor.setting)
    check = vendor.check(secrets, settings) if secrets else None

    def read(request: Request, now_ms: int) -> Brought:
        check_json(request.headers)
        return of_mapped(vendor.mapped(_payload(request.body), mapping))

    return Hook(vendor.name, vendor.setting, check, vendor.is_bearer, read)


def _payload(body: bytes) -> object:
    """What msgspec refuses gets a second look: vendors cut texts amid a character, and write half of it."""
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "faulty", f"the body is not JSON: {error}") from None
