"""Tickets: who opens them, what is said, and how they end."""

from streams.embedded.habits.hours import AWAKE, SUPPORT_DESK
from streams.embedded.world import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Delay, Odds, Turn


def _reply(actor_kind: str, public: bool, author_role: str, delay: Delay) -> Turn:
    fields = {"actor_kind": actor_kind, "public": public, "author_role": author_role}
    return Turn("crm.ticket.replied", fields, delay)


_AGENT = _reply("human", True, "agent", Delay(50 * MINUTE_MS, 1.2, SUPPORT_DESK, answer=True))
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
KEPT_ENDINGS = ENDINGS.only(lambda turns: turns in ((_SOLVED,), (_WORKAROUND,), _AFTER_ALL))
"""Where no ticket is forgotten: somebody solves each, at the second attempt at the latest."""
PRIORITIES = Odds((0.12, "low"), (0.60, "normal"), (0.21, "high"), (0.07, "urgent"))
TOPICS = Odds((0.35, "how_to"), (0.25, "bug"), (0.20, "billing"), (0.12, "access"), (0.08, "integration"))
SUPPORT_TEAMS = Odds((0.60, "support-1"), (0.40, "support-2"))
