"""Log-scale buckets: percentiles from sums, with a bounded relative error."""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.buckets import BOUNDS, MAX_MS, Counts, bucket, estimate_ms
from tests.builders import days


def quantile_ms(counts: Mapping[int, int], q: Fraction) -> Fraction | None:
    """Of so many durations per bucket."""
    buckets = sorted(counts)
    return Counts(buckets, [counts[index] for index in buckets]).quantile_ms(q)


DURATIONS = st.one_of(st.integers(0, 1_000), st.integers(0, days(30)), st.integers(0, MAX_MS - 1))


def test_every_bucket_estimates_all_its_durations_to_10_percent() -> None:
    for index in range(len(BOUNDS) - 1):
        low, high = BOUNDS[index], BOUNDS[index + 1] - 1
        assert low <= high
        assert bucket(low) == bucket(high) == index
        for duration in (low, high):
            assert abs(estimate_ms(index) - duration) <= Fraction(1, 10) * duration


@given(DURATIONS)
def test_every_duration_lies_in_the_bucket_that_begins_before_it(duration: int) -> None:
    index = bucket(duration)
    assert BOUNDS[index] <= duration < BOUNDS[index + 1]


def test_the_longest_durations_share_the_last_bucket() -> None:
    assert BOUNDS[-1] >= MAX_MS > days(365 * 300)
    assert bucket(MAX_MS) == bucket(10**30) == len(BOUNDS) - 2


def test_the_number_of_buckets_stays_small() -> None:
    assert len(BOUNDS) < 200


@given(
    st.lists(DURATIONS, min_size=1, max_size=60),
    st.sampled_from([Fraction("0.01"), Fraction("0.5"), Fraction("0.9"), Fraction("0.99"), Fraction(1)]),
)
def test_a_quantile_is_within_10_percent_of_the_duration_at_rank_ceil_q_n(
    durations: list[int], q: Fraction
) -> None:
    exact = sorted(durations)[ceil(q * len(durations)) - 1]
    found = quantile_ms(Counter(map(bucket, durations)), q)
    assert found is not None
    assert abs(found - exact) <= Fraction(1, 10) * exact


@pytest.mark.parametrize(
    ("number", "q", "rank"),
    [
        (1, "0.5", 1),
        (2, "0.5", 1),
        (3, "0.5", 2),
        (10, "0.9", 9),
        (11, "0.9", 10),
        (100, "0.99", 99),
        (10, "0.99", 10),
    ],
)
def test_the_rank_is_ceil_q_n(number: int, q: str, rank: int) -> None:
    """One duration per bucket, so that the bucket found tells the rank."""
    found = quantile_ms(dict.fromkeys(range(number), 1), Fraction(q))
    assert found == estimate_ms(rank - 1)


def test_of_nothing_there_is_no_quantile_and_empty_buckets_are_not_there() -> None:
    assert quantile_ms({}, Fraction("0.5")) is None
    assert quantile_ms({3: 0}, Fraction("0.5")) is None
    assert quantile_ms({3: 0, 5: 1, 9: 0}, Fraction("0.99")) == estimate_ms(5)
