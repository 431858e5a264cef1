"""What Prometheus scrapes: the KPIs' gauges, written once for each set of readings, and their freshness."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from streams import naming
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.serve.board import Shown
from streams.serve.kpi_gauges import KpiGauges


class Exposition:
    """What a scrape gets; that of the readings is written once for all scrapers."""

    def __init__(self, plan: Plan, shown: Callable[[], Shown]) -> None:
        self._gauges = KpiGauges(plan)
        self._shown = shown
        self._lock = Lock()
        self._readings: Sequence[Reading] | None = None
        self._text = b""
        """Of these readings."""

    def text(self) -> bytes:
        """Of what is shown now. May be called by several threads."""
        shown = self._shown()
        return self._kpis(shown) + _text(FreshnessCollector(lambda: shown))

    def _kpis(self, shown: Shown) -> bytes:
        with self._lock:
            if self._readings is not shown.readings:
                self._text = self._gauges.text(shown).encode()
                self._readings = shown.readings
            return self._text


def _text(collector: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


class FreshnessCollector(Collector):
    """How old is what is shown, and how much there is to show."""

    def __init__(self, shown: Callable[[], Shown]) -> None:
        self._shown = shown

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: to register must not mean to collect."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        shown = self._shown()
        lag = GaugeMetricFamily(
            naming.EVENT_LAG,
            "Age of a partition's newest record, by its Kafka timestamp, when it could be seen on the board",
            labels=["partition"],
        )
        for partition, lag_ms in shown.lag_ms.items():
            lag.add_metric([str(partition)], lag_ms / 1000)
        yield lag
        ages = GaugeMetricFamily(
            naming.EVENT_AGE, "How long ago the newest accepted event of a source happened", labels=["source"]
        )
        for source, age_ms in shown.ages_ms().items():
            ages.add_metric([source], age_ms / 1000)
        yield ages
        newest = GaugeMetricFamily(naming.LAST_EVENT, "Time of the newest accepted event")
        if shown.newest_ms is not None:
            newest.add_metric([], shown.newest_ms / 1000)
        yield newest
        stale = GaugeMetricFamily(
            naming.PARTITIONS_STALE, "Partitions that no worker owns, or that the board could not read"
        )
        stale.add_metric([], len(shown.stale))
        yield stale
        members = GaugeMetricFamily(
            naming.DIMENSION_MEMBERS,
            "Members that a dimension has over all partitions, not counting `unknown`",
            labels=["dimension"],
        )
        for dimension, number in shown.members.items():
            members.add_metric([dimension], number)
        yield members
        used = GaugeMetricFamily(naming.REDIS_MEMORY, "Memory that Redis has taken for its data")
        limit = GaugeMetricFamily(naming.REDIS_MEMORY_LIMIT, "Memory that Redis may take")
        if shown.memory is not None:
            used.add_metric([], shown.memory.used)
            limit.add_metric([], shown.memory.limit)
        yield from (used, limit)
