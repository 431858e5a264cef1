"""Gauges: Prometheus' families, built at scrape from what the board shows, once for each set of readings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.kpis import Kpi
from streams import naming
from streams.engine.figures import figure_key, figure_owners
from streams.engine.guardrails import Breach, first_series
from streams.engine.plan import Plan, SeriesPlan
from streams.engine.readings import Reading
from streams.human import own_labels
from streams.serve.board import Shown

NUMERATOR_HELP: Final = (
    "What a KPI's value is a ratio, mean or amount of, as a whole number: minor units of money, milliseconds"
)
DENOMINATOR_HELP: Final = "What a KPI's numerator is divided by, as a whole number"
CHANGE_HELP: Final = (
    "Change against the window before, both in whole panes: relative, and in points for a score in points"
)
BOUND_HELP: Final = "Where the true value of a KPI lies, 95 times of 100, in the unit of its gauge"
TARGET_HELP: Final = "The target of a KPI, in the unit of its first gauge"
VERDICT_HELP: Final = (
    "A reading against the thresholds of its alert: 0 ok, 1 warn, 2 critical; none without enough samples"
)
BREACH_HELP: Final = (
    "1 where a KPI got better against the window before while its guardrail got worse; 0 where it did not"
)

BADNESS: Final[Mapping[str, int]] = {"ok": 0, "warn": 1, "critical": 2}
"""Verdict -> what its gauge shows."""


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
        return self._kpis(shown) + _text(FreshnessCollector(lambda: shown))

    def _kpis(self, shown: Shown) -> bytes:
        with self._lock:
            if self._readings is not shown.readings:
                self._text = _text(KpiCollector(self._plan, lambda: shown))
                self._readings = shown.readings
            return self._text


def _text(collector: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


class KpiCollector(Collector):
    """A family per gauge, and beside them what is of all KPIs. A reading without value has no series.

    Members that are folded have none either: `other` stands for them.
    """

    def __init__(self, plan: Plan, shown: Callable[[], Shown]) -> None:
        self._plan = plan
        self._shown = shown
        self._labels = _label_names(plan.series)
        self._figures = figure_owners(plan.series)
        self._own_labels = own_labels_of_all(plan.series)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: names are checked by the plan, and to register must not mean to collect."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        shown = self._shown()
        readings = [one for one in shown.readings if one.value is not None and one.fold != "member"]
        yield from self._kpis(readings)
        yield from self._beside([one for one in readings if self._figures[figure_key(one)] == one.gauge])
        yield self._verdicts(readings)
        yield _breaches(shown.breaches)
        yield self._targets()
        yield self._info()

    def _kpis(self, readings: Iterable[Reading]) -> Iterable[GaugeMetricFamily]:
        families = {
            gauge: GaugeMetricFamily(gauge, self._help(gauge), labels=[*naming.SLICE_LABELS, *labels])
            for gauge, labels in self._labels.items()
        }
        for reading in readings:
            own = [reading.labels[name] for name in self._labels[reading.gauge]]
            _add(families[reading.gauge], [*_slice(reading), *own], reading.value)
        return families.values()

    def _beside(self, readings: Iterable[Reading]) -> Iterator[GaugeMetricFamily]:
        """What a reading consists of, how it changed, and how sure it is."""
        numerator = self._family(naming.NUMERATOR, NUMERATOR_HELP)
        denominator = self._family(naming.DENOMINATOR, DENOMINATOR_HELP)
        change = self._family(naming.CHANGE, CHANGE_HELP)
        bound = self._family(naming.BOUND, BOUND_HELP, "bound")
        for reading in readings:
            labels = [reading.kpi, *_slice(reading), *self._own(reading.labels)]
            _add(numerator, labels, reading.numerator)
            _add(denominator, labels, reading.denominator)
            _add(change, labels, reading.change)
            _add(bound, [*labels, "lower"], reading.lower)
            _add(bound, [*labels, "upper"], reading.upper)
        yield from (numerator, denominator, change, bound)

    def _verdicts(self, readings: Iterable[Reading]) -> GaugeMetricFamily:
        family = self._family(naming.VERDICT, VERDICT_HELP, "gauge")
        for reading in readings:
            if reading.verdict in BADNESS:
                labels = [reading.kpi, *_slice(reading), *self._own(reading.labels), reading.gauge]
                _add(family, labels, BADNESS[reading.verdict])
        return family

    def _targets(self) -> GaugeMetricFamily:
        labels = ["kpi", *self._own_labels]
        family = GaugeMetricFamily(naming.TARGET, TARGET_HELP, labels=labels)
        for name, series in first_series(self._plan).items():
            _add(family, [name, *self._own(series.labels)], self._plan.catalog.kpis[name].target)
        return family

    def _info(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(naming.INFO, "The catalog's KPIs; always 1", labels=naming.INFO_LABELS)
        for name, kpi in self._plan.catalog.kpis.items():
            guardrails = ",".join(guardrail.kpi for guardrail in kpi.guardrails)
            _add(family, [name, kpi.title, kpi.group, kpi.owner, kpi.unit, kpi.good, guardrails], 1)
        return family

    def _family(self, name: str, help_: str, *more: str) -> GaugeMetricFamily:
        labels = ["kpi", *naming.SLICE_LABELS, *self._own_labels, *more]
        return GaugeMetricFamily(name, help_, labels=labels)

    def _own(self, labels: Mapping[str, str]) -> list[str]:
        """The values of all KPIs' own labels; empty where a series has no such label."""
        return [labels.get(name, "") for name in self._own_labels]

    def _help(self, gauge: str) -> str:
        """Title, goal and note of the KPI that the gauge shows."""
        name = next(series.kpi for series in self._plan.series if series.gauge == gauge)
        return help_text(self._plan.catalog.kpis[name])


def _breaches(breaches: Iterable[Breach]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(naming.GUARDRAIL_BREACH, BREACH_HELP, labels=naming.BREACH_LABELS)
    for one in breaches:
        if not one.folded:
            labels = [one.kpi, one.guardrail, one.window, one.dimension, one.member]
            _add(family, labels, int(one.breached))
    return family


def _add(family: GaugeMetricFamily, labels: Sequence[str], number: float | None) -> None:
    """A series; none for what there is not."""
    if number is not None:
        family.add_metric(labels, number)


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
