"""How a simulated company's people behave, as tables: who comes how often, who answers when, what follows.

The figures are made up to be believable, not measured. Amounts are in minor units.
"""

from dataclasses import dataclass
from typing import Any

from streams.embedded.world import ALWAYS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Delay, Hours, Odds, Turn

OFFICE = Hours(8, 18, weekdays=5)
SUPPORT_DESK = Hours(7, 20, weekdays=6)
AWAKE = Hours(7, 23, weekdays=7)

# -- Arrivals ---------------------------------------------------------------------------------------------

HOUR_WEIGHTS = (
    *(0.15, 0.10, 0.08, 0.08, 0.10, 0.20, 0.45, 0.90, 1.60, 2.10, 2.30, 2.20),
    *(1.90, 2.00, 2.20, 2.10, 1.80, 1.40, 1.00, 0.80, 0.70, 0.55, 0.40, 0.25),
)
DAY_WEIGHTS = (1.20, 1.25, 1.20, 1.15, 1.00, 0.60, 0.60)
"""Monday first. Both are relative to a mean that the arrivals work out."""

LEADS = 0.075
TICKETS = 0.067
NPS_SURVEYS = 0.053
EXPANSIONS = 0.0035
"""Arrivals per event in the long run. With all that follows from them they add up to about one event."""

BASE_CUSTOMERS = 1.0
"""Customers from before the start, per daily event."""

# -- Customers --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    origin: str
    marketing_minor: int
    """What a lead costs; the sales people's part follows."""
    sales_minor: int
    currency: str = "USD"
    campaigns: tuple[str, ...] = ()

    def costs(self) -> dict[str, int]:
        """By category, per lead."""
        return {"marketing": self.marketing_minor, "sales": self.sales_minor}


CHANNELS = Odds(
    (0.28, Channel("paid_search", "inbound", 90_00, 80_00, campaigns=("search-brand", "search-category"))),
    (0.22, Channel("organic", "inbound", 25_00, 80_00)),
    (0.14, Channel("email", "inbound", 15_00, 70_00, campaigns=("newsletter", "webinar"))),
    (0.14, Channel("outbound", "outbound", 60_00, 240_00)),
    (0.10, Channel("referral", "referral", 20_00, 60_00)),
    (0.07, Channel("event", "event", 180_00, 110_00, currency="EUR", campaigns=("summit",))),
    (0.05, Channel("partner", "partner", 70_00, 50_00, currency="GBP")),
)


@dataclass(frozen=True, slots=True)
class Region:
    name: str
    currency: str
    sales_team: str


REGIONS = Odds(
    (0.58, Region("north_america", "USD", "sales-americas")),
    (0.18, Region("europe", "EUR", "sales-emea")),
    (0.10, Region("uk", "GBP", "sales-emea")),
    (0.14, Region("asia_pacific", "USD", "sales-apac")),
)
PRODUCTS = Odds((0.55, "crm"), (0.30, "analytics"), (0.15, "helpdesk"))
PLANS = Odds((0.50, "starter"), (0.35, "team"), (0.15, "enterprise"))
SEGMENTS = Odds((0.64, "smb"), (0.25, "mid_market"), (0.08, "enterprise"), (0.03, None))
"""Nobody has filled in the segment of some."""
DEAL_SIZES = {"smb": 2_400_00, "mid_market": 14_000_00, "enterprise": 75_000_00, None: 2_400_00}
DEAL_SIZE_SIGMA = 0.6

LIFETIME = Delay(300 * DAY_MS, 0.9)
CHURNS: Odds[dict[str, Any]] = Odds(
    (0.30, {"churn_kind": "voluntary", "reason": "price"}),
    (0.18, {"churn_kind": "voluntary", "reason": "missing_feature"}),
    (0.14, {"churn_kind": "voluntary", "reason": "competitor"}),
    (0.26, {"churn_kind": "involuntary", "reason": "payment_failed"}),
    (0.12, {"churn_kind": "unknown"}),
)
RETURNS = 0.25
RETURN = Delay(18 * DAY_MS, 0.9, AWAKE)

# -- Leads ------------------------------------------------------------------------------------------------

OWNERS = 12
ASSIGNED = 0.85
ASSIGNMENT = Delay(2 * MINUTE_MS, 1.0)


def _contact(actor_kind: str, direction: str, delay: Delay) -> Turn:
    return Turn("crm.lead.contacted", {"actor_kind": actor_kind, "direction": direction}, delay)


_HUMAN = _contact("human", "outbound", Delay(25 * MINUTE_MS, 1.4, OFFICE))
_AGAIN = _contact("human", "outbound", Delay(DAY_MS, 0.7, OFFICE))
_CALLER = _contact("human", "inbound", Delay(3 * HOUR_MS, 1.0, AWAKE))
_BOT = _contact("bot", "outbound", Delay(8 * SECOND_MS, 0.5))
_SEQUENCE = _contact("sequence", "outbound", Delay(10 * MINUTE_MS, 0.3))

CONTACTS: Odds[tuple[Turn, ...]] = Odds(
    (0.38, (_HUMAN,)),
    (0.16, (_HUMAN, _AGAIN)),
    (0.14, (_BOT, _HUMAN)),
    (0.10, (_SEQUENCE, _HUMAN)),
    (0.04, (_CALLER, _HUMAN)),
    (0.06, (_SEQUENCE, _SEQUENCE)),
    (0.04, (_BOT,)),
    (0.08, ()),
)
OUTBOUND_CONTACTS: Odds[tuple[Turn, ...]] = Odds(
    (0.45, (_HUMAN,)),
    (0.30, (_SEQUENCE, _AGAIN)),
    (0.25, (_SEQUENCE, _SEQUENCE)),
)

QUALIFICATION = (
    ("mql", 0.62, Delay(2 * HOUR_MS, 1.2)),
    ("accepted", 0.75, Delay(6 * HOUR_MS, 1.0, OFFICE)),
    ("sql", 0.80, Delay(DAY_MS, 0.9, OFFICE)),
)
"""Stage, share that reaches it from the one before, time until that is decided."""
REFUSED = 0.75
REFUSALS = Odds((0.35, "no_budget"), (0.25, "not_a_fit"), (0.20, "bad_timing"), (0.20, "no_interest"))
UNREACHED = Turn("crm.lead.disqualified", {"reason": "no_response"}, Delay(9 * DAY_MS, 0.4, OFFICE))
UNREACHED_CLOSED = 0.40
SELF_SERVICE = 0.02
SELF_SERVICE_TRIAL = Delay(5 * DAY_MS, 0.8, AWAKE)
ACTIVATION = Delay(3 * HOUR_MS, 1.0)
CONVERSION = Delay(4 * MINUTE_MS, 0.8)

# -- Deals ------------------------------------------------------------------------------------------------

DEAL_STAGES = ("qualification", "demo", "proposal", "negotiation")
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

# -- Costs ------------------------------------------------------------------------------------------------

COST_NOISE = (0.85, 1.20)
COST_BOOKED = Delay(20 * HOUR_MS, 0.8, OFFICE)
COST_RESTATED = 0.15
RESTATEMENT = Delay(25 * DAY_MS, 0.4, OFFICE)

# -- Tickets ----------------------------------------------------------------------------------------------


def _reply(actor_kind: str, public: bool, author_role: str, delay: Delay) -> Turn:
    fields = {"actor_kind": actor_kind, "public": public, "author_role": author_role}
    return Turn("crm.ticket.replied", fields, delay)


_AGENT = _reply("human", True, "agent", Delay(50 * MINUTE_MS, 1.2, SUPPORT_DESK))
_OPENING = _reply("human", True, "agent", Delay(5 * SECOND_MS, 0.3))
_AUTOREPLY = _reply("bot", True, "agent", Delay(4 * SECOND_MS, 0.4))
_NOTE = _reply("human", False, "agent", Delay(20 * MINUTE_MS, 1.0, SUPPORT_DESK))
_CUSTOMER = _reply("human", True, "customer", Delay(2 * HOUR_MS, 1.2, AWAKE))
_ESCALATED = Turn("crm.ticket.escalated", {"to_team": "engineering"}, Delay(2 * HOUR_MS, 1.0, SUPPORT_DESK))
_SOLVED = Turn("crm.ticket.resolved", {"resolution": "solved"}, Delay(40 * MINUTE_MS, 1.3, SUPPORT_DESK))
_WORKAROUND = Turn("crm.ticket.resolved", {"resolution": "workaround"}, Delay(2 * HOUR_MS, 1.0, SUPPORT_DESK))
_CLOSED = Turn("crm.ticket.resolved", {"resolution": "closed_automatically"}, Delay(4 * DAY_MS, 0.1))
_REOPENED = Turn("crm.ticket.reopened", {"reason": "not_solved"}, Delay(DAY_MS, 0.9, AWAKE))

OPENINGS: Odds[tuple[str, tuple[Turn, ...]]] = Odds(
    (0.60, ("customer", ())),
    (0.26, ("customer", (_AUTOREPLY,))),
    (0.10, ("agent", (_OPENING, _CUSTOMER))),
    (0.04, ("proactive", (_OPENING,))),
)
"""Who opens it, and what follows at once: an agent's own ticket begins with that agent's message."""
CONVERSATIONS: Odds[tuple[Turn, ...]] = Odds(
    (0.34, (_AGENT,)),
    (0.22, (_AGENT, _CUSTOMER, _AGENT)),
    (0.10, (_NOTE, _AGENT)),
    (0.08, (_CUSTOMER, _AGENT, _CUSTOMER, _AGENT)),
    (0.08, (_NOTE, _AGENT, _CUSTOMER, _NOTE, _AGENT, _CUSTOMER, _AGENT)),
    (0.07, (_AGENT, _NOTE, _ESCALATED, _AGENT, _CUSTOMER, _AGENT)),
    (0.03, (_ESCALATED, _NOTE, _AGENT)),
    (0.05, (_AUTOREPLY, _CUSTOMER)),
    (0.03, ()),
)
_AFTER_ALL = (_SOLVED, _CUSTOMER, _REOPENED, _AGENT, _SOLVED)
ENDINGS: Odds[tuple[Turn, ...]] = Odds(
    (0.60, (_SOLVED,)),
    (0.12, (_WORKAROUND,)),
    (0.08, (_CLOSED,)),
    (0.06, _AFTER_ALL),
    (0.03, (_WORKAROUND, _REOPENED, _NOTE, _AGENT, _SOLVED)),
    (0.02, (*_AFTER_ALL, _CLOSED)),
    (0.01, (*_AFTER_ALL, _REOPENED, _ESCALATED, _AGENT, _SOLVED)),
    (0.01, (_SOLVED, _REOPENED)),
    (0.07, ()),
)
"""Some are never resolved, or reopened and then forgotten."""
PRIORITIES = Odds((0.12, "low"), (0.60, "normal"), (0.21, "high"), (0.07, "urgent"))
TOPICS = Odds((0.35, "how_to"), (0.25, "bug"), (0.20, "billing"), (0.12, "access"), (0.08, "integration"))
SUPPORT_TEAMS = Odds((0.60, "support-1"), (0.40, "support-2"))

# -- Surveys ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scale:
    lowest: int
    highest: int
    scores: Odds[int]


_NPS = Scale(0, 10, Odds(*zip((1, 1, 1, 2, 3, 6, 8, 14, 20, 21, 23), range(11), strict=True)))
_STARS = Scale(1, 5, Odds(*zip((5, 6, 12, 34, 43), range(1, 6), strict=True)))
_TEN = Scale(1, 10, Odds(*zip((2, 2, 3, 3, 6, 7, 14, 22, 21, 20), range(1, 11), strict=True)))


@dataclass(frozen=True, slots=True)
class Survey:
    kind: str
    answered: float
    delay: Delay
    scales: Odds[Scale]


NPS = Survey("nps", 0.32, Delay(9 * HOUR_MS, 1.3, AWAKE), Odds((1.0, _NPS)))
CSAT = Survey("csat", 0.45, Delay(90 * MINUTE_MS, 1.3, AWAKE), Odds((0.88, _STARS), (0.12, _TEN)))
CSAT_ASKED = 0.60
CSAT_INVITATION = Delay(30 * MINUTE_MS, 0.2, ALWAYS)
ANONYMOUS = 0.12
COMMENTED = 0.28
CORRECTED = 0.03
CORRECTION = Delay(15 * MINUTE_MS, 1.0, AWAKE)
