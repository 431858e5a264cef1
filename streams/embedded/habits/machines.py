"""Components, incidents, requests and the checks of records."""

from dataclasses import dataclass

from streams.embedded.habits.hours import OFFICE
from streams.embedded.world import DAY_MS, HOUR_MS, MINUTE_MS, Delay, Odds


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    request_ms: int
    """Median of a request."""
    failed: float
    forgotten: float = 0.0
    """The share of its incidents that nobody ever resolves."""


WEB = Component("web", 120, 0.004)
API = Component("api", 60, 0.006)
SYNC = Component("sync", 900, 0.012)
REPORTS = Component("reports", 2_400, 0.009)
LEGACY = Component("legacy_import", 4_000, 0.030, forgotten=0.4)

REQUESTED = Odds((0.50, WEB), (0.32, API), (0.12, SYNC), (0.05, REPORTS), (0.01, LEGACY))
REQUEST_SIGMA = 0.8

TROUBLED = Odds((0.22, WEB), (0.20, API), (0.28, SYNC), (0.18, REPORTS), (0.12, LEGACY))
IMPACTS = Odds((0.30, "full"), (0.45, "partial"), (0.20, "maintenance"), (0.05, None))
MAINTENANCE = IMPACTS.only(lambda impact: impact == "maintenance")
OUTAGE = Delay(35 * MINUTE_MS, 1.2)
LONG = 0.04
LONG_OUTAGE = Delay(3 * DAY_MS, 0.6)
ANOTHER = 0.20
"""While a component is in trouble, another incident of it begins."""
ANOTHER_AFTER = Delay(10 * MINUTE_MS, 0.8)
FLARED_UP = 0.03
FLARE = Delay(2 * HOUR_MS, 0.8, OFFICE)

COMPLETE = 0.91
VALID = 0.95
DUPLICATE = 0.025
RECHECKED = 0.02
RECHECK = Delay(DAY_MS, 0.8, OFFICE)
