"""Deals: their stages and amounts, and how they end."""

from streams.embedded.habits.hours import OFFICE
from streams.embedded.world import DAY_MS, HOUR_MS, MINUTE_MS, Delay, Odds

DEAL_STAGES = ("qualified", "meeting", "proposal", "negotiation")
DEAL_SIZES = {"smb": 2_400_00, "mid_market": 14_000_00, "enterprise": 75_000_00, None: 2_400_00}
DEAL_SIZE_SIGMA = 0.6
DEAL_OPENED = Delay(20 * MINUTE_MS, 0.8)
DEAL_STEP = Delay(5 * DAY_MS, 0.9, OFFICE)
STAGE_SKIPPED = 0.08
STAGE_LOST = 0.14
STAGE_STALLED = 0.02
AMOUNT_CHANGED = 0.30
AMOUNT_FACTORS = (0.75, 1.35)
WON = 0.62
LOSSES = Odds((0.35, "price"), (0.30, "competitor"), (0.20, "no_decision"), (0.15, "missing_feature"))
DEAL_REOPENED = 0.15
SECOND_THOUGHTS = Delay(14 * DAY_MS, 0.7, OFFICE)
MISPRICED = 0.03
CORRECTION = Delay(6 * HOUR_MS, 0.8, OFFICE)
"""A won deal whose amount is corrected afterwards."""
