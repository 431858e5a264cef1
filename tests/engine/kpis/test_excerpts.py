"""Excerpts: sums over any stretch, compared with adding up the panes one by one."""

from collections import Counter
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kpis.excerpts import Excerpt
from streams.engine.panes import DAY, HOUR

CELLS = ("leads", "leads|channel|web", "lead_response.b7")
panes_of_a_tier = st.dictionaries(
    st.integers(0, 20),
    st.dictionaries(st.sampled_from(CELLS), st.sampled_from([-(10**30), -1, 1, 2, 10**30])),
)


@given(panes_of_a_tier, st.integers(-2, 22), st.integers(-2, 22))
def test_a_stretch_is_the_sum_of_the_panes_that_start_in_it_both_ends_among_them(
    panes: dict[int, dict[str, int]], start: int, end: int
) -> None:
    expected: Counter[str] = Counter()
    for at, cells in panes.items():
        if start <= at <= end:
            expected.update(cells)
    found = Excerpt({DAY: panes}, {}).window(DAY, start, max(start, end)) if start <= end else {}
    assert _without_zeros(found) == _without_zeros(expected)


def _without_zeros(sums: Mapping[str, int]) -> dict[str, int]:
    return {cell: number for cell, number in sums.items() if number}


@given(panes_of_a_tier, st.sampled_from(CELLS), st.integers(0, 20), st.integers(0, 21))
def test_the_panes_of_a_cell_come_in_order_of_time(
    panes: dict[int, dict[str, int]], cell: str, start: int, end: int
) -> None:
    excerpt = Excerpt({DAY: panes}, {})
    expected = {at: panes[at][cell] for at in sorted(panes) if start <= at < end and cell in panes[at]}
    assert list(excerpt.values(DAY, cell, start, end).items()) == list(expected.items())
    assert excerpt.first_pane(DAY, cell, start, end) == next(iter(expected), None)


def test_all_cells_are_known_and_of_other_tiers_there_are_none() -> None:
    excerpt = Excerpt({DAY: {1: {"leads": 2}}, HOUR: {3: {"deals": 1}}}, {"customers": 5})
    assert excerpt.cells() == {"leads", "deals", "customers"}
    assert (excerpt.totals(), excerpt.window("minute", 0, 9)) == ({"customers": 5}, {})
