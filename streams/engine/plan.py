"""The plan: a catalog, compiled and checked. Worker, board and command line all start from one."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from schemas.catalog import Catalog, Path, parse
from schemas.kpis import Kpi, Series
from schemas.measures import Subject
from schemas.words import nearest
from streams.engine.buckets import BOUNDS
from streams.engine.confidence import IntervalOf, compile_bounds
from streams.engine.decode import Decoder
from streams.engine.expressions import ExpressionError, names
from streams.engine.faults import PlanFault
from streams.engine.formulas import Formula, Operand, compile_formula
from streams.engine.limits import limit_faults
from streams.engine.measures import compile_measure
from streams.engine.measures.base import BARE, Measure
from streams.engine.money import Converter
from streams.engine.panes import Calendar
from streams.engine.subjects import SubjectPlan, compile_subject
from streams.engine.verdicts import Judge
from streams.engine.windows import longest_ms, tier_of
from streams.errors import CatalogError
from streams.naming import NOW, RESERVED_GAUGES, ROW_SHARDS

ARITHMETIC: Final = 2
"""Version of the engine's arithmetic: raise it whenever equal events would give other panes or rows."""


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One gauge series of a KPI, compiled."""

    kpi: str
    gauge: str
    unit: str
    labels: Mapping[str, str]
    formula: Formula
    requires: Sequence[Measure]
    windows: Sequence[str]
    dimensions: Sequence[str]
    interval: IntervalOf
    judge: Judge

    @property
    def measures(self) -> list[Measure]:
        return [operand.measure for operand in self.formula.operands]


@dataclass(frozen=True, slots=True)
class Plan:
    """A catalog that holds together, ready to run."""

    catalog: Catalog
    calendar: Calendar
    decoder: Decoder
    subjects: Mapping[str, SubjectPlan]
    measures: Mapping[str, Measure]
    measures_of: Mapping[str, Sequence[Measure]]
    """Subject kind -> its measures."""
    series: Sequence[SeriesPlan]
    fingerprint: str
    """Of all that decides what is summed. KPIs, windows and words are not part of it."""

    @property
    def open_measures(self) -> list[str]:
        """The measures that keep a waiting list."""
        return [name for name, measure in self.measures.items() if measure.age is not None]


def read_plan(text: str, source: str) -> Plan:
    """Parse, check and compile the catalog text of `source`; CatalogError lists what is wrong with it."""
    parsed = parse(text)
    if parsed.catalog is None:
        raise CatalogError(source, parsed.problems)
    compiler = _Compiler(parsed.catalog)
    plan = compiler.plan()
    if plan is None:
        faults = dict.fromkeys(compiler.faults)  # several series of a KPI may share one
        raise CatalogError(source, [parsed.lines.problem(path, message) for path, message in faults])
    return plan


class _Compiler:
    """Compiles part by part, so that one fault does not hide the others."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.faults: list[tuple[Path, str]] = []

    def plan(self) -> Plan | None:
        calendar = self._try(("time_zone",), lambda: _calendar(self._catalog.time_zone)) or Calendar("UTC")
        converter = Converter(self._catalog.currency)
        subjects = {
            kind: self._subject(kind, subject, converter) for kind, subject in self._catalog.subjects.items()
        }
        compiled = {kind: subject for kind, subject in subjects.items() if subject is not None}
        measures_of = {kind: self._measures(subject, calendar) for kind, subject in compiled.items()}
        measures = self._by_name(measures_of)
        series = [
            one for name, kpi in self._catalog.kpis.items() for one in self._series_of(name, kpi, measures)
        ]
        self._check_unique(series)
        self.faults += limit_faults(self._catalog)
        if self.faults:
            return None
        return Plan(
            catalog=self._catalog,
            calendar=calendar,
            decoder=Decoder(self._catalog.dimensions, converter.known),
            subjects=compiled,
            measures=measures,
            measures_of=measures_of,
            series=series,
            fingerprint=_fingerprint(self._catalog, calendar, compiled),
        )

    def _try(self, path: Path, build: Callable[[], Any]) -> Any:
        """The result of `build`, or None with its fault noted at `path`."""
        try:
            return build()
        except (PlanFault, ExpressionError) as fault:
            self.faults.append(((*path, *getattr(fault, "at", ())), str(fault)))
            return None

    def _subject(self, kind: str, subject: Subject, converter: Converter) -> SubjectPlan | None:
        plan: SubjectPlan | None = self._try(
            ("subjects", kind), lambda: compile_subject(kind, subject, self._catalog, converter)
        )
        return plan

    def _measures(self, plan: SubjectPlan, calendar: Calendar) -> list[Measure]:
        compiled = [
            self._try(
                ("subjects", plan.kind, "measures", name),
                partial(compile_measure, name, spec, plan, calendar),
            )
            for name, spec in plan.subject.measures.items()
        ]
        return [measure for measure in compiled if measure is not None]

    def _by_name(self, measures_of: Mapping[str, Sequence[Measure]]) -> dict[str, Measure]:
        measures: dict[str, Measure] = {}
        for kind, of_subject in measures_of.items():
            for measure in of_subject:
                if measure.name in measures:
                    path = ("subjects", kind, "measures", measure.name)
                    self.faults.append(
                        (path, f"another subject has a measure {measure.name!r} too; rename one")
                    )
                measures.setdefault(measure.name, measure)
        return measures

    def _series_of(self, name: str, kpi: Kpi, measures: Mapping[str, Measure]) -> list[SeriesPlan]:
        path: Path = ("kpis", name)
        if (kpi.formula is None) == (not kpi.series):
            self.faults.append((path, "a KPI has either `formula` or `series`"))
            return []
        if self._rests_on_fault(kpi, measures) or self._unknown(path, kpi, measures):
            return []
        paths = [(*path, "series", at) for at in range(len(kpi.series))] or [path]
        plans = [
            self._try((*at, "formula"), partial(self._one_series, name, kpi, series, measures))
            for at, series in zip(paths, kpi.all_series(), strict=True)
        ]
        found = [plan for plan in plans if plan is not None]
        for plan in found:
            self._check_windows(path, plan)
            self._check_dimensions(path, plan)
            self._check_keep(path, plan)
        return found

    def _rests_on_fault(self, kpi: Kpi, measures: Mapping[str, Measure]) -> bool:
        """Whether the KPI reads a measure that is declared, but at fault; one report of that is enough."""
        declared = {name for subject in self._catalog.subjects.values() for name in subject.measures}
        read = {*kpi.requires, *(name for series in kpi.all_series() for name in _names(series.formula))}
        return not read.isdisjoint(declared - measures.keys())

    def _unknown(self, path: Path, kpi: Kpi, measures: Mapping[str, Measure]) -> bool:
        unknown = [(at, name) for at, name in enumerate(kpi.requires) if name not in measures]
        for at, name in unknown:
            self.faults.append(
                ((*path, "requires", at), f"unknown measure {name!r}{nearest(name, measures)}")
            )
        return bool(unknown)

    def _one_series(self, name: str, kpi: Kpi, series: Series, measures: Mapping[str, Measure]) -> SeriesPlan:
        labels = dict(series.labels)
        if series.unit == "money":
            labels["currency"] = self._catalog.currency.report
        formula, unit = compile_formula(series.formula, measures), series.unit or kpi.unit
        return SeriesPlan(
            kpi=name,
            gauge=series.gauge or kpi.gauge,
            unit=unit,
            labels=labels,
            formula=formula,
            requires=[measures[required] for required in kpi.requires],
            windows=kpi.windows,
            dimensions=kpi.dimensions,
            interval=compile_bounds(series.bounds, formula, unit),
            judge=Judge.of(kpi, series),
        )

    def _check_windows(self, path: Path, plan: SeriesPlan) -> None:
        for at, window in enumerate(plan.windows):
            for operand in (*plan.formula.operands, *(Operand(BARE, measure) for measure in plan.requires)):
                measure = operand.measure
                where = (*path, "windows", at)
                if window == NOW and operand.function not in ("end", "oldest"):
                    self.faults.append(
                        (where, f"`now` is for levels: {measure.name} has no value without a span")
                    )
                elif window != NOW and operand.function != "end" and tier_of(window) not in measure.tiers:
                    held = ", ".join(measure.tiers)
                    text = f"{measure.name} is not held in {tier_of(window)} panes, which {window} is made of"
                    self.faults.append((where, f"{text}; it has panes of: {held}"))

    def _check_keep(self, path: Path, plan: SeriesPlan) -> None:
        """What a window may still read must be remembered, so that it can be taken back."""
        for at, name in enumerate(plan.windows):
            for measure in plan.measures:
                if measure.keep_ms is not None and name != NOW and measure.keep_ms < longest_ms(name):
                    text = (
                        f"{measure.name} is not remembered for as long as {name}: raise its subject's `keep`"
                    )
                    self.faults.append(((*path, "windows", at), text))

    def _check_dimensions(self, path: Path, plan: SeriesPlan) -> None:
        for at, dimension in enumerate(plan.dimensions):
            lacking = [
                measure.name
                for measure in (*plan.measures, *plan.requires)
                if dimension not in measure.dimensions
            ]
            if lacking:
                text = f"{', '.join(dict.fromkeys(lacking))} cannot be sliced by {dimension!r}"
                self.faults.append(
                    ((*path, "dimensions", at), f"{text}: declare it on the subject, or leave it")
                )

    def _check_unique(self, series: Iterable[SeriesPlan]) -> None:
        seen: dict[tuple[str, str], SeriesPlan] = {}
        labels: dict[str, frozenset[str]] = {}
        for one in series:
            if one.gauge in RESERVED_GAUGES:
                self.faults.append(
                    (("kpis", one.kpi), f"gauge {one.gauge} is one of our own; choose another name")
                )
            key = (one.gauge, json.dumps(dict(one.labels), sort_keys=True))
            if seen.setdefault(key, one) is not one:
                text = f"gauge {one.gauge} with these labels is already there, in {seen[key].kpi}"
                self.faults.append((("kpis", one.kpi), text))
            if labels.setdefault(one.gauge, frozenset(one.labels)) != frozenset(one.labels):
                self.faults.append(
                    (("kpis", one.kpi), f"all series of {one.gauge} must have the same label names")
                )


@lru_cache(maxsize=8)
def _calendar(time_zone: str) -> Calendar:
    try:
        return Calendar(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PlanFault(f"{time_zone!r} is not an IANA time zone, such as Europe/Berlin") from None


def _names(formula: str) -> list[str]:
    """The names in a formula; none when it is no expression, which compiling it will say."""
    try:
        return names(formula)
    except ExpressionError:
        return []


def _fingerprint(catalog: Catalog, calendar: Calendar, subjects: Mapping[str, SubjectPlan]) -> str:
    """Hash of what is summed. The zone counts by where its days begin, as the tzdata that is used has it.

    The order in which facts are declared is that of their values in a row, so it counts as well.
    """
    summed = {
        "shards": ROW_SHARDS,
        "rows": {kind: plan.row_type.__struct_fields__ for kind, plan in subjects.items()},
        "arithmetic": ARITHMETIC,
        "buckets": BOUNDS,
        "days": calendar.fingerprint(),
        "catalog": catalog.model_dump(
            mode="json",
            include={"currency", "dimensions", "subjects"},
            exclude={"subjects": {"__all__": {"measures"}}},
        ),
    }
    measures = {
        kind: {
            name: spec.model_dump(mode="json", exclude={"note"}) for name, spec in subject.measures.items()
        }
        for kind, subject in catalog.subjects.items()
    }
    text = json.dumps([summed, measures], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
