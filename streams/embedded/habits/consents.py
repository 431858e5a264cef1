"""Consent: who grants it for what, and who changes their mind."""

from streams.embedded.world import MINUTE_MS, Delay, Odds

ASKED = Delay(5 * MINUTE_MS, 1.0)
GRANTED = {"marketing": 0.62, "analytics": 0.78, "profiling": 0.22}
"""By purpose: the share that grants it when they become a customer."""
BASES = Odds((0.85, "consent"), (0.15, "legitimate_interest"))
CHANGED = Odds((0.60, "marketing"), (0.28, "analytics"), (0.12, "profiling"))
GRANTED_LATER = 0.35
"""Of those who are asked again; the others withdraw it."""
