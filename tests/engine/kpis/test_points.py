"""Points: what charts show pane by pane, compared with readings of the same company."""

from collections.abc import Sequence
from functools import lru_cache
from typing import get_args

import pytest

from schemas.words import Window
from streams.engine.kpis.cells import Index
from streams.engine.kpis.folding import Others
from streams.engine.kpis.frames import Moment
from streams.engine.kpis.lines import Line, Reading
from streams.engine.kpis.points import Drawing, Points, Span, kind_of
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.sums import WHOLE, Slice
from streams.engine.kpis.terms import Operand
from streams.engine.measures.base import BARE
from streams.engine.panes import DAY, HOUR, HOUR_MS, KEEP_MS, MINUTE, MINUTE_MS
from streams.engine.windows import pane_starts, step_of, tier_of
from tests.builders import Ledger, days, lead_contacted, lead_created, ms, shipped
from tests.company import told

OWN_STEP = [name for name in get_args(Window) if tier_of(name) == step_of(name)]
"""Windows that a chart shows by their own panes."""
CALENDAR = ("today", "wtd", "mtd", "qtd", "ytd")
"""What of these is compared may be clipped."""


NOW_MS = max(ms(one["time"]) for one in told() if one["type"] == "crm.lead.created") + 5 * MINUTE_MS
"""So that something happened in every window that is tested."""


@lru_cache
def company() -> Ledger:
    return Ledger().take(*told())


@lru_cache
def moment(now_ms: int = NOW_MS) -> Moment:
    index = Index(company().cells(), company().key)
    return Moment(shipped().calendar, company(), now_ms, 0, index)


def reading(series: SeriesPlan, window: str, at_ms: int = NOW_MS) -> Reading:
    """Of the whole, also in a window that the catalog does not name for the series."""
    return Line(series, window, shipped().catalog.currency.digits).reading(moment(at_ms), WHOLE)


def drawn(
    series: SeriesPlan,
    span: str,
    slices: Sequence[Slice | Others] = (WHOLE,),
    steps: int | None = None,
    ledger: Ledger | None = None,
    now_ms: int = NOW_MS,
) -> list[Points]:
    wanted = [(series, Span(span, steps), slices)]
    drawing = Drawing(shipped(), now_ms, wanted, ahead=False)
    return drawing.points((ledger or company()).excerpt(drawing.wanted))


def values(found: Points) -> list[float | None]:
    return [one.value for one in found.readings]


def is_plain_sum(series: SeriesPlan) -> bool:
    term = series.formula.term
    return isinstance(term, Operand) and term.function == BARE and not series.mature_ms


def of_kind(kind: str, window: str) -> list[SeriesPlan]:
    return [one for one in shipped().series if kind_of(one, window) == kind]


def one(kpi: str, **labels: str) -> SeriesPlan:
    """The first series of a KPI with these labels."""
    return next(one for one in shipped().series if one.kpi == kpi and labels.items() <= one.labels.items())


MEAN_RESPONSE = next(
    one for one in shipped().series if one.kpi == "lead_response" and "mean" in one.formula.text
)

# -- Laws -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", OWN_STEP)
def test_the_panes_of_a_sum_add_up_to_its_window(window: str) -> None:
    sums = [series for series in of_kind("panes", window) if is_plain_sum(series)]
    wholes = [reading(series, window).value or 0 for series in sums]
    for series, whole in zip(sums, wholes, strict=True):
        (found,) = drawn(series, window)
        assert sum(value or 0 for value in values(found)) == pytest.approx(whole, abs=1e-6), series.gauge
    assert any(wholes) or tier_of(window) == MINUTE


@pytest.mark.parametrize("window", OWN_STEP)
def test_what_is_read_over_windows_ends_at_the_reading_of_whole_panes_and_then_that_of_now(
    window: str,
) -> None:
    for series in of_kind("windows", window):
        (found,) = drawn(series, window)
        now = reading(series, window)
        assert found.running is not series.whole
        ended = values(found)
        if found.running:
            assert ended.pop() == now.value, series.gauge
        elif window not in CALENDAR:
            assert ended[-1] == now.value, series.gauge
        if now.compared is not None and window not in CALENDAR:
            assert ended[-1] == now.compared, series.gauge


def test_some_of_what_is_read_over_windows_has_values() -> None:
    """Without them the law above would say nothing."""
    for window in ("30d", "90d"):
        found = [reading(series, window).compared for series in of_kind("windows", window)]
        assert len([one for one in found if one]) > 3


def test_levels_end_at_the_present_level() -> None:
    levels = [one for one in of_kind("panes", "24h") if one.windows == ["now"]]
    assert len(levels) > 3
    for series in levels:
        for span in ("1h", "24h", "30d"):
            (found,) = drawn(series, span)
            assert found.running
            assert values(found)[-1] == reading(series, "now").value, series.gauge


@pytest.mark.parametrize("window", ["30d", "90d"])
def test_a_window_that_ended_earlier_reads_as_it_did_then(window: str) -> None:
    """The first point, of which most lies before all that the chart shows."""
    values_seen = set()
    for series in of_kind("windows", window):
        (found,) = drawn(series, window, steps=20)
        then = reading(series, window, at_ms=found.starts_ms[1] + series.mature_ms)
        if then.compared is not None:
            assert values(found)[0] == then.compared, series.gauge
            values_seen.add(then.compared)
    assert len(values_seen) > 3


# -- What is drawn ----------------------------------------------------------------------------------------


def waiting() -> Ledger:
    """Two leads wait from ten on; at half past eleven one is answered."""
    return Ledger().take(
        lead_created("lead-1", "10:00"), lead_created("lead-2", "10:10"), lead_contacted("lead-1", "11:30")
    )


def test_a_level_is_drawn_as_it_stood_when_each_pane_ended() -> None:
    (found,) = drawn(one("leads_waiting"), "24h", ledger=waiting(), now_ms=ms("13:15"))
    assert values(found)[-5:] == [0, 2, 1, 1, 1]
    assert [start - ms("13:00") for start in found.starts_ms[-2:]] == [-HOUR_MS, 0]


def test_a_pane_in_which_nothing_happened_has_a_count_of_0_and_no_ratio() -> None:
    (leads,) = drawn(one("lead_volume"), "1h", ledger=waiting(), now_ms=ms("10:12"))
    assert values(leads)[-13:] == [1, *[0] * 9, 1, 0, 0]
    (mean,) = drawn(MEAN_RESPONSE, "24h", ledger=waiting(), now_ms=ms("13:15"))
    assert [value for value in values(mean) if value is not None] == [5_400]


def test_what_matures_ends_with_the_last_pane_that_has() -> None:
    final = one("lead_conversion", state="final")
    (found,) = drawn(final, "30d")
    assert not found.running
    last_ms = shipped().calendar.starts(NOW_MS - final.mature_ms).day
    assert found.starts_ms[-1] == last_ms - days(1)


def test_who_was_seen_last_and_ages_are_known_of_now_alone() -> None:
    unknown = [series for series in shipped().series if kind_of(series, "30d") == "none"]
    assert {"engagement", "leads_waiting"} <= {series.kpi for series in unknown}
    (found,) = drawn(unknown[0], "30d")
    assert (found.kind, found.starts_ms, found.readings, found.running) == ("none", (), [], False)


def test_more_panes_can_be_asked_for_as_far_as_they_are_kept() -> None:
    (found,) = drawn(one("lead_volume"), "1h", steps=100)
    assert len(found.starts_ms) == 101
    (found,) = drawn(one("lead_volume"), "1h", steps=800)
    assert len(found.starts_ms) == 180
    assert found.starts_ms[0] > NOW_MS - KEEP_MS[MINUTE]


def test_a_chart_of_members_shows_the_small_ones_together() -> None:
    others = Others("channel", frozenset({"organic", "paid_search"}))
    shown = drawn(
        one("lead_volume"), "90d", [WHOLE, ("channel", "organic"), ("channel", "paid_search"), others]
    )
    _, web, mail, folded = (values(found) for found in shown)
    assert folded == [(a or 0) + (b or 0) for a, b in zip(web, mail, strict=True)]
    assert any(web) and any(mail)


@pytest.mark.parametrize(
    ("window", "tier", "number"),
    [("now", MINUTE, 60), ("1h", MINUTE, 60), ("24h", HOUR, 24), ("7d", DAY, 7), ("30d", DAY, 30)],
)
def test_each_window_is_drawn_by_the_panes_that_suit_its_length(window: str, tier: str, number: int) -> None:
    assert step_of(window) == tier
    starts_ms = pane_starts(window, shipped().calendar, NOW_MS)
    assert len(starts_ms) == number + 1
    assert starts_ms[-1] == shipped().calendar.starts(NOW_MS).of(tier)
