"""Records that were a mistake, and are removed."""

from streams.embedded.habits.hours import OFFICE
from streams.embedded.world import HOUR_MS, Delay, Odds

ENTITIES = Odds((0.50, "lead"), (0.20, "deal"), (0.20, "ticket"), (0.10, "order"))
NOTICED = Delay(7 * HOUR_MS, 1.2, OFFICE)
REASONS = Odds((0.6, "duplicate"), (0.25, "test"), (0.15, "deleted"))
AMOUNT_MINOR = 500_00
AMOUNT_SIGMA = 1.0
