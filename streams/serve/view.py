"""The view: the panes and totals of all partitions, merged. Readings are computed from it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from redis.asyncio import Redis

from streams.engine.arrivals import newest_of, sources_in
from streams.engine.facts import NEVER
from streams.engine.kpis.excerpts import Excerpt, Wanted
from streams.engine.kpis.readings import Reader, Reading
from streams.engine.kpis.sums import FOREVER_MS, Changed, Key, Numbers
from streams.engine.panes import KEEP_MS, TIERS
from streams.engine.plan import Plan
from streams.naming import COUNTER, NEWEST_MS, is_time
from streams.serve.columns import NO_COLUMN, Columns, array_of, different, roomy, told
from streams.serve.panes import Panes
from streams.serve.tiers import Tier
from streams.state import Feed, PaneChanges, Snapshot

_ALWAYS_MS: Final = 0
"""When the pane of the totals begins."""


@dataclass(slots=True)
class PartitionView:
    """What is known of one partition."""

    tiers: Mapping[str, Panes]
    levels: Panes
    """The totals of cells, as a pane of their own."""
    totals: dict[str, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    """The totals that are times, which are not summed."""
    oldest_ms: Mapping[str, int] = field(default_factory=dict)
    """Measure -> since when the one who waits longest does; absent where nobody waits."""

    def apply(self, changes: PaneChanges) -> None:
        for (tier, start_ms), cells in changes.panes.items():
            self.tiers[tier].put(start_ms, cells)
        for tier, start_ms in changes.dropped:
            self.tiers[tier].drop(start_ms)
        for total, number in changes.totals.items():
            (self.times if is_time(total) else self.totals)[total] = number
        cells = {total: number for total, number in changes.totals.items() if not total.startswith(COUNTER)}
        self.levels.put(_ALWAYS_MS, cells)

    def clear(self) -> None:
        """Take the panes out of the tiers, which all partitions share."""
        for panes in (*self.tiers.values(), self.levels):
            panes.clear()


class View:
    """All partitions, as sums (`streams.engine.kpis.readings.Sums`).

    It holds what it is told of snapshots and feeds; not to be changed while readings are computed from it.
    """

    def __init__(self) -> None:
        self._columns = Columns()
        self._tiers = {tier: Tier(self._columns) for tier in TIERS}
        self._levels = Tier(self._columns)
        self._partitions: dict[int, PartitionView] = {}
        self._reader: Reader | None = None

    # -- What it is told ----------------------------------------------------------------------------------

    def load(self, partition: int, snapshot: Snapshot) -> None:
        """Put a snapshot in place of all that was known of a partition."""
        self.forget(partition)
        tiers = {name: tier.of(partition) for name, tier in self._tiers.items()}
        fresh = PartitionView(tiers, self._levels.of(partition))
        fresh.apply(PaneChanges(snapshot.panes, snapshot.totals, ()))
        self._partitions[partition] = fresh

    def apply(self, partition: int, changes: PaneChanges) -> None:
        """Apply what the feed of a partition tells. A snapshot must have come before."""
        self._partitions[partition].apply(changes)

    def set_oldest(self, partition: int, oldest_ms: Mapping[str, int]) -> None:
        """Measure -> since when the one who waits longest in a partition does; absent where nobody waits."""
        self._partitions[partition].oldest_ms = oldest_ms

    def forget(self, partition: int) -> None:
        """Take a partition out."""
        if partition in self._partitions:
            self._partitions.pop(partition).clear()

    # -- What it tells ------------------------------------------------------------------------------------

    def readings(self, plan: Plan, now_ms: int, *, ahead: bool, folds: bool = False) -> list[Reading]:
        """All readings at `now_ms`, of the panes that are still in their tier then."""
        self.expire(now_ms)
        if self._reader is None or self._reader.plan is not plan or self._reader.folds is not folds:
            self._reader = Reader(plan, folds=folds)
        found = self._reader.read(self, now_ms, ahead=ahead)
        self.forget_windows()
        return found

    def forget_windows(self) -> None:
        """Windows that were not asked for since the last time are no longer kept up to date."""
        for tier in self._tiers.values():
            tier.forget_windows()

    def expire(self, now_ms: int) -> None:
        """Free the panes that have left their tier by `now_ms`, so that they no longer count.

        Redis keeps them a little longer; deciding here makes readings independent of when it lets go.
        """
        for partition in self._partitions.values():
            for tier, panes in partition.tiers.items():
                panes.drop_until(now_ms - KEEP_MS[tier])

    @property
    def newest_ms(self) -> int | None:
        """Time of the newest accepted event; None before there was any."""
        newest = [partition.times.get(NEWEST_MS, NEVER) for partition in self._partitions.values()]
        return None if max(newest, default=NEVER) == NEVER else max(newest)

    @property
    def sources_ms(self) -> dict[str, int]:
        """Source -> time of its newest accepted event; of the rest of many under `other`."""
        return newest_of(sources_in(partition.times) for partition in self._partitions.values())

    # -- Sums ---------------------------------------------------------------------------------------------

    def window(self, tier: str, start_ms: int, end_ms: int) -> Numbers:
        """Sums over the panes of a tier that start in [start_ms, end_ms]."""
        return self._tiers[tier].window(start_ms, end_ms)

    def level_now(self) -> Numbers:
        """The running totals."""
        return self._levels.window(_ALWAYS_MS, _ALWAYS_MS)

    def level_at(self, tier: str, time_ms: int) -> Numbers:
        """The running totals less the panes of a tier that start at `time_ms` or after it."""
        after = array_of(self.window(tier, time_ms, FOREVER_MS))
        return told(roomy(array_of(self.level_now()), len(after)) - after)

    def key(self, cell: str) -> Key:
        """Where the number of a cell stands, in all numbers told. Holds until there are other cells."""
        return self._columns.get(cell, NO_COLUMN)

    def changed(self, before: Numbers, after: Numbers) -> Changed:
        """Where numbers that were told are not the same."""
        return self._columns.places(different(array_of(before), array_of(after)))

    def totals(self) -> dict[str, int]:
        """Cell -> running total; and the counters of events beside them."""
        totals: Counter[str] = Counter()
        for partition in self._partitions.values():
            totals.update(partition.totals)
        return totals

    def cells(self) -> frozenset[str]:
        """Every cell that is not 0 in some pane or total."""
        return self._columns.used()

    def first_pane(self, tier: str, cell: str, start_ms: int, end_ms: int) -> int | None:
        """Start of the earliest pane of a tier in [start_ms, end_ms) in which a cell is not 0."""
        return self._tiers[tier].first_pane(cell, start_ms, end_ms)

    def values(self, tier: str, cell: str, start_ms: int, end_ms: int) -> Mapping[int, int]:
        """Start -> value of the panes of a tier in [start_ms, end_ms) in which a cell is not 0."""
        return self._tiers[tier].values(cell, start_ms, end_ms)

    def excerpt(self, wanted: Wanted) -> Excerpt:
        """Some cells of the panes; what it gives does not change with the view."""
        panes, columns = {}, self._columns.of_slices(wanted.measures, wanted.slices)
        for tier, since_ms in wanted.since_ms.items():
            panes[tier] = self._tiers[tier].excerpt(columns, since_ms)
        views = self._partitions.values()
        totals = {cell: sum(view.totals.get(cell, 0) for view in views) for cell in wanted.totals}
        return Excerpt(panes, {cell: total for cell, total in totals.items() if total})

    def oldest_ms(self, measure: str) -> int | None:
        """Since when the longest waiting subject of a measure waits; or will wait, if none does yet."""
        views = self._partitions.values()
        return min((view.oldest_ms[measure] for view in views if measure in view.oldest_ms), default=None)


@dataclass(frozen=True, slots=True)
class Once:
    """What was committed at one moment. Without any event `now_ms` is None, and there are no readings."""

    now_ms: int | None
    readings: list[Reading]
    totals: Mapping[str, int]


async def read_once(
    client: Redis, namespace: str, partitions: int, plan: Plan, now_ms: int | None = None
) -> Once:
    """Readings of all that is committed now; windows end at `now_ms`, else at the newest accepted event.

    Raises redis.exceptions.RedisError.
    """
    feeds = [Feed(client, namespace, partition) for partition in range(partitions)]
    view = await view_once(feeds, plan)
    end_ms = view.newest_ms if now_ms is None else now_ms
    found = [] if end_ms is None else view.readings(plan, end_ms, ahead=False)
    return Once(end_ms, found, view.totals())


async def view_once(feeds: Sequence[Feed], plan: Plan) -> View:
    """All that is committed now, partition by partition. Raises redis.exceptions.RedisError."""
    view = View()
    for partition, feed in enumerate(feeds):
        view.load(partition, await feed.snapshot())
        view.set_oldest(partition, await read_oldest(feed, plan))
    return view


async def read_oldest(feed: Feed, plan: Plan) -> dict[str, int]:
    """Measure -> since when the one who waits longest in a partition does; absent where nobody waits.

    Where nobody is due yet it is when the first will be, and so holds on as time goes by: a reading compares
    it with its now.
    """
    waiting = await feed.waiting(plan.open_measures, count=1)
    return {measure: found.oldest[0][1] for measure, found in waiting.items() if found.oldest}
