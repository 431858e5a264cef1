"""Subscriptions: what they pay a month, and how that changes."""

from streams.embedded.habits.hours import AWAKE
from streams.embedded.world import DAY_MS, MINUTE_MS, Delay, Odds

MRR = {"starter": 49_00, "team": 199_00, "enterprise": 899_00}
"""Minor units a month, by plan."""
MRR_SIGMA = 0.4
STARTED = Delay(2 * MINUTE_MS, 0.8)
SECOND = 0.08
"""So many begin with two."""
CHANGES = Odds((0.40, "expanded"), (0.18, "contracted"), (0.12, "paused"), (0.14, "swapped"), (0.16, "added"))
EXPANSION = (1.05, 1.60)
CONTRACTION = (0.50, 0.95)
PAUSE = Delay(30 * DAY_MS, 0.5, AWAKE)
RESUMED = 0.8
"""Of those paused; the others end."""
