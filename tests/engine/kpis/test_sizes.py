"""Sizes: never less than what there is, whatever the data; and what is too large is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from streams.engine.kpis.sizes import Sizes, check_size, sizes
from streams.errors import TooManySeries
from tests.builders import Ledger, lead_contacted, lead_created, plan_of, shipped

SMALL = (Path(__file__).parents[2] / "schemas" / "small.yaml").read_text()

WHOLE, SLICES = 1, 20 + 2
"""Slices of a KPI: the whole; the largest members of a dimension, `other` and `unknown`."""


def found(*changes: tuple[str, str]) -> Sizes:
    text = SMALL
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return sizes(plan_of(text))


def test_series_are_windows_times_slices_times_the_families_that_show_them() -> None:
    assert found().series == {
        "volume": 3 * 2 * (WHOLE + SLICES) + 2,  # gauge, numerator and change; target and info once
        "waiting": 2 * 1 * WHOLE + 2,  # `now` has nothing before it
    }


GATED = "{windows: [24h], warn: 1, min_samples: 9}"
GATED_MEMBERS = "{windows: [24h], dimensions: [channel], warn: 1, min_samples: 9}"
MORE = [
    (("[24h, 30d]", "[24h, 7d, 30d]"), 3 * (WHOLE + SLICES)),
    (("    formula: leads\n", "    formula: leads / leads\n"), 2 * (WHOLE + SLICES)),
    (
        ("    formula: leads\n", "    formula: leads\n    alerts: [{windows: [24h], warn: 1}]\n"),
        WHOLE + SLICES,
    ),
    (
        ("    formula: leads\n", f"    formula: leads\n    alerts: [{GATED}]\n"),
        (WHOLE + SLICES) + WHOLE,  # verdicts of all slices, samples of those that the alert judges
    ),
    (
        ("    formula: leads\n", f"    formula: leads\n    alerts: [{GATED_MEMBERS}]\n"),
        2 * (WHOLE + SLICES),
    ),
    (
        ("    formula: leads\n", "    formula: leads\n    guardrails: [{kpi: waiting, why: x}]\n"),
        2 * (WHOLE + SLICES),
    ),
]


@pytest.mark.parametrize(("change", "more"), MORE)
def test_what_a_kpi_says_in_addition_has_its_series(change: tuple[str, str], more: int) -> None:
    assert found(change).all_series - found().all_series == more


def test_bounds_are_two_series_more() -> None:
    ratio = ("    unit: count\n    good: up", "    unit: ratio\n    good: up")
    formula = ("    formula: leads\n", "    formula: leads / leads\n")
    bounded = (formula[0], formula[1] + "    bounds: wilson\n")
    assert found(ratio, bounded).all_series - found(ratio, formula).all_series == 2 * 2 * (WHOLE + SLICES)


def test_members_beyond_those_that_are_shown_cost_cells_and_no_series() -> None:
    few, many = (
        found(),
        found(("channel: {keeps: first, members: 20}", "channel: {keeps: first, members: 400}")),
    )
    assert many.series == few.series
    assert many.cells_of_pane > few.cells_of_pane


def test_cells_are_parts_times_members_and_the_panes_of_their_tiers() -> None:
    # leads, leads_lost and leads_alive have one part, leads_open has its ages too; cost has no slices
    of_pane, built_in = (1 + 1 + 1 + 2) * (1 + 20 + 1), 2
    assert found().cells_of_pane == of_pane + 1 + built_in
    minutes, hours, days = 3 * 60 + 1, 50 * 24 + 1, 800 + 1
    assert found().cells == (of_pane + built_in) * (minutes + hours + days) + days


def test_a_measure_that_no_catalog_declares_has_one_part() -> None:
    plan = plan_of(SMALL)
    built_in = replace(plan.measures["leads"], name="requests_served", dimensions=())
    measures = {**plan.measures, built_in.name: built_in}
    assert sizes(replace(plan, measures=measures)).cells_of_pane == found().cells_of_pane + 1


def test_there_are_never_more_cells_than_that() -> None:
    ledger = Ledger()
    for number in range(30):
        channel = f"channel-{number % 12}"
        ledger.take(
            lead_created(f"lead-{number}", "10:00", channel=channel),
            lead_contacted(f"lead-{number}", f"{11 + number % 3}:{number:02}"),
        )
    bound = sizes(shipped())
    assert max(map(len, ledger.panes.values())) <= bound.cells_of_pane
    assert sum(map(len, ledger.panes.values())) <= bound.cells


def test_a_catalog_within_the_limit_passes() -> None:
    check_size(found(), found().all_series)


def test_too_many_series_are_refused_with_the_kpis_that_have_most_and_what_helps() -> None:
    with pytest.raises(TooManySeries) as refused:
        check_size(found(), 100)
    text = str(refused.value)
    assert text.startswith(
        "the gauges may have 144 series, and KPI_SERIES_LIMIT is 100. Most have: volume 140, waiting 4."
    )
    assert "fewer dimensions or windows" in text and "raise KPI_SERIES_LIMIT" in text


def test_sizes_read_as_a_sentence() -> None:
    assert str(Sizes({"a": 1_000, "b": 234}, 56_789, 1_234_567)) == (
        "at most 1,234 series in the gauges; "
        "at most 56,789 cells in a pane, and 1,234,567 in all panes of a partition"
    )
