"""What begins how often, and at which hours."""

from dataclasses import dataclass
from functools import cached_property

from streams.embedded.world import DAY_MS, HOUR_MS, weekday


@dataclass(frozen=True)
class Rhythm:
    """Weights of the 24 hours and, Monday first, of the 7 days: relative, whatever their mean."""

    hours: tuple[float, ...]
    days: tuple[float, ...]

    @cached_property
    def _mean(self) -> float:
        return sum(self.hours) / 24 * sum(self.days) / 7

    def factor(self, at_ms: int) -> float:
        """How busy the hour is; 1 on average."""
        return self.hours[at_ms % DAY_MS // HOUR_MS] * self.days[weekday(at_ms)] / self._mean


CUSTOMERS = Rhythm(
    hours=(
        *(0.15, 0.10, 0.08, 0.08, 0.10, 0.20, 0.45, 0.90, 1.60, 2.10, 2.30, 2.20),
        *(1.90, 2.00, 2.20, 2.10, 1.80, 1.40, 1.00, 0.80, 0.70, 0.55, 0.40, 0.25),
    ),
    days=(1.20, 1.25, 1.20, 1.15, 1.00, 0.60, 0.60),
)
STAFF = Rhythm(
    hours=(
        *(0.02, 0.02, 0.02, 0.02, 0.05, 0.10, 0.40, 1.20, 2.60, 3.00, 3.00, 2.70),
        *(1.60, 2.40, 2.80, 2.70, 2.20, 1.30, 0.50, 0.25, 0.15, 0.10, 0.05, 0.02),
    ),
    days=(1.40, 1.40, 1.40, 1.35, 1.15, 0.20, 0.10),
)
MACHINES = Rhythm(
    hours=(
        *(0.60, 0.60, 0.60, 0.60, 0.60, 0.70, 0.80, 1.00, 1.30, 1.50, 1.60, 1.50),
        *(1.40, 1.50, 1.50, 1.40, 1.30, 1.10, 1.00, 0.90, 0.80, 0.70, 0.70, 0.60),
    ),
    days=(1.10, 1.10, 1.10, 1.10, 1.05, 0.80, 0.75),
)

# Arrivals per event in the long run. With all that follows from them they add up to about one event.
LEADS = 0.040
TICKETS = 0.033
NPS_SURVEYS = 0.016
EXPANSIONS = 0.0018
SUBSCRIPTION_CHANGES = 0.006
ORDERS = 0.055
INTERACTIONS = 0.075
REFERENCES = 0.0015
TOUCHES = 0.062
CONSENT_CHANGES = 0.004
ERASURES = 0.0015
MISTAKES = 0.0012

ACTS = 0.085
TASKS = 0.040
TRAININGS = 0.006
RECORD_CHECKS = 0.030

REQUESTS = 0.060
INCIDENTS = 0.001
INCIDENTS_PER_DAY = 0.5
"""At most: a larger company has no worse machines."""

BASE_CUSTOMERS = 1.0
"""Customers from before the start, per daily event."""
BASE_USERS = (4, 0.02, 400)
"""Users from before the start: so many, more per daily event, and at most."""
