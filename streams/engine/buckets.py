"""Log-scale buckets for durations: sums of buckets give percentiles with a bounded relative error.

Bounds grow by at most a fifth, in whole milliseconds, so that bucketing is exact arithmetic everywhere. A
bucket's values lie in [low, high] with high <= 1.2 * low, and the estimate 2 * low * high / (low + high) is
within (high - low) / (high + low) <= 9.1 % of each of them (the estimator of DDSketch, Masson et al. 2019).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, chain, pairwise
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


def _estimate_ms(low: int, high: int) -> Fraction:
    return Fraction(2 * low * high, low + high) if high else Fraction(0)


_ESTIMATES_MS: Final = [_estimate_ms(low, end - 1) for low, end in pairwise(BOUNDS)]


def estimate_ms(index: int) -> Fraction:
    """A duration within 9.1 % of every duration in the bucket."""
    return _ESTIMATES_MS[index]


class Counts:
    """How many durations lie in each bucket. Ranks are added up once, for all quantiles of them."""

    __slots__ = ("_buckets", "_ranks", "number")

    def __init__(self, buckets: Sequence[int], numbers: Iterable[int]) -> None:
        """So many durations, 0 or more, lie in each of these buckets, which ascend."""
        self._buckets = buckets
        self._ranks = list(accumulate(numbers))
        self.number: int = self._ranks[-1] if self._ranks else 0
        """Of all together."""

    def by_bucket(self) -> dict[int, int]:
        """Bucket -> how many."""
        steps = pairwise(chain((0,), self._ranks))
        return {bucket: rank - before for bucket, (before, rank) in zip(self._buckets, steps, strict=True)}

    def quantile_ms(self, q: Fraction) -> Fraction | None:
        """The duration at rank ceil(q * n) of n; None when n is 0."""
        rank = -(-q.numerator * self.number // q.denominator)
        return estimate_ms(self._buckets[bisect_left(self._ranks, rank)]) if rank else None
