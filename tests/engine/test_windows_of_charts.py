"""Windows as charts need them: when a pane ended, shown by which panes, and which of them is nearest."""

import pytest

from streams.engine.panes import DAY, HOUR, MINUTE, Calendar
from streams.engine.windows import Stretch, ended, nearest_window, pane_starts, step_of, whole
from tests.builders import days, ms

UTC = Calendar("UTC")
NOW = "2023-11-22 15:20:30"

#   window, end of a pane, where the window began, tier
ENDED = [
    ("1h", "2023-11-22 15:20", "2023-11-22 14:20", MINUTE),
    ("24h", "2023-11-22 15:00", "2023-11-21 15:00", HOUR),
    ("7d", "2023-11-22", "2023-11-15", HOUR),
    ("30d", "2023-11-22", "2023-10-23", DAY),
    ("mtd", "2023-11-22", "2023-11-01", DAY),
    ("mtd", "2023-12-01", "2023-11-01", DAY),  # all of November, and nothing of December
    ("ytd", "2024-01-01", "2023-01-01", DAY),
    ("wtd", "2023-11-20", "2023-11-13", DAY),
    ("today", "2023-11-22", "2023-11-21", HOUR),
]


@pytest.mark.parametrize(("name", "end", "begins", "tier"), ENDED)
def test_a_window_is_known_as_it_was_when_a_pane_ended(name: str, end: str, begins: str, tier: str) -> None:
    assert ended(name, UTC, ms(end)) == Stretch(name, tier, ms(begins), ms(end))


def test_of_a_fixed_length_it_is_the_whole_panes_that_were_compared_then() -> None:
    for name in ("1h", "24h", "30d", "90d"):
        now = whole(name, UTC, ms(NOW))
        assert now is not None
        assert ended(name, UTC, now.end_ms) == now


def test_a_level_has_no_window_that_ended() -> None:
    with pytest.raises(ValueError, match="no panes"):
        ended("now", UTC, ms(NOW))


@pytest.mark.parametrize(
    ("name", "step", "first", "panes"),
    [
        ("now", MINUTE, "2023-11-22 14:20", 61),
        ("5m", MINUTE, "2023-11-22 15:15", 6),
        ("24h", HOUR, "2023-11-21 15:00", 25),
        ("today", HOUR, "2023-11-22", 16),
        ("7d", DAY, "2023-11-15", 8),
        ("30d", DAY, "2023-10-23", 31),
        ("mtd", DAY, "2023-11-01", 22),
    ],
)
def test_a_window_is_shown_by_panes_that_suit_its_length(
    name: str, step: str, first: str, panes: int
) -> None:
    found = pane_starts(name, UTC, ms(NOW))
    assert (step_of(name), found[0], len(found)) == (step, ms(first), panes)
    assert found[-1] == UTC.starts(ms(NOW)).of(step)
    assert found == sorted(set(found))


def test_so_many_panes_are_shown_instead_as_are_asked_for() -> None:
    found = pane_starts("30d", UTC, ms(NOW), 3)
    assert found == [ms("2023-11-22") - days(back) for back in (3, 2, 1, 0)]


def test_days_of_a_chart_are_local_days() -> None:
    berlin = Calendar("Europe/Berlin")
    found = pane_starts("7d", berlin, ms("2024-04-02 12:00"))
    lengths = [(end - start) // 3_600_000 for start, end in zip(found, found[1:], strict=False)]
    assert lengths == [24, 24, 24, 24, 24, 23, 24]


@pytest.mark.parametrize(
    ("name", "windows", "nearest"),
    [
        ("24h", ["1h", "24h", "30d"], "24h"),
        ("24h", ["30d", "90d"], "30d"),
        ("7d", ["24h", "30d"], "30d"),
        ("5m", ["now", "24h"], "24h"),
        ("365d", ["7d", "30d"], "30d"),
        ("24h", ["now"], "now"),
        ("mtd", ["28d", "90d"], "28d"),
    ],
)
def test_the_nearest_window_is_the_most_alike_in_length(name: str, windows: list[str], nearest: str) -> None:
    assert nearest_window(name, windows) == nearest
