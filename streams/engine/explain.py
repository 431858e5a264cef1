"""Explain: how one reading came about, from the formula down to the panes that were summed."""

from collections.abc import Mapping, Sequence

import msgspec

from streams.engine.plan import Plan
from streams.engine.readings import Sums


class PaneSum(msgspec.Struct, frozen=True, gc=False):
    """What one pane holds of a part, of all partitions together; never 0."""

    start_ms: int
    value: int


class Operand(msgspec.Struct, frozen=True, gc=False):
    """A measure as the formula reads it: `leads`, `start(customers)`, `quantile(lead_response, 0.9)`."""

    text: str
    measure: str
    value: str | None
    """The number that stands for it in the formula: milliseconds, minor units of money, or a count."""
    samples: int | None
    tier: str
    """Whose panes were summed; "" for what needs none (the level now, the age of the oldest)."""
    panes: Sequence[PaneSum]
    """In order of time, without those that hold nothing; of a duration, how many ended in each."""
    running: int | None
    """The running total that a level was read from; None for what has none."""


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """One reading, with all that it was computed from. Times are milliseconds since the epoch."""

    kpi: str
    gauge: str
    labels: Mapping[str, str]
    window: str
    dimension: str
    member: str
    unit: str
    start_ms: int
    end_ms: int
    """The window is [start_ms, end_ms); for `now` both are now."""
    formula: str
    filled: str
    """The formula with its numbers: `(100 - 12) / 100`; `none` for what has no value."""
    value: float | None
    numerator: int | None
    denominator: int | None
    samples: int | None
    previous: float | None
    change: float | None
    lower: float | None
    upper: float | None
    verdict: str | None
    operands: Sequence[Operand]
    """Of this formula, each once, in the order in which they stand there; not those of `references`."""
    references: Sequence["Explanation"]
    """Of the KPIs that the formula names, in the same window and slice."""
    would_change: str | None = None
    """What would change the verdict, in a sentence."""


def explain(
    plan: Plan,
    sums: Sums,
    now_ms: int,
    kpi: str,
    labels: Mapping[str, str],
    window: str,
    dimension: str,
    member: str,
    *,
    ahead: bool,
) -> Explanation:
    """The reading of the first series of `kpi` that has these labels (and perhaps others).

    `ahead` as in `readings`; dimension and member are `all` for the whole. UnknownReading (streams.errors) says what there is
    instead, when the catalog has no such KPI, labels, window or dimension.
    """
    raise NotImplementedError
