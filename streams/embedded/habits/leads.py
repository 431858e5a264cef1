"""Leads: who answers them when, and how far they come."""

from streams.embedded.habits.hours import AWAKE, OFFICE
from streams.embedded.world import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Delay, Odds, Turn

ASSIGNED = 0.85
ASSIGNMENT = Delay(2 * MINUTE_MS, 1.0)


def _contact(actor_kind: str, direction: str, delay: Delay) -> Turn:
    return Turn("crm.lead.contacted", {"actor_kind": actor_kind, "direction": direction}, delay)


_HUMAN = _contact("human", "outbound", Delay(25 * MINUTE_MS, 1.4, OFFICE, answer=True))
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
HEARD_CONTACTS = CONTACTS.only(lambda turns: _HUMAN in turns)
"""Where no lead is forgotten."""
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
CONVERSION = Delay(4 * MINUTE_MS, 0.8)

# -- Talk -------------------------------------------------------------------------------------------------

CALL_LOGGED = 0.25
"""Of the contacts that a human makes, so many are logged as interactions too."""
