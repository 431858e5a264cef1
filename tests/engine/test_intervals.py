"""Unions of intervals: overlaps count once, and what is still open counts until now."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.measures.intervals import lasting_ms
from tests.builders import Event, Ledger, Time, days, deal_created, deal_lost, in_any_order, ms
from tests.engine.catalogs import plan

HOUR_MS = 3_600_000
NOW = "2024-04-15 12:00"

# A customer stands for a component, and each deal for an incident of it.
DOWN = plan("""\
    id: customer_id
    dimensions: [channel, plan]
    transitions:
      down:
        - {event: crm.deal.created, key: deal_id, state: 1}
        - {event: crm.deal.lost, key: deal_id, state: 0}
    measures:
      downtime: {union: down}
""")


def opened(incident: str, at: Time, component: str = "c", **data: str) -> Event:
    return deal_created(incident, at, customer_id=component, **data)


def resolved(incident: str, at: Time, component: str = "c", **data: str) -> Event:
    return deal_lost(incident, at, customer_id=component, **data)


def down_ms(ledger: Ledger, start: Time, now: Time, slice_: str = "", tier: str = "minute") -> int:
    """Downtime in [start, now), as a reading has it: from the total, and the panes since `start`."""
    edges, times = (ledger.sum(f"{part}{slice_}", start, tier=tier) for part in ("downtime", "downtime.t"))
    level = ledger.running[f"downtime{slice_}"] - edges
    return lasting_ms(level, edges, times, ms(start), ms(now))


#     9     10    11    12 now
#     |-----A-----|
#           |-----B------>
def test_two_overlapping_outages_of_which_one_is_open_count_once() -> None:
    outages = [opened("A", "09:00"), resolved("A", "11:00"), opened("B", "10:00")]
    ledger = in_any_order(outages, DOWN)
    assert ledger.running["downtime"] == 1
    assert down_ms(ledger, "00:00", NOW) == 3 * HOUR_MS
    assert down_ms(ledger, "09:30", NOW) == 2.5 * HOUR_MS
    assert ledger.sum("downtime.t") == ms("09:00"), "its edges carry their times"


def test_an_outage_since_40_days_lasts_the_whole_window_and_never_longer() -> None:
    ledger = Ledger(DOWN).take(opened("A", ms(NOW) - days(40)))
    start = ms("2024-03-16")
    assert down_ms(ledger, start, NOW, tier="day") == ms(NOW) - start
    ledger.take(opened("B", "10:00"), opened("C", ms(NOW) - days(50)))
    assert down_ms(ledger, start, NOW, tier="day") == ms(NOW) - start


def test_an_outage_is_split_over_the_windows_that_it_spans() -> None:
    ledger = Ledger(DOWN).take(opened("A", "2024-04-13 18:00"), resolved("A", "2024-04-15 06:00"))
    whole = [down_ms(ledger, start, NOW, tier="day") for start in ("2024-04-13", "2024-04-14", "2024-04-15")]
    assert [ms_ / HOUR_MS for ms_ in whole] == [36, 30, 6]


def test_components_add_up() -> None:
    other = [opened("X", "10:00", "other"), resolved("X", "11:00", "other")]
    ledger = Ledger(DOWN).take(opened("A", "09:00"), *other)
    assert down_ms(ledger, "00:00", NOW) == 4 * HOUR_MS


def test_an_outage_moves_between_slices_while_it_lasts() -> None:
    ledger = Ledger(DOWN).take(
        opened("A", "09:00", plan="free"),
        opened("B", "10:00", plan="pro"),
        resolved("A", "11:00"),
        resolved("B", "11:30"),
    )
    found = {one: down_ms(ledger, "00:00", NOW, f"|plan|{one}") / HOUR_MS for one in ("free", "pro")}
    assert found == {"free": 1, "pro": 1.5}


@pytest.mark.parametrize("level", [0, 1])
def test_it_never_lasted_less_than_not_at_all(level: int) -> None:
    """An edge may lie after now."""
    assert lasting_ms(level - 1, 1, ms("12:03"), ms("11:00"), ms(NOW)) >= 0


# -- Against a count of hours -----------------------------------------------------------------------------

START = ms("2024-04-14")
Outages = Sequence[tuple[str, int, int | None]]
OUTAGES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 40), st.integers(1, 12) | st.none()), max_size=6
)
"""(component, hour at which it begins, hours that it lasts or None while it is open)"""
END = 52


def hour(at: int) -> int:
    return START + at * HOUR_MS


def events(outages: Outages) -> Iterator[Event]:
    for at, (component, begin, length) in enumerate(outages):
        yield opened(str(at), hour(begin), component)
        if length is not None:
            yield resolved(str(at), hour(begin + length), component)


def hours_down(outages: Outages, first: int) -> int:
    """The hours from `first` on in which a component was down, one by one."""
    spans = [(one, begin, END if length is None else begin + length) for one, begin, length in outages]
    return len({(one, at) for one, begin, end in spans for at in range(begin, end) if at >= first})


@given(OUTAGES, st.integers(0, 40))
def test_a_window_holds_the_hours_in_which_something_was_down(outages: Outages, first: int) -> None:
    ledger = Ledger(DOWN).take(*events(outages))
    for tier in ("hour", "minute"):
        assert down_ms(ledger, hour(first), hour(END), tier=tier) == hours_down(outages, first) * HOUR_MS
