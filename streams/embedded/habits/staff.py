"""The company's own people: licences, what they do in the CRM, what they learn, and what they automate."""

from streams.embedded.habits.hours import OFFICE
from streams.embedded.world import DAY_MS, Delay, Odds

PLACES = Odds(
    (0.25, ("sales-americas", "north_america")),
    (0.20, ("sales-emea", "europe")),
    (0.15, ("sales-apac", "asia_pacific")),
    (0.25, ("support-1", "north_america")),
    (0.15, ("support-2", "europe")),
)
"""Team and region."""
CAREER = Delay(400 * DAY_MS, 0.7)
REPLACED = 0.95
REPLACEMENT = Delay(20 * DAY_MS, 0.6, OFFICE)

ACTIONS = Odds(
    (0.34, ("login", False)),
    (0.22, ("record_created", True)),
    (0.30, ("record_updated", True)),
    (0.06, ("report_run", True)),
    (0.08, ("other", False)),
)
"""What is done, and whether it counts as work."""
IDLE = 0.12
"""Users who log in and do no more."""

FIRST_COURSES = ("crm-basics", "privacy")
COURSES = Odds((0.5, "product-update"), (0.3, "negotiation"), (0.2, "reporting"))
PASSED = 0.85
FAILED_FIRST = 0.12
STUDY = Delay(9 * DAY_MS, 0.8, OFFICE)

WORKFLOWS = Odds(
    (0.35, ("follow_up", 0.30)),
    (0.25, ("lead_routing", 0.92)),
    (0.20, ("data_entry", 0.45)),
    (0.12, ("renewal_reminder", 0.85)),
    (0.08, ("contract", 0.05)),
)
"""A task's workflow, and the share of it that is automated."""
