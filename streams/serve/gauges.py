"""Gauges: Prometheus' families, built at scrape from what the board shows, once for each set of readings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.kpis import Kpi
from streams import naming
from streams.engine.figures import figure_key, figure_owners
from streams.engine.plan import Plan, SeriesPlan
from streams.engine.readings import Reading
from streams.human import own_labels
from streams.serve.board import Shown

NUMERATOR_HELP: Final = (
    "What a KPI's value is a ratio, mean or amount of, as a whole number: minor units of money, milliseconds"
)
DENOMINATOR_HELP: Final = "What a KPI's numerator is divided by, as a whole number"


class Exposition:
    """What a scrape gets: the text of both collectors, that of the readings written once for all scrapers."""

    def __init__(self, plan: Plan, shown: Callable[[], Shown]) -> None:
        self._plan = plan
        self._shown = shown
        self._lock = Lock()
        self._readings: Sequence[Reading] | None = None
        self._text = b""
        """Of these readings."""

    def text(self) -> bytes:
        """Of what is shown now. May be called by several threads."""
        shown = self._shown()
        return self._kpis(shown.readings) + _text(FreshnessCollector(lambda: shown))

    def _kpis(self, readings: Sequence[Reading]) -> bytes:
        with self._lock:
            if self._readings is not readings:
                self._text = _text(KpiCollector(self._plan, lambda: readings))
                self._readings = readings
            return self._text


def _text(collector: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


class KpiCollector(Collector):
    """A family per gauge, and beside them what is of all KPIs. A reading without value has no series."""

    def __init__(self, plan: Plan, readings: Callable[[], Sequence[Reading]]) -> None:
        self._plan = plan
        self._readings = readings
        self._labels = _label_names(plan.series)
        self._figures = figure_owners(plan.series)
        self._figure_labels = own_labels_of_all(plan.series)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: names are checked by the plan, and to register must not mean to collect."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        readings = self._readings()
        yield from self._kpis(readings)
        yield from self._parts(readings)
        yield self._info()

    def _kpis(self, readings: Iterable[Reading]) -> Iterable[GaugeMetricFamily]:
        families = {
            gauge: GaugeMetricFamily(gauge, self._help(gauge), labels=[*naming.SLICE_LABELS, *labels])
            for gauge, labels in self._labels.items()
        }
        for reading in readings:
            if reading.value is not None:
                own = [reading.labels[name] for name in self._labels[reading.gauge]]
                families[reading.gauge].add_metric([*_slice(reading), *own], reading.value)
        return families.values()

    def _parts(self, readings: Iterable[Reading]) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        names = ["kpi", *naming.SLICE_LABELS, *self._figure_labels]
        numerator = GaugeMetricFamily(naming.NUMERATOR, NUMERATOR_HELP, labels=names)
        denominator = GaugeMetricFamily(naming.DENOMINATOR, DENOMINATOR_HELP, labels=names)
        for reading in readings:
            if reading.value is None or self._figures[figure_key(reading)] != reading.gauge:
                continue
            own = [reading.labels.get(name, "") for name in self._figure_labels]
            labels = [reading.kpi, *_slice(reading), *own]
            for family, number in ((numerator, reading.numerator), (denominator, reading.denominator)):
                if number is not None:
                    family.add_metric(labels, number)
        return numerator, denominator

    def _info(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(naming.INFO, "The catalog's KPIs; always 1", labels=naming.INFO_LABELS)
        for name, kpi in self._plan.catalog.kpis.items():
            family.add_metric([name, kpi.title, kpi.group, kpi.owner, kpi.unit, kpi.good], 1)
        return family

    def _help(self, gauge: str) -> str:
        """Title, goal and note of the KPI that the gauge shows."""
        name = next(series.kpi for series in self._plan.series if series.gauge == gauge)
        return help_text(self._plan.catalog.kpis[name])


class FreshnessCollector(Collector):
    """How old is what is shown."""

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
        newest = GaugeMetricFamily(naming.LAST_EVENT, "Time of the newest accepted event")
        if shown.newest_ms is not None:
            newest.add_metric([], shown.newest_ms / 1000)
        yield newest
        stale = GaugeMetricFamily(
            naming.PARTITIONS_STALE, "Partitions that no worker owns, or that the board could not read"
        )
        stale.add_metric([], len(shown.stale))
        yield stale


def help_text(kpi: Kpi) -> str:
    sentences = [kpi.title, kpi.goal, kpi.note or ""]
    return " ".join(f"{sentence.rstrip('.')}." for sentence in sentences if sentence)


def _label_names(series: Iterable[SeriesPlan]) -> dict[str, list[str]]:
    """Gauge -> names of its own labels; the plan has checked that all its series have the same."""
    return {one.gauge: own_labels(one.labels) for one in series}


def own_labels_of_all(series: Iterable[SeriesPlan]) -> list[str]:
    """The union of all KPIs' own labels. The usual ones are always there, used or not."""
    names = dict.fromkeys(naming.OWN_LABELS, "") | {name: "" for one in series for name in one.labels}
    return own_labels(names)


def _slice(reading: Reading) -> tuple[str, str, str]:
    return reading.window, reading.dimension, reading.member
