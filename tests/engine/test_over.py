"""over(f, W): for every day on which a window of W days may end, against a recount of that day.

pays 100 before all that is known | 1 April: 120 | 9 April: nothing | 20 April: 70
over 7 days at 10 April            then (3 April) 120, now (10 April) 0
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.engine.measures.histories import formula_of_states
from streams.engine.panes import Calendar
from streams.engine.plan import Plan
from streams.naming import UNKNOWN, cell
from tests.builders import Event, Ledger, customer_activated, customer_churned, deal_stage_changed, ms
from tests.engine.measured import with_measures

ZONE = "Europe/Berlin"  # 31 March 2024 has 23 hours
CALENDAR = Calendar(ZONE)
FIRST_DAY = CALENDAR.day(ms("2024-03-25 12:00"))
DAYS, OVER = 14, (7, 30)
FORMULAS = {
    "lost": "then and not now",
    "kept": "now if then > 0 else 0",
    "kept_gross": "min(then, now)",
    "gained": "0 if then else now",
    "shrunk": "then > now",
}
PAYING = with_measures(
    """\
    id: customer_id
    dimensions: [plan]
    keep: forever
    transitions:
      paying:
        - {event: crm.deal.stage_changed, state: {field: amount_minor}, before: revision, kind: from_stage}
    """,
    *(f"{name}: {{trailing: '{text}', of: paying, over: [7d, 30d]}}" for name, text in FORMULAS.items()),
    "lost_at_will: {trailing: then and not now, of: paying, kind: voluntary, over: [7d, 30d]}",
    zone=ZONE,
)
RECOUNTED = {
    **{name: (text, None) for name, text in FORMULAS.items()},
    "lost_at_will": (FORMULAS["lost"], "voluntary"),
}


@dataclass(frozen=True)
class Said:
    """One event about the customer: it pays `amount` from then on, and did pay `before`."""

    time_ms: int
    amount: int
    before: int
    kind: str | None
    plan: str | None

    def event(self) -> Event:
        return deal_stage_changed(
            "d",
            self.time_ms,
            customer_id="c",
            amount_minor=self.amount,
            revision=self.before,
            from_stage=self.kind,
            plan=self.plan,
        )


def in_time(day: int, minute: int) -> int:
    """A minute of one of the days; minute 0 is the day's first instant."""
    return CALENDAR.day_start_ms(FIRST_DAY + day) + minute * 60_000


TIMES = st.builds(in_time, st.integers(0, DAYS), st.sampled_from([0, 1, 600, 1_379]))
SAYS = st.builds(
    Said,
    TIMES,
    st.sampled_from([0, 0, 5, 9]),
    st.sampled_from([0, 5, 7]),
    st.sampled_from(["voluntary", "unknown", None]),
    st.sampled_from(["free", "pro", None]),
)
HISTORIES = st.lists(SAYS, min_size=1, max_size=7, unique_by=lambda said: said.time_ms).map(
    lambda history: sorted(history, key=lambda said: said.time_ms)
)


formula = lru_cache(lambda text: formula_of_states(text, ["then", "now"]))


# -- The recount ------------------------------------------------------------------------------------------


def state(history: Sequence[Said], time_ms: int) -> tuple[int, str | None]:
    """(amount, how it was last left) just before a time."""
    amount, left = history[0].before, None
    for said in history:
        if said.time_ms < time_ms and said.amount != amount:
            amount, left = said.amount, said.kind if said.amount == 0 else left
    return amount, left


def plan_at(history: Sequence[Said], time_ms: int) -> str:
    """The plan just before a time. Who was nothing before all has until the first change the plan of that."""
    known_ms = time_ms if history[0].before else max(time_ms, first(history))
    given_so_far = [said.plan for said in history if said.plan and said.time_ms < known_ms]
    return given_so_far[-1] if given_so_far else UNKNOWN


def first(history: Sequence[Said]) -> int:
    """Just after the first change of the amount or the plan."""
    changes = [said.time_ms + 1 for said in history if said.plan or said.amount]
    return changes[0] if changes else 0


def recount(history: Sequence[Said], name: str, days: int, end_day: int) -> dict[str, int]:
    """Plan -> f(state `days` before the day, state when it began), without zeros."""
    text, kind = RECOUNTED[name]
    start_ms, end_ms = CALENDAR.day_start_ms(end_day - days), CALENDAR.day_start_ms(end_day)
    (then, _), (now, left) = state(history, start_ms), state(history, end_ms)
    number = formula(text)(then, now) if kind in (None, left) else 0
    return {plan_at(history, start_ms): number} if number else {}


class Over:
    """The same as it is read: the total less the day panes from that day on."""

    def __init__(self, ledger: Ledger, name: str, days: int) -> None:
        part = f"{name}.over{days}"
        self.plans = {cell(part, "plan", plan): plan for plan in ("free", "pro", UNKNOWN)}
        cells = [part, *self.plans]
        self.totals = {name: ledger.running[name] for name in cells}
        self.panes = [
            (start_ms, name, pane[name])
            for (tier, start_ms), pane in ledger.panes.items()
            for name in cells
            if name in pane and tier == "day"
        ]

    def at(self, end_day: int) -> dict[str, int]:
        left = Counter(self.totals)
        for start_ms, name, number in self.panes:
            if start_ms >= CALENDAR.day_start_ms(end_day):
                left[name] -= number
        found = {plan: left.pop(name) for name, plan in self.plans.items()}
        assert sum(found.values()) == left.total()
        return {plan: number for plan, number in found.items() if number}


@given(HISTORIES)
def test_every_day_on_which_a_window_may_end_is_as_recounted_in_every_slice(history: list[Said]) -> None:
    ledger = Ledger(PAYING).take(*(said.event() for said in history))
    for name, days in product(RECOUNTED, OVER):
        over = Over(ledger, name, days)
        for end_day in range(FIRST_DAY - 3, FIRST_DAY + DAYS + days + 3):
            expected = recount(history, name, days, end_day)
            assert over.at(end_day) == expected, (name, days, end_day - FIRST_DAY)


@given(HISTORIES, st.integers(1, DAYS))
def test_over_days_at_the_beginning_of_a_day_is_what_the_measure_then_said_of_the_window_that_ended(
    history: list[Said], day: int
) -> None:
    end_ms, start_ms = (CALENDAR.day_start_ms(FIRST_DAY + at) for at in (day, day - 7))
    whole = Ledger(PAYING).take(*(said.event() for said in history))
    then = Ledger(PAYING).take(*(said.event() for said in history if said.time_ms < end_ms))
    assume(then.encoded)
    for name in RECOUNTED:
        trailing = then.running[name] + then.sum(name, start_ms)
        assert sum(Over(whole, name, 7).at(FIRST_DAY + day).values()) == trailing, name


# -- Drawn out --------------------------------------------------------------------------------------------

LEAVES = with_measures(
    """\
    id: customer_id
    keep: forever
    transitions:
      membership:
        - {event: crm.customer.activated, state: 1}
        - {event: crm.customer.churned, state: 0}
    """,
    "lost: {trailing: then and not now, of: membership, over: [7d]}",
)


def lost(ledger: Ledger, end: str) -> int:
    return ledger.running["lost.over7"] - ledger.sum("lost.over7", end)


@pytest.mark.parametrize(
    ("end", "expected"), [("2024-04-10", 0), ("2024-04-11", 1), ("2024-04-17", 1), ("2024-04-18", 0)]
)
def test_who_left_on_a_day_was_lost_over_the_windows_that_end_in_the_days_after(
    end: str, expected: int
) -> None:
    """Left on the 10th at 15:00: not yet lost when that day began; on the 18th he was none a week ago."""
    events = [customer_activated("c", "2024-01-01"), customer_churned("c", "2024-04-10 15:00")]
    assert lost(Ledger(LEAVES).take(*events), end) == expected


def test_the_day_of_a_change_and_the_day_so_much_later_hold_it_and_no_other_pane() -> None:
    events = [customer_activated("c", "2024-01-01"), customer_churned("c", "2024-04-10 15:00")]
    ledger = Ledger(LEAVES).take(*events)
    found = {pane: cells["lost.over7"] for pane, cells in ledger.panes.items() if "lost.over7" in cells}
    assert found == {("day", ms("2024-04-10")): 1, ("day", ms("2024-04-17")): -1}


def test_a_measure_without_over_has_one_part_and_one_with_it_tells_its_days() -> None:
    def days_of(plan: Plan, name: str) -> list[int]:
        return list(plan.measures[name].over)

    assert days_of(PAYING, "kept") == [7, 30]
    alone = with_measures(
        "id: customer_id\ntransitions: {membership: [{event: crm.customer.activated, state: 1}]}\n",
        "stayed: {trailing: then and now, of: membership}",
    )
    assert days_of(alone, "stayed") == []
    assert Ledger(alone).take(customer_activated("c")).cells() == {"stayed"}
