"""Numbers in what alerts say; that Prometheus writes them so is shown by the cases of the rules."""

import pytest

from streams.generate.humanized import duration, humanize, percentage


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (7, "7"), (999.96, "1000"), (1000, "1k"), (12_345, "12.35k"), (-2_500_000, "-2.5M")],
)
def test_large_numbers_have_a_prefix(value: float, text: str) -> None:
    assert humanize(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0512, "5.12%"), (1, "100%"), (0.99949, "99.95%")])
def test_a_ratio_is_a_percentage(value: float, text: str) -> None:
    assert percentage(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1.5, "1.5s"), (61, "1m 1s"), (7_260, "2h 1m 0s"), (86_401, "1d 0h 0m 1s"), (-60, "-1m 0s")],
)
def test_a_time_has_all_units_from_its_largest(seconds: float, text: str) -> None:
    assert duration(seconds) == text
