"""Orders and refunds: what is bought, what it costs, and what goes back."""

from streams.embedded.habits.hours import AWAKE, OFFICE
from streams.embedded.world import DAY_MS, HOUR_MS, Delay

AMOUNTS = {"smb": 90_00, "mid_market": 320_00, "enterprise": 1_900_00, None: 90_00}
AMOUNT_SIGMA = 0.7
COST_SHARE = (0.25, 0.45)
"""Cost of goods as a share of the amount."""
COST_KNOWN = 0.85
CORRECTED = 0.01
CORRECTION = Delay(5 * HOUR_MS, 0.8, OFFICE)
REFUNDED = 0.05
REFUND = Delay(12 * DAY_MS, 0.9, AWAKE)
WHOLE = 0.45
"""So many refunds give everything back; the others a part, and then perhaps some more."""
PART = (0.10, 0.60)
AGAIN = 0.25
WITHOUT_ID = 0.10
"""Refunds that carry no `refund_id`."""
