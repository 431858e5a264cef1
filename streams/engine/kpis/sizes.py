"""How large a catalog may become: its gauges' series, and the cells that Redis keeps of each partition.

All are upper bounds, from the members that dimensions declare. They need no data, so they are known at start.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.catalog import Catalog
from schemas.measures import Duration, MeasureSpec, Movement, Open, Sum, Timed, Trailing, Union
from streams.engine.buckets import BOUNDS
from streams.engine.kpis.confidence import no_bounds
from streams.engine.kpis.figures import figure_key, figure_owners, number_of_parts
from streams.engine.kpis.folding import LARGEST
from streams.engine.kpis.series import SeriesPlan
from streams.engine.measures.base import Measure
from streams.engine.panes import DAY, DAY_MS, HOUR, HOUR_MS, KEEP_MS, MINUTE, MINUTE_MS
from streams.engine.plan import Plan
from streams.errors import TooManySeries
from streams.naming import NOW

_PANE_MS: Final = {MINUTE: MINUTE_MS, HOUR: HOUR_MS, DAY: DAY_MS}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Upper bounds; those of cells are per partition."""

    series: Mapping[str, int]
    """KPI -> series of its gauges, and of the families that stand beside them."""
    cells_of_pane: int
    """Of one pane of the tier that holds the most."""
    cells: int
    """Of all panes that are kept."""

    @property
    def all_series(self) -> int:
        return sum(self.series.values())

    def __str__(self) -> str:
        return (
            f"at most {self.all_series:,} series in the gauges; "
            f"at most {self.cells_of_pane:,} cells in a pane, and {self.cells:,} in all panes of a partition"
        )


def sizes(plan: Plan) -> Sizes:
    """Of a catalog whose dimensions have no more members than they declare."""
    owners, series = figure_owners(plan.series), Counter[str]()
    for one in plan.series:
        owns = owners[figure_key(one)] == one.gauge
        series[one.kpi] += _gauges(one, owns) * _places(plan.catalog, one.windows, one.dimensions)
        series[one.kpi] += _places(plan.catalog, one.judge.alerts, one.dimensions)
        series[one.kpi] += sum(
            _places(plan.catalog, [window], alert.dimensions) for window, alert in one.judge.gated.items()
        )
    for name, kpi in plan.catalog.kpis.items():
        series[name] += 2 + len(kpi.guardrails) * _places(plan.catalog, kpi.windows, kpi.dimensions)
    of_tier = {tier: _cells_of_pane(plan, tier) for tier in KEEP_MS}
    return Sizes(
        series=series,
        cells_of_pane=max(of_tier.values()),
        cells=sum(number * (KEEP_MS[tier] // _PANE_MS[tier] + 1) for tier, number in of_tier.items()),
    )


def _gauges(one: SeriesPlan, owns: bool) -> int:
    """In how many families a reading may stand: its own, and if it owns its figures, those beside it."""
    if not owns:
        return 1
    changes = any(window != NOW for window in one.windows)
    return 1 + number_of_parts(one) + changes + 2 * (one.interval is not no_bounds)


def _places(catalog: Catalog, windows: Iterable[str], dimensions: Iterable[str]) -> int:
    """Windows times slices: the whole, and per dimension the largest members, `other` and `unknown`."""
    shown = (min(catalog.dimensions[name].members, LARGEST) + 2 for name in dimensions)
    return len(list(windows)) * (1 + sum(shown))


def _cells_of_pane(plan: Plan, tier: str) -> int:
    return sum(_cells(plan.catalog, measure) for measure in plan.measures.values() if tier in measure.tiers)


def _cells(catalog: Catalog, measure: Measure) -> int:
    """Of one pane: parts times slices, with `unknown`."""
    members = (catalog.dimensions[name].members + 1 for name in measure.dimensions)
    declared = (subject.measures.get(measure.name) for subject in catalog.subjects.values())
    return _parts(next(filter(None, declared), None)) * (1 + sum(members))


def _parts(spec: MeasureSpec | None) -> int:
    """How many parts a measure may have: itself and those named `name.<suffix>`. Built-in: no spec, one."""
    if spec is None:
        return 1
    more = len(spec.over) if isinstance(spec, Trailing) else _MORE_PARTS.get(type(spec), 0)
    return 1 + more


_MORE_PARTS: Final[Mapping[type[MeasureSpec], int]] = {
    Duration: 1 + len(BOUNDS),  # their sum, and the buckets
    Timed: 1 + len(BOUNDS),
    Sum: 1,  # of how many subjects
    Movement: 1,
    Open: 1,  # the ages
    Union: 1,  # the times of the edges
}


# -- The limit --------------------------------------------------------------------------------------------

_NAMED: Final = 5


def check_size(found: Sizes, limit: int) -> None:
    """TooManySeries if the gauges may have more than `limit`."""
    if found.all_series > limit:
        most = Counter(found.series).most_common(_NAMED)
        named = ", ".join(f"{name} {number:,}" for name, number in most)
        raise TooManySeries(
            f"the gauges may have {found.all_series:,} series, and KPI_SERIES_LIMIT is {limit:,}. "
            f"Most have: {named}. "
            "Give KPIs fewer dimensions or windows, or their dimensions fewer `members`; "
            "or raise KPI_SERIES_LIMIT, if what scrapes them can take it"
        )
