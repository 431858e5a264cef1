"""Campaigns: who is reached, what they do, and what comes of it."""

from dataclasses import dataclass

from streams.embedded.habits.hours import AWAKE
from streams.embedded.world import DAY_MS, HOUR_MS, SECOND_MS, Delay, Odds


@dataclass(frozen=True, slots=True)
class Mailing:
    campaign_id: str
    channel: str
    clicked: float
    """Of those who open it."""
    converted: float
    """Of those who click."""


MAILINGS = Odds(
    (0.50, Mailing("newsletter", "email", 0.22, 0.05)),
    (0.30, Mailing("webinar", "email", 0.30, 0.10)),
    (0.20, Mailing("summit", "event", 0.35, 0.15)),
)
RECIPIENTS = 40_000
"""Their references are numbers up to this: some are reached more than once by one campaign."""
SEGMENTS = ("smb", "smb", "smb", "mid_market", "enterprise")
"""The same recipient is always of the same segment."""
BOUNCED = 0.03
OPENED = 0.38
OPENING = Delay(3 * HOUR_MS, 1.4, AWAKE)
CLICK = Delay(40 * SECOND_MS, 1.0)
CLICKED_AGAIN = 0.15
SCANNED = 0.18
"""Recipients whose mail server opens the message and follows its links, within seconds."""
SCAN = Delay(4 * SECOND_MS, 0.6)
UNSUBSCRIBED = 0.008
COMPLAINED = 0.0015
REFUSAL = Delay(20 * HOUR_MS, 1.2, AWAKE)
CONVERSION = Delay(DAY_MS, 1.0, AWAKE)
AMOUNT_MINOR = 1_200_00
AMOUNT_SIGMA = 0.8
RESTATED = 0.05
RESTATEMENT = Delay(2 * DAY_MS, 0.6, AWAKE)
