"""Points: what charts show pane by pane, compared with readings of the same company."""

from collections.abc import Sequence
from functools import lru_cache
from typing import get_args

import pytest

from schemas.words import Window
from streams.engine.kpis.folding import Others
from streams.engine.kpis.frames import WHOLE, Slice
from streams.engine.kpis.points import Points, Span, kind_of, points
from streams.engine.kpis.readings import Reading
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.terms import Operand
from streams.engine.measures.base import BARE
from streams.engine.panes import MINUTE
from streams.engine.windows import step_of, tier_of
from tests.builders import Ledger, shipped
from tests.company import END_MS, told

SERIES = {(one.gauge, *sorted(one.labels.items())): one for one in shipped().series}
OWN_STEP = [name for name in get_args(Window) if tier_of(name) == step_of(name)]
"""Windows that a chart shows by their own panes."""


@lru_cache
def company() -> Ledger:
    return Ledger().take(*told())


@lru_cache
def now_readings() -> dict[tuple[str, str, tuple[object, ...]], Reading]:
    """(gauge, window, labels) -> the whole's reading."""
    return {
        (one.gauge, one.window, tuple(sorted(one.labels.items()))): one
        for one in company().readings(END_MS)
        if one.dimension == "all"
    }


def reading(series: SeriesPlan, window: str) -> Reading:
    return now_readings()[series.gauge, window, tuple(sorted(series.labels.items()))]


def drawn(
    series: SeriesPlan,
    span: str,
    slices: Sequence[Slice | Others] = (WHOLE,),
    steps: int | None = None,
    ledger: Ledger | None = None,
    now_ms: int = END_MS,
) -> list[Points]:
    wanted = [(series, Span(span, steps), slices)]
    return points(shipped(), ledger or company(), now_ms, wanted, ahead=False)


def values(found: Points) -> list[float | None]:
    return [one.value for one in found.readings]


def is_plain_sum(series: SeriesPlan) -> bool:
    term = series.formula.term
    return isinstance(term, Operand) and term.function == BARE and not series.mature_ms


def of_kind(kind: str, windows: Sequence[str]) -> list[tuple[SeriesPlan, str]]:
    return [(one, name) for one in SERIES.values() for name in windows if kind_of(one, name) == kind]


def named(case: object) -> str:
    return case.gauge if isinstance(case, SeriesPlan) else str(case)


# -- Laws -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", OWN_STEP)
def test_the_panes_of_a_sum_add_up_to_its_window(window: str) -> None:
    compared = 0
    for series, name in of_kind("panes", [window]):
        if is_plain_sum(series) and name in series.windows:
            (found,) = drawn(series, name)
            whole = reading(series, name).value
            assert sum(value or 0 for value in values(found)) == pytest.approx(whole or 0, abs=1e-6), series
            compared += bool(whole)
    assert compared or tier_of(window) == MINUTE


@pytest.mark.parametrize("window", OWN_STEP)
def test_what_is_read_over_windows_ends_at_the_reading_of_whole_panes_and_then_that_of_now(
    window: str,
) -> None:
    for series, name in of_kind("windows", [window]):
        if name not in series.windows:
            continue
        (found,) = drawn(series, name)
        now = reading(series, name)
        ended = values(found)[:-1] if found.running else values(found)
        assert found.running is not series.whole
        if now.compared is not None:
            assert ended[-1] == now.compared, series
        if found.running:
            assert values(found)[-1] == now.value


def test_levels_end_at_the_present_level() -> None:
    levels = [one for one in SERIES.values() if one.windows == ["now"] and kind_of(one, "24h") == "panes"]
    assert len(levels) > 3
    for series in levels:
        for span in ("1h", "24h", "30d"):
            (found,) = drawn(series, span)
            assert found.running
            assert values(found)[-1] == reading(series, "now").value
