"""Log-scale buckets for durations: sums of buckets give percentiles with a bounded relative error.

Bounds grow by at most a fifth, in whole milliseconds, so that bucketing is exact arithmetic everywhere. A
bucket's values lie in [low, high] with high <= 1.2 * low, and the estimate 2 * low * high / (low + high) is
within (high - low) / (high + low) <= 9.1 % of each of them (the estimator of DDSketch, Masson et al. 2019).
"""

from bisect import bisect_right
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

MAX_MS: Final = 10**13
"""Some 317 years; longer durations fall into the last bucket."""


def _bounds() -> list[int]:
    bounds = [0, 1]
    while bounds[-1] < MAX_MS:
        bounds.append(max(bounds[-1] + 1, bounds[-1] * 6 // 5))
    return bounds


BOUNDS: Final = _bounds()
"""Bucket k holds the durations from BOUNDS[k] to before BOUNDS[k + 1], in milliseconds."""


def bucket(duration_ms: int) -> int:
    """The bucket of a duration of 0 ms or more."""
    return min(bisect_right(BOUNDS, duration_ms), len(BOUNDS) - 1) - 1


def estimate_ms(index: int) -> Fraction:
    """A duration within 9.1 % of every duration in the bucket."""
    low, high = BOUNDS[index], BOUNDS[index + 1] - 1
    return Fraction(2 * low * high, low + high) if high else Fraction(0)


def quantile_ms(counts: Mapping[int, int], q: Fraction) -> Fraction | None:
    """The duration at rank ceil(q * n) of n, from counts per bucket; None when n is 0."""
    rank = -(-q.numerator * sum(counts.values()) // q.denominator)
    for index in sorted(counts):
        rank -= counts[index]
        if rank <= 0 and counts[index] > 0:
            return estimate_ms(index)
    return None
