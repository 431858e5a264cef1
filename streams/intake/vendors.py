"""The vendors whose own payloads are taken, each at its own address: what proves it, and what maps it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.intake import Intake
from streams.intake import hubspot, salesforce, signatures, stripe, zendesk
from streams.intake.drafts import Mapped
from streams.intake.requests import Check
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Vendor:
    name: str
    """POST /<name>; the section of the mapping that it has; its label in the metrics."""
    setting: str
    """Which holds its secrets."""
    check: Callable[[Sequence[str], Settings], Check]
    """Of the secrets that are valid now."""
    mapped: Callable[[object, Intake], Mapped]
    is_bearer: bool = False
    """Whether it proves itself by a token: that can be looked at before the body is read."""


VENDORS: Final[Sequence[Vendor]] = (
    Vendor(
        "hubspot",
        "intake_hubspot_secrets",
        lambda secrets, settings: signatures.hubspot(secrets, legacy=settings.intake_hubspot_legacy),
        lambda payload, mapping: hubspot.mapped(payload, mapping.hubspot),
    ),
    Vendor(
        "salesforce",
        "intake_salesforce_tokens",
        lambda secrets, _: signatures.bearer(secrets),
        lambda payload, mapping: salesforce.mapped(payload, mapping.salesforce),
        is_bearer=True,
    ),
    Vendor(
        "zendesk",
        "intake_zendesk_secrets",
        lambda secrets, _: signatures.zendesk(secrets),
        lambda payload, mapping: zendesk.mapped(payload, mapping.zendesk),
    ),
    Vendor(
        "stripe",
        "intake_stripe_secrets",
        lambda secrets, _: signatures.stripe(secrets),
        lambda payload, mapping: stripe.mapped(payload, mapping.stripe),
    ),
)
