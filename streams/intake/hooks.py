"""The addresses that take events: whose each is, how it proves itself, and what its body brings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from schemas.intake import Intake
from streams.engine.decode import Decoder
from streams.intake import cloudevents
from streams.intake.brought import Brought, of_mapped
from streams.intake.drafts import Mapped
from streams.intake.media import check_json
from streams.intake.refusals import Refusal
from streams.intake.requests import Check, Request
from streams.intake.signatures import bearer
from streams.settings import PREFIX, Settings

Read = Callable[[Request, int], Brought]
"""What a request brings, at this time in ms. Refusal for a body of which nothing can be read."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who sends its own payloads, and what we make of them."""

    name: str
    check: Callable[[Sequence[str]], Check]
    """Of the secrets that are valid now."""
    mapped: Callable[[object, Intake], Mapped]
    setting: str
    is_bearer: bool = False


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


VENDORS: Final[Sequence[Vendor]] = ()
CLOUD_EVENTS: Final = "cloudevents"


def hooks(settings: Settings, mapping: Intake, decoder: Decoder) -> dict[str, Hook]:
    """Path -> who is there."""
    events = Hook(
        CLOUD_EVENTS,
        "intake_tokens",
        _check(settings, "intake_tokens", bearer),
        is_bearer=True,
        read=lambda request, now_ms: cloudevents.brought(request, now_ms, decoder),
    )
    return {"/events": events, **{f"/{vendor.name}": _hook(vendor, settings, mapping) for vendor in VENDORS}}


def _hook(vendor: Vendor, settings: Settings, mapping: Intake) -> Hook:
    check = _check(settings, vendor.setting, vendor.check)

    def read(request: Request, now_ms: int) -> Brought:
        check_json(request.headers)
        return of_mapped(vendor.mapped(_payload(request.body), mapping))

    return Hook(vendor.name, vendor.setting, check, vendor.is_bearer, read)


def _check(settings: Settings, setting: str, check: Callable[[Sequence[str]], Check]) -> Check | None:
    secrets = settings.secrets(setting)
    return check(secrets) if secrets else None


def _payload(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "faulty", f"the body is not JSON: {error}") from None
