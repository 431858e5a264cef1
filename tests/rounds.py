"""Random histories, told in rounds between which time goes on: of some leads, customers, deals, surveys."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from streams.engine.panes import DAY_MS, HOUR_MS, MINUTE_MS
from tests.builders import (
    Event,
    customer_activated,
    customer_churned,
    days,
    deal_won,
    lead_contacted,
    lead_converted,
    lead_created,
    lead_qualified,
    survey_answered,
)

Made = tuple[Any, ...]
"""(builder, subject, how long before the round, channel, plan)."""
Round = tuple[Sequence[Made], int]
"""(events, milliseconds since the round before)."""

_BUILDERS = st.sampled_from(
    [
        *(lead_created, lead_contacted, lead_converted, lead_qualified, deal_won, survey_answered),
        *(customer_activated, customer_churned),
    ]
)
_BACK_MS = st.one_of(st.integers(0, 3 * HOUR_MS), st.integers(0, days(70)), st.integers(0, days(800)))
_STEPS_MS = st.sampled_from([0, 1_000, MINUTE_MS, 7 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS, DAY_MS, days(31)])
_MADE = st.tuples(
    *(_BUILDERS, st.sampled_from("abc"), _BACK_MS, st.sampled_from(["web", "fair"]), st.sampled_from("xy"))
)
ROUNDS = st.lists(st.tuples(st.lists(_MADE, max_size=4), _STEPS_MS), min_size=2, max_size=6)


def events_of(made: Sequence[Made], now_ms: int) -> list[Event]:
    """The events of a round at `now_ms`."""
    return [
        build(subject, now_ms - back_ms, channel=channel, plan=plan)
        for build, subject, back_ms, channel, plan in made
    ]
