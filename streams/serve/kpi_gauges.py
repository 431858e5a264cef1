"""The KPIs' gauges: a family per gauge, and beside them what is of all KPIs.

A reading without value has no series. Members that are folded have none either: `other` stands for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from schemas.kpis import Alert, Kpi
from streams import naming
from streams.engine.kpis.figures import figure_key, figure_owners
from streams.engine.kpis.guardrails import Breach, first_series
from streams.engine.kpis.readings import Reading
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.verdicts import slices_judged
from streams.engine.plan import Plan
from streams.human import own_labels
from streams.serve.board import Shown
from streams.serve.families import Family, labels_text

HELP: Final = {
    naming.NUMERATOR: (
        "What a KPI's value is a ratio, mean or amount of, as a whole number: "
        "minor units of money, milliseconds"
    ),
    naming.DENOMINATOR: "What a KPI's numerator is divided by, as a whole number",
    naming.CHANGE: (
        "Change against the window before, both in whole panes: relative, and in points for a score in points"
    ),
    naming.BOUND: "Where the true value of a KPI lies, 95 times of 100, in the unit of its gauge",
    naming.VERDICT: (
        "A reading against the thresholds of its alert: 0 ok, 1 warn, 2 critical; none without enough samples"
    ),
    naming.SAMPLES: "How many samples a reading rests on, where an alert wants enough of them",
    naming.GUARDRAIL_BREACH: (
        "1 where a KPI got better against the window before while its guardrail got worse; 0 where it did not"
    ),
    naming.TARGET: "The target of a KPI, in the unit of its first gauge",
    naming.INFO: "The catalog's KPIs; always 1",
}
BADNESS: Final[Mapping[str, int]] = {"ok": 0, "warn": 1, "critical": 2}
"""Verdict -> what its gauge shows."""


class KpiGauges:
    """What a scrape gets of the KPIs."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._owners = figure_owners(plan.series)
        self._own_labels = own_labels_of_all(plan.series)
        self._gated = {(figure_key(one), one.gauge): one.judge.gated for one in plan.series}

    def text(self, shown: Shown) -> str:
        """All families."""
        page = _Page(self._plan)
        readings = [one for one in shown.readings if one.value is not None and one.fold != "member"]
        for _, of_series in groupby(readings, attrgetter("gauge", "labels")):
            self._add_series(page, list(of_series))
        page.add_breaches(shown.breaches)
        for kpi, series in first_series(self._plan).items():
            labels = [("kpi", kpi), *self._own(series.labels)]
            page.beside[naming.TARGET].add(labels_text(labels), self._plan.catalog.kpis[kpi].target)
        page.add_infos(self._plan.catalog.kpis)
        return page.text()

    def _add_series(self, page: "_Page", readings: Sequence[Reading]) -> None:
        first = readings[0]
        own = labels_text((name, first.labels[name]) for name in own_labels(first.labels))
        page.add_gauge(readings, f",{own}" if own else "")
        kpi, of_all = labels_text([("kpi", first.kpi)]), labels_text(self._own(first.labels))
        if self._owners[figure_key(first)] == first.gauge:
            page.add_figures(readings, kpi, of_all)
        judged = f"{of_all},{labels_text([('gauge', first.gauge)])}"
        page.add_verdicts(readings, kpi, judged)
        if gated := self._gated[figure_key(first), first.gauge]:
            page.add_samples((one for one in readings if _judges(gated, one)), kpi, judged)

    def _own(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        """All KPIs' own labels; empty where a series has none of this name."""
        return [(name, labels.get(name, "")) for name in self._own_labels]


class _Page:
    """The families of one scrape while they are filled."""

    def __init__(self, plan: Plan) -> None:
        self._slices: dict[tuple[str, str, str], str] = {}
        self._gauges: dict[str, Family] = {}
        for series in plan.series:
            help_ = help_text(plan.catalog.kpis[series.kpi])
            self._gauges.setdefault(series.gauge, Family(series.gauge, help_))
        self.beside = {name: Family(name, help_) for name, help_ in HELP.items()}

    def text(self) -> str:
        return "".join(family.text() for family in (*self._gauges.values(), *self.beside.values()))

    def add_gauge(self, readings: Iterable[Reading], own: str) -> None:
        for reading in readings:
            self._gauges[reading.gauge].add(self._slice(reading) + own, reading.value)

    def add_figures(self, readings: Iterable[Reading], kpi: str, own: str) -> None:
        """What a reading consists of, how it changed, and how sure it is."""
        numerator, denominator = self.beside[naming.NUMERATOR], self.beside[naming.DENOMINATOR]
        change, bound = self.beside[naming.CHANGE], self.beside[naming.BOUND]
        for reading in readings:
            labels = f"{kpi},{self._slice(reading)},{own}"
            numerator.add(labels, reading.numerator)
            denominator.add(labels, reading.denominator)
            change.add(labels, reading.change)
            bound.add(f'{labels},bound="lower"', reading.lower)
            bound.add(f'{labels},bound="upper"', reading.upper)

    def add_verdicts(self, readings: Iterable[Reading], kpi: str, own: str) -> None:
        family = self.beside[naming.VERDICT]
        for reading in readings:
            if reading.verdict in BADNESS:
                family.add(f"{kpi},{self._slice(reading)},{own}", BADNESS[reading.verdict])

    def add_samples(self, readings: Iterable[Reading], kpi: str, own: str) -> None:
        for reading in readings:
            self.beside[naming.SAMPLES].add(f"{kpi},{self._slice(reading)},{own}", reading.samples)

    def add_breaches(self, breaches: Iterable[Breach]) -> None:
        family = self.beside[naming.GUARDRAIL_BREACH]
        for one in breaches:
            if not one.folded:
                pair = labels_text([("kpi", one.kpi), ("guardrail", one.guardrail)])
                family.add(f"{pair},{self._slice(one)}", int(one.breached))

    def add_infos(self, kpis: Mapping[str, Kpi]) -> None:
        for name, kpi in kpis.items():
            guardrails = ",".join(guardrail.kpi for guardrail in kpi.guardrails)
            values = (name, kpi.title, kpi.group, kpi.owner, kpi.unit, kpi.good, guardrails)
            labels = zip(naming.INFO_LABELS, values, strict=True)
            self.beside[naming.INFO].add(labels_text(labels), 1)

    def _slice(self, one: Reading | Breach) -> str:
        """The labels of window and slice, which many series share."""
        place = (one.window, one.dimension, one.member)
        text = self._slices.get(place)
        if text is None:
            text = labels_text((name, getattr(one, name)) for name in sorted(naming.SLICE_LABELS))
            self._slices[place] = text
        return text


def _judges(gated: Mapping[str, Alert], reading: Reading) -> bool:
    """Whether the reading may raise one of these alerts, by window."""
    alert = gated.get(reading.window)
    return alert is not None and reading.dimension in slices_judged(alert)


def help_text(kpi: Kpi) -> str:
    """Title, goal and note of a KPI."""
    sentences = [kpi.title, kpi.goal, kpi.note or ""]
    return " ".join(f"{sentence.rstrip('.')}." for sentence in sentences if sentence)


def own_labels_of_all(series: Iterable[SeriesPlan]) -> list[str]:
    """The union of all KPIs' own labels. The usual ones are always there, used or not."""
    names = dict.fromkeys(naming.OWN_LABELS, "") | {name: "" for one in series for name in one.labels}
    return own_labels(names)
