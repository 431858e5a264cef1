"""Interactions, references and referrals: what keeps a company and its customers in touch."""

from streams.embedded.habits.hours import AWAKE, OFFICE
from streams.embedded.world import DAY_MS, HOUR_MS, Delay, Odds

DIRECTIONS = Odds((0.55, "outbound"), (0.45, "inbound"))
TOPICS = Odds(
    (0.35, "check_in"), (0.25, "product"), (0.20, "billing"), (0.12, "renewal"), (0.08, "complaint")
)
ACTORS = Odds((0.62, "human"), (0.14, "bot"), (0.24, "sequence"))
MEANINGFUL = {"human": 0.80, "bot": 0.10, "sequence": 0.05}
"""The share that is more than a formality, by who acts."""
OF_NO_MEMBER = 0.04
"""Interactions with somebody who is no customer."""

ANSWERS = Odds((0.62, "agreed"), (0.25, "declined"), (0.13, None))
"""To a request for a reference; some never answer."""
ANSWER = Delay(3 * DAY_MS, 0.8, OFFICE)
FULFILLED = 0.6
FULFILMENT = Delay(15 * DAY_MS, 0.7, OFFICE)
WITHDRAWN = 0.15
WITHDRAWAL = Delay(60 * DAY_MS, 0.6, AWAKE)

REFERRAL_LOGGED = Delay(HOUR_MS, 1.0, OFFICE)
