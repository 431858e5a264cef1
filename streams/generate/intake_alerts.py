"""Alerts about the webhooks: vendors are told to come again, or that what they send is refused.

A vendor gives up after some hours or days, and then what it has sent is lost to us. Webhooks that were never
there are not missed: not everybody has any.
"""

from collections.abc import Iterator
from typing import Final

from schemas.pipeline import Pipeline
from streams import naming
from streams.generate.promql import number
from streams.generate.trouble import Trouble

FINE: Final = ("accepted", "asked")
"""Outcomes of requests that nobody needs to look at."""
STRANGERS: Final = ("not_set_up", "method", "broken", "unsigned_missing")
"""Outcomes that anybody on the internet can cause. A vendor all of whose signatures get lost falls silent."""


def intake_troubles(limits: Pipeline) -> Iterator[Trouble]:
    yield Trouble(
        "CrmWebhooksDown",
        {"critical": f"max({naming.INTAKE_UP}) == 0\nor\n{_gone()}"},
        limits.kafka,
        "Webhooks cannot publish",
        "Vendors get 503, or no answer, and come again later, each for as long as it does.",
        "Webhooks",
    )
    requests = f"{naming.INTAKE_REQUESTS}_total"

    def increase(*left_out: str) -> str:
        others = f'vendor!="{naming.NO_VENDOR}", outcome!~"{"|".join(left_out)}"'
        return f"sum by (vendor) (increase(\n  {requests}{{{others}}}[15m]\n))"

    share = f"{increase(*FINE, *STRANGERS)}\n/\n{increase(*STRANGERS)}"
    yield Trouble(
        "CrmWebhooksRefused",
        {"warning": f"{share} > {number(limits.webhooks.warn)}"},
        limits.webhooks.for_,
        "{{ $value | humanizePercentage }} of the requests of {{ $labels.vendor }} are refused",
        "What a vendor sends in vain it sends again for some time, then no more: those events are missing.",
        "Webhooks",
    )


def _gone() -> str:
    """Nobody tells it who has told it within a day; 1 then."""
    return f"max(max_over_time({naming.INTAKE_UP}[1d])) unless max({naming.INTAKE_UP})"
