"""The view against plain dicts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.kpis.readings import Reading
from streams.engine.panes import DAY, DAY_MS, HOUR, HOUR_MS, KEEP_MS, MINUTE, MINUTE_MS, TIERS
from streams.engine.plan import Plan
from streams.naming import NEWEST_MS, source_total
from streams.serve import panes as panes_module
from streams.serve import tiers
from streams.serve.tiers import Tier
from streams.serve.view import View
from streams.state import Pane, PaneChanges, Snapshot
from tests.builders import (
    Event,
    Ledger,
    cost_recorded,
    lead_contacted,
    lead_converted,
    lead_created,
    ms,
    plan_of,
    shipped,
)
from tests.rounds import ROUNDS, Round, events_of
from tests.serve.builders import exact, sums_of

LIFETIME = plan_of((Path(__file__).parents[1] / "engine/kpis/lifetime.yaml").read_text())

PARTITIONS = range(3)
STARTS = [k * HOUR_MS for k in range(6)]
CELLS = [
    "revenue",
    "leads",
    "leads|channel|web",
    "leads|channel|a|b",
    "leads_waiting.age",
    "leads_waiting.age|team|x",
]
NONE = PaneChanges({}, {}, ())


class Plain:
    """What the view is meant to say, in dicts of each partition."""

    def __init__(self) -> None:
        self.panes: dict[tuple[int, Pane], dict[str, int]] = {}
        self.totals: dict[tuple[int, str], int] = {}

    def forget(self, partition: int) -> None:
        self.panes = {key: cells for key, cells in self.panes.items() if key[0] != partition}
        self.totals = {key: total for key, total in self.totals.items() if key[0] != partition}

    def apply(self, partition: int, changes: PaneChanges) -> None:
        for pane, cells in changes.panes.items():
            self.panes.setdefault((partition, pane), {}).update(cells)
        for pane in changes.dropped:
            self.panes.pop((partition, pane), None)
        self.totals.update(((partition, cell), total) for cell, total in changes.totals.items())

    def expire(self, now_ms: int) -> None:
        self.panes = {
            key: cells for key, cells in self.panes.items() if key[1][1] + KEEP_MS[key[1][0]] > now_ms
        }

    def window(self, tier: str, starts: Iterable[int]) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for (_, pane), cells in self.panes.items():
            if pane[0] == tier and pane[1] in starts:
                sums.update(cells)
        return {cell: number for cell, number in sums.items() if number}

    def total(self) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for (_, cell), total in self.totals.items():
            sums[cell] += total
        return {cell: number for cell, number in sums.items() if number}

    def cells(self) -> set[str]:
        in_panes = {cell for cells in self.panes.values() for cell, number in cells.items() if number}
        return in_panes | self.total().keys()


numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**44 - 1, -(2**44), 2**53 + 1, 2**62, -(2**63), 10**40]),
)
cells = st.dictionaries(st.sampled_from(CELLS), numbers, max_size=4)
some_panes = st.dictionaries(st.tuples(st.sampled_from(TIERS), st.sampled_from(STARTS)), cells, max_size=4)
changes = st.builds(
    PaneChanges,
    some_panes,
    cells,
    st.lists(st.tuples(st.sampled_from(TIERS), st.sampled_from(STARTS)), max_size=2),
)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("load"),
            st.sampled_from(PARTITIONS),
            st.builds(PaneChanges, some_panes, cells, st.just(())),
        ),
        st.tuples(st.just("apply"), st.sampled_from(PARTITIONS), changes),
        st.tuples(st.just("forget"), st.sampled_from(PARTITIONS), st.just(NONE)),
        st.tuples(st.just("expire"), st.integers(0, 9 * HOUR_MS), st.just(NONE)),
    ),
    max_size=12,
)


@given(steps)
def test_all_sums_equal_those_of_plain_dicts_at_any_size(steps: list[tuple[str, int, PaneChanges]]) -> None:
    view, plain = empty_view(), Plain()
    for step, number, told in steps:
        take(view, plain, step, number, told)
    for tier in TIERS:
        for at, start in enumerate(STARTS):
            for end_at in range(at, len(STARTS)):
                expected = plain.window(tier, STARTS[at : end_at + 1])
                assert sums_of(view, tier, start, STARTS[end_at]) == expected
        for cell in CELLS:
            firsts = [start for start in STARTS if plain.window(tier, [start]).get(cell)]
            assert view.first_pane(tier, cell, 0, DAY_MS) == min(firsts, default=None)
            assert view.first_pane(tier, cell, 1, STARTS[-1]) == min(
                (start for start in firsts if 1 <= start < STARTS[-1]), default=None
            )
    assert exact(view.totals()) == plain.total()
    assert view.cells() == plain.cells()


spans = st.tuples(st.integers(0, len(STARTS) - 1), st.integers(0, len(STARTS) - 1)).map(sorted)


@given(st.lists(st.tuples(steps, st.lists(spans, max_size=3), st.booleans()), max_size=5))
def test_windows_that_are_kept_equal_plain_sums_whatever_changes_and_wherever_they_move(
    rounds: list[tuple[list[tuple[str, int, PaneChanges]], list[list[int]], bool]],
) -> None:
    """Between the changes windows are asked for, so that later ones are made from them."""
    view, plain = empty_view(), Plain()
    for changed, asked, forgets in rounds:
        for step, number, told in changed:
            take(view, plain, step, number, told)
        for tier in TIERS:
            for at, end_at in asked:
                expected = plain.window(tier, STARTS[at : end_at + 1])
                assert sums_of(view, tier, STARTS[at], STARTS[end_at]) == expected
        if forgets:
            view.forget_windows()


def take(view: View, plain: Plain, step: str, number: int, told: PaneChanges) -> None:
    if step == "expire":
        view.expire(number)
        plain.expire(number)
        return
    if step in ("load", "forget"):
        plain.forget(number)
        view.load(number, snapshot(told.panes, told.totals))
    else:
        view.apply(number, told)
    plain.apply(number, told)


def snapshot(panes: Mapping[Pane, Mapping[str, int]], totals: Mapping[str, int] | None = None) -> Snapshot:
    return Snapshot(None, "0-0", panes, totals or {}, {})


def empty_view() -> View:
    view = View()
    for partition in PARTITIONS:
        view.load(partition, snapshot({}))
    return view


def test_more_panes_than_an_int64_may_sum_are_summed_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panes_module, "SMALL", 2**63)
    monkeypatch.setattr(tiers, "MANY", 2)
    view = View()
    view.load(0, snapshot({(DAY, start): {"revenue": 2**62} for start in STARTS}))
    assert sums_of(view, DAY, 0, DAY_MS) == {"revenue": 6 * 2**62}


def test_a_window_that_nobody_asks_for_any_more_is_not_kept_up_to_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view, brought = empty_view(), list[int]()
    plus = Tier._plus

    def counted(tier: Tier, sums: Any, panes: Any) -> Any:
        brought.append(len(sums))
        return plus(tier, sums, panes)

    monkeypatch.setattr(Tier, "_plus", counted)
    for rounds, kept in ((1, 2), (2, 1)):
        view.window(DAY, 0, DAY_MS)
        for _ in range(rounds):
            view.forget_windows()
        brought.clear()
        view.apply(0, PaneChanges({(DAY, 0): {f"leads {rounds}": 1}}, {}, ()))
        view.window(DAY, DAY_MS, DAY_MS)
        assert len(brought) == kept, "the one that is asked for, and the other while it is kept"


def test_what_is_noted_while_nobody_asks_is_no_more_than_so_many_cells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiers, "NOTED", 3)
    view = empty_view()
    view.window(DAY, 0, DAY_MS)
    for number in range(1, 9):
        view.apply(0, PaneChanges({(DAY, 0): {"leads": number, f"leads|channel|{number}": 1}}, {}, ()))
        assert view._tiers[DAY]._news.cells <= 3
    assert sums_of(view, DAY, 0, DAY_MS)["leads"] == 8


def test_a_pane_is_freed_when_it_leaves_its_tier_and_no_longer_counts() -> None:
    view = View()
    view.load(0, snapshot({(tier, 0): {"leads": 1} for tier in TIERS}))
    view.expire(3 * HOUR_MS - 1)
    assert sums_of(view, MINUTE, 0, 0) == {"leads": 1}
    view.expire(3 * HOUR_MS)
    assert sums_of(view, MINUTE, 0, 0) == {}
    assert sums_of(view, HOUR, 0, 0) == {"leads": 1}
    view.expire(800 * DAY_MS)
    assert view.cells() == set()


def test_a_new_snapshot_replaces_all_that_was_known_of_its_partition_and_of_no_other() -> None:
    view = View()
    view.load(0, snapshot({(DAY, 0): {"leads": 1, "tickets": 1}}, {"backlog": 1}))
    view.load(1, snapshot({(DAY, 0): {"leads": 10}}, {"backlog": 10}))
    view.set_oldest(0, {"leads_waiting": 5})
    view.load(0, snapshot({(DAY, 0): {"leads": 2}}, {"backlog": 2}))
    assert sums_of(view, DAY, 0, 0) == {"leads": 12}
    assert view.totals() == {"backlog": 12}
    assert view.cells() == {"leads", "backlog"}
    assert view.oldest_ms("leads_waiting") is None


def test_counters_of_events_are_summed_but_are_no_cells() -> None:
    view = View()
    view.load(0, snapshot({}, {"!applied": 3, "!rejects.bad_time": 1, NEWEST_MS: 1_000}))
    view.load(1, snapshot({}, {"!applied": 4, NEWEST_MS: 900}))
    assert view.totals() == {"!applied": 7, "!rejects.bad_time": 1}
    assert view.cells() == set()
    assert view.newest_ms == 1_000
    assert View().newest_ms is None


def test_the_newest_event_of_a_source_is_that_of_all_partitions() -> None:
    view = View()
    view.load(0, snapshot({}, {source_total("/a"): 500, source_total("/b"): 900, "!applied": 3}))
    view.load(1, snapshot({}, {source_total("/a"): 800, source_total("other"): 100}))
    assert view.sources_ms == {"/a": 800, "/b": 900, "other": 100}
    assert view.totals() == {"!applied": 3}
    assert view.cells() == set()


def test_the_oldest_is_that_of_all_partitions() -> None:
    view = empty_view()
    view.set_oldest(0, {"leads_waiting": 300})
    view.set_oldest(1, {"leads_waiting": 200, "tickets_open": 900})
    assert view.oldest_ms("leads_waiting") == 200
    assert view.oldest_ms("tickets_open") == 900
    assert view.oldest_ms("others") is None


def test_readings_equal_those_of_a_ledger_however_events_lie_over_partitions() -> None:
    web, mail = Ledger(), Ledger()
    web.take(lead_created("lead-1", "10:00", channel="web"), lead_contacted("lead-1", "10:07"))
    web.take(lead_created("lead-2", "11:00", channel="web"))
    mail.take(lead_created("lead-3", "09:00", channel="mail", team="north"))
    view = View()
    for partition, ledger in enumerate([web, mail]):
        view.load(partition, snapshot(ledger.panes, ledger.running))
        oldest = {name: min(since.values()) for name, since in ledger.waiting.items() if since}
        view.set_oldest(partition, oldest)
    now_ms = ms("12:34")
    assert as_set(view.readings(shipped(), now_ms, ahead=True)) == as_set(
        (web + mail).readings(now_ms, ahead=True)
    )


def as_set(readings: Iterable[Any]) -> set[str]:
    return set(map(repr, readings))


def test_readings_of_a_view_that_goes_with_the_time_equal_those_of_one_that_is_new() -> None:
    """A round every 20 minutes or 9 hours over two days, with events all along; spreads lie in the future."""
    events = [
        lead_created("lead-1", "10:00", channel="web"),
        cost_recorded("cost-1", "10:05", period_start="2024-04-10", period_end="2024-04-20"),
        lead_created("lead-2", "10:20", channel="mail"),
        lead_contacted("lead-1", "10:41"),
        lead_created("lead-3", "2024-04-16 01:00", channel="web"),
        lead_contacted("lead-2", "2024-04-16 08:00"),
        lead_created("lead-1", "09:00", channel="phone"),
        lead_converted("lead-1", "2024-04-16 09:00"),
    ]
    ledger, view, now_ms = Ledger(), View(), ms("10:02")
    view.load(0, snapshot({}))
    for event, step_ms in zip(events, cycle([20 * MINUTE_MS, 9 * HOUR_MS]), strict=False):
        view.apply(0, told_by(ledger, event))
        for at_ms in (now_ms, now_ms + step_ms):
            assert view.readings(shipped(), at_ms, ahead=True) == anew([ledger], shipped(), at_ms)
        now_ms += step_ms


@settings(max_examples=20)
@given(ROUNDS, st.lists(st.booleans(), min_size=6, max_size=6))
def test_readings_that_still_hold_equal_those_of_a_new_view_whatever_the_feed_tells(
    rounds: Sequence[Round], snapshots: Sequence[bool]
) -> None:
    """Of two partitions, in turn; sometimes instead of changes a new snapshot comes."""
    ledgers, view, now_ms = [Ledger(LIFETIME), Ledger(LIFETIME)], View(), ms("2024-03-30 23:58:30")
    for partition in (0, 1):
        view.load(partition, snapshot({}))
    for number, (made, step_ms) in enumerate(rounds):
        now_ms += step_ms
        partition = number % 2
        changes = told_by(ledgers[partition], *events_of(made, now_ms))
        if snapshots[number]:
            view.load(partition, snapshot(ledgers[partition].panes, ledgers[partition].running))
        else:
            view.apply(partition, changes)
        assert view.readings(LIFETIME, now_ms, ahead=True) == anew(ledgers, LIFETIME, now_ms)


def told_by(ledger: Ledger, *events: Event) -> PaneChanges:
    """What the feed tells of these events: all that the ledger says then, and what it says no more."""
    panes = {pane: dict.fromkeys(cells, 0) for pane, cells in ledger.panes.items()}
    totals = dict.fromkeys(ledger.running, 0)
    ledger.take(*events)
    now = {pane: panes.get(pane, {}) | ledger.panes.get(pane, {}) for pane in panes | ledger.panes}
    return PaneChanges(now, totals | ledger.running, ())


def anew(ledgers: Sequence[Ledger], plan: Plan, now_ms: int) -> list[Reading]:
    """The readings of a view that has read nothing before."""
    view = View()
    for partition, ledger in enumerate(ledgers):
        view.load(partition, snapshot(ledger.panes, ledger.running))
    return view.readings(plan, now_ms, ahead=True)
