"""Costs and benefits: what is booked by whom, and what is restated."""

from streams.embedded.habits.hours import OFFICE
from streams.embedded.world import DAY_MS, HOUR_MS, Delay

OVERHEADS = {"crm_software": 22_00, "crm_people": 30_00, "training": 6_00, "other": 14_00}
"""Costs per lead that belong to no channel."""
BENEFITS = {"measured": 38_00, "attributed": 60_00, "estimated": 35_00}
"""What the CRM brings, per lead, by how that is known."""
NOISE = (0.85, 1.20)
BOOKED = Delay(20 * HOUR_MS, 0.8, OFFICE)
RESTATED = 0.15
RESTATEMENT = Delay(25 * DAY_MS, 0.4, OFFICE)
AT_ONCE = {"other"}
"""Categories that are booked without a period."""
