"""What would change a verdict is told in limits and in events, and those events do change it."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kpis import Alert
from streams.engine.kpis.confidence import Interval
from streams.engine.kpis.remedies import FARTHEST, Judged, would_change
from streams.engine.kpis.verdicts import Judge


def judge(good: str = "up", **alert: Any) -> Judge:
    given = {"windows": ["24h"], "warn": 0.25, "critical": 0.2, **alert}
    return Judge(good, {"24h": Alert.model_validate(given)})


def roughly(numerator: int, denominator: int) -> Interval:
    """As far off as one over the samples."""
    return Interval((numerator - 1) / denominator, (numerator + 1) / denominator)


def reading(numerator: int, denominator: int, formula: str = "won / (won + lost)") -> Judged:
    value, interval = numerator / denominator, roughly(numerator, denominator)
    return Judged("24h", formula, value, numerator, denominator, denominator, interval, roughly)


def told(value: float) -> str:
    return f"{100 * value:g} %"


def test_limits_are_told_and_how_many_bad_events_lead_to_them() -> None:
    assert would_change(judge(), reading(30, 100), told) == (
        "Warn begins below 25 %, critical below 20 %. "
        "21 more of won + lost that are none of won would make it warn. "
        "51 more of won + lost that are none of won would make it critical."
    )


def test_good_events_lead_back() -> None:
    assert would_change(judge(), reading(10, 100), told) == (
        "Warn begins below 25 %, critical below 20 %. "
        "20 more of won would make it ok. 13 more of won would make it warn."
    )


def test_where_less_is_better_bad_events_are_those_of_the_numerator() -> None:
    text = would_change(judge("down", warn=0.1, critical=0.2), reading(12, 100, "reopened / resolved"), told)
    assert text == (
        "Warn begins above 10 %, critical above 20 %. "
        "20 more of resolved that are none of reopened would make it ok. "
        "11 more of reopened would make it critical."
    )


@pytest.mark.parametrize(
    ("good", "part", "expected"),
    [
        ("down", 12, "2 fewer of lost would make it ok. 9 more of lost would make it critical."),
        ("down", 3, "8 more of lost would make it warn. 18 more of lost would make it critical."),
        ("up", 15, "5 more of lost would make it ok. 6 fewer of lost would make it critical."),
        ("up", 30, "11 fewer of lost would make it warn. 21 fewer of lost would make it critical."),
    ],
)
def test_of_a_level_no_event_changes_the_size(good: str, part: int, expected: str) -> None:
    """Nobody can be added to those who were there at the start."""
    limits = {"down": (0.1, 0.2), "up": (0.2, 0.1)}[good]
    one = judge(good, warn=limits[0], critical=limits[1])
    text = would_change(one, reading(part, 100, "lost / start(members)"), told) or ""
    assert text.partition(". ")[2] == expected


def test_a_verdict_by_a_bound_changes_when_the_bound_does() -> None:
    assert would_change(judge(judge="bound", critical=None), reading(24, 100), told) == (
        "Warn begins below 25 % (of its upper bound). "
        "1 more of won + lost that are none of won would make it warn."
    )


def test_of_few_samples_it_is_told_how_many_it_takes() -> None:
    assert would_change(judge(min_samples=1_000), reading(30, 100), told) == (
        "Warn begins below 25 %, critical below 20 %. Judged from 1,000 samples on; there are 100."
    )


def test_what_is_no_proportion_has_limits_only() -> None:
    duration = Judged("24h", "mean(response)", 90.0, 90_000, 1, 1)
    text = would_change(judge("down", warn=60, critical=None), duration, lambda value: f"{value:g} s")
    assert text == "Warn begins above 60 s."


def test_where_nothing_is_judged_there_is_nothing_to_change() -> None:
    assert would_change(Judge("up", {}), reading(1, 2), told) is None
    assert would_change(judge(), Judged("24h", "a / b", None, 0, 0, 0), told) is None


def test_what_no_number_of_events_leads_to_is_not_told() -> None:
    text = would_change(judge("down", warn=1.0, critical=None), reading(1, 2), told)
    assert text == "Warn begins above 100 %."
    assert FARTHEST > 10**12


LIMITS = st.floats(0.01, 0.99).map(lambda limit: round(limit, 3))


@given(
    st.sampled_from(["up", "down"]),
    LIMITS,
    st.integers(0, 500),
    st.integers(1, 500),
    st.sampled_from(["point", "bound"]),
)
def test_the_number_of_events_is_the_least_that_changes_it(
    good: str, warn: float, part: int, rest: int, by: str
) -> None:
    one = judge(good, warn=warn, critical=None, judge=by)
    now = reading(part, part + rest)
    text = would_change(one, now, told) or ""
    number = int(text.partition(". ")[2].partition(" more")[0].replace(",", "") or 0)
    if not number:
        return
    in_both = "none of" not in text
    before, after = (
        verdict(one, part + (some if in_both else 0), part + rest + some) for some in (number - 1, number)
    )
    assert before == verdict(one, part, part + rest) != after
    assert Fraction(part + number, part + rest + number) <= 1


def verdict(one: Judge, numerator: int, denominator: int) -> str:
    return one.verdict("24h", numerator / denominator, denominator, roughly(numerator, denominator))


@pytest.mark.parametrize("formula", ["won", "100 * won"])
def test_events_have_a_name_in_any_formula(formula: str) -> None:
    assert "more " in (would_change(judge(), reading(30, 100, formula), told) or "")
