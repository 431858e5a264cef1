"""Surveys: what is asked, who answers, and with which score."""

from dataclasses import dataclass

from streams.embedded.habits.hours import AWAKE
from streams.embedded.world import ALWAYS, HOUR_MS, MINUTE_MS, Delay, Odds


@dataclass(frozen=True, slots=True)
class Scale:
    lowest: int
    highest: int
    scores: Odds[int]


_NPS = Scale(0, 10, Odds(*zip((1, 1, 1, 2, 3, 6, 8, 14, 20, 21, 23), range(11), strict=True)))
_STARS = Scale(1, 5, Odds(*zip((5, 6, 12, 34, 43), range(1, 6), strict=True)))
_EFFORT = Scale(1, 7, Odds(*zip((3, 4, 6, 11, 20, 31, 25), range(1, 8), strict=True)))
_TEN = Scale(1, 10, Odds(*zip((2, 2, 3, 3, 6, 7, 14, 22, 21, 20), range(1, 11), strict=True)))


@dataclass(frozen=True, slots=True)
class Survey:
    kind: str
    answered: float
    delay: Delay
    scales: Odds[Scale]


NPS = Survey("nps", 0.32, Delay(9 * HOUR_MS, 1.3, AWAKE), Odds((1.0, _NPS)))
CSAT = Survey("csat", 0.45, Delay(90 * MINUTE_MS, 1.3, AWAKE), Odds((0.88, _STARS), (0.12, _TEN)))
CES = Survey("ces", 0.40, Delay(90 * MINUTE_MS, 1.3, AWAKE), Odds((1.0, _EFFORT)))
ABOUT_TICKETS = Odds((0.45, CSAT), (0.20, CES), (0.35, None))
"""What is asked once a ticket is resolved, if anything."""
TICKET_INVITATION = Delay(30 * MINUTE_MS, 0.2, ALWAYS)
ANONYMOUS = 0.12
COMMENTED = 0.28
CORRECTED = 0.03
CORRECTION = Delay(15 * MINUTE_MS, 1.0, AWAKE)
