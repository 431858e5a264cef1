"""Strangers: where they come from, and what they are like."""

from collections.abc import Iterator
from dataclasses import dataclass

from streams.embedded.world import Odds


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    origin: str
    marketing_minor: int
    """What a lead costs; the sales people's part follows."""
    sales_minor: int
    currency: str = "USD"
    campaigns: tuple[str, ...] = ()

    def costs(self) -> Iterator[tuple[str, float, dict[str, str]]]:
        """`(category, amount per lead, dimensions)`; marketing is shared by its campaigns."""
        about = {"channel": self.name}
        yield "sales", self.sales_minor, about
        if not self.campaigns:
            yield "marketing", self.marketing_minor, about
        for campaign in self.campaigns:
            share_minor = self.marketing_minor / len(self.campaigns)
            yield "marketing", share_minor, {**about, "campaign_id": campaign}


CHANNELS = Odds(
    (0.28, Channel("paid_search", "inbound", 90_00, 80_00, campaigns=("search-brand", "search-category"))),
    (0.22, Channel("organic", "inbound", 25_00, 80_00)),
    (0.14, Channel("email", "inbound", 15_00, 70_00, campaigns=("newsletter", "webinar"))),
    (0.14, Channel("outbound", "outbound", 60_00, 240_00)),
    (0.10, Channel("referral", "referral", 20_00, 60_00)),
    (0.07, Channel("event", "event", 180_00, 110_00, currency="EUR", campaigns=("summit",))),
    (0.05, Channel("partner", "partner", 70_00, 50_00, currency="GBP")),
)


@dataclass(frozen=True, slots=True)
class Region:
    name: str
    currency: str
    sales_team: str


REGIONS = Odds(
    (0.58, Region("north_america", "USD", "sales-americas")),
    (0.18, Region("europe", "EUR", "sales-emea")),
    (0.10, Region("uk", "GBP", "sales-emea")),
    (0.14, Region("asia_pacific", "USD", "sales-apac")),
)
PRODUCTS = Odds((0.55, "crm"), (0.30, "analytics"), (0.15, "helpdesk"))
PLANS = Odds((0.50, "starter"), (0.35, "team"), (0.15, "enterprise"))
SEGMENTS = Odds((0.64, "smb"), (0.25, "mid_market"), (0.08, "enterprise"), (0.03, None))
"""Nobody has filled in the segment of some."""
OWNERS = 12
