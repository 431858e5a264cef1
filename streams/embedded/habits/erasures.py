"""Erasures: who asks for it, and how long it takes."""

from streams.embedded.habits.hours import OFFICE
from streams.embedded.world import DAY_MS, MINUTE_MS, Delay, Odds

OF_MEMBERS = 0.15
"""So many requests for erasure come from customers, who leave with it."""
WITH_DUE = 0.6
DUE = Odds((0.8, 30), (0.2, 10))
"""Days to the date by which it must be done, if the request names one."""
DONE: Odds[Delay | None] = Odds(
    (0.88, Delay(6 * DAY_MS, 0.7, OFFICE)), (0.08, Delay(40 * DAY_MS, 0.3, OFFICE)), (0.04, None)
)
"""How long it takes; some are forgotten."""
DONE_IN_TIME: Odds[Delay | None] = Odds((1.0, Delay(3 * DAY_MS, 0.7, OFFICE)))
"""Where none is."""
ERASED = Delay(3 * MINUTE_MS, 0.8)
