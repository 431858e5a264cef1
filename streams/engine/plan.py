"""The plan: a catalog, compiled and checked. Worker, board and command line all start from one."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final

from schemas.catalog import Catalog, parse
from schemas.documents import Path
from schemas.events import EVENT_TYPES, Data, Declared, EventTypes
from schemas.kpis import Kpi, Series
from schemas.measures import Subject
from schemas.words import nearest, span_ms
from streams.engine.arrivals import BUILT_IN
from streams.engine.buckets import BOUNDS
from streams.engine.business import BusinessClock, business_clock, zone_of
from streams.engine.decode import Decoder
from streams.engine.dimensions import check_pair
from streams.engine.endings import can_be_removed
from streams.engine.event_types import own_type
from streams.engine.expressions import ExpressionError
from streams.engine.faults import PlanFault
from streams.engine.kpis.checks import check_series
from streams.engine.kpis.confidence import compile_bounds
from streams.engine.kpis.limits import limit_faults
from streams.engine.kpis.references import Formulas, RestsOnFault
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.units import check_unit, money_measures
from streams.engine.kpis.verdicts import Judge
from streams.engine.measures import compile_measure
from streams.engine.measures.base import Measure
from streams.engine.money import Converter
from streams.engine.panes import Calendar
from streams.engine.subjects import SubjectPlan, compile_subject, given_types
from streams.errors import CatalogError
from streams.naming import RESERVED_GAUGES, ROW_SHARDS

ARITHMETIC: Final = 3
"""Version of the engine's arithmetic: raise it whenever equal events would give other panes or rows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A catalog that holds together, ready to run."""

    catalog: Catalog
    calendar: Calendar
    types: EventTypes
    """The event types of the contract and of the catalog."""
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
        self._money = money_measures(catalog)
        self.faults: list[tuple[Path, str]] = []

    def plan(self) -> Plan | None:
        calendar = self._try(("time_zone",), lambda: _calendar(self._catalog.time_zone)) or Calendar("UTC")
        business = self._business(calendar)
        converter = Converter(self._catalog.currency)
        for name in self._catalog.dimensions:
            self._try(("dimensions", name), partial(check_pair, name, self._catalog.dimensions))
        types = {**EVENT_TYPES, **self._own_types()}
        subjects = {
            kind: self._subject(kind, subject, types, converter)
            for kind, subject in self._catalog.subjects.items()
            if not self._rests_on_own_fault(subject, types)
        }
        compiled = {kind: subject for kind, subject in subjects.items() if subject is not None}
        measures_of = {
            kind: self._measures(subject, calendar, business) for kind, subject in compiled.items()
        }
        measures_of = {
            kind: [replace(one, is_amount=one.is_amount or one.name in self._money) for one in of_subject]
            for kind, of_subject in measures_of.items()
        }
        measures = self._by_name(measures_of)
        formulas = Formulas(self._catalog, measures)
        series = [
            one for name, kpi in self._catalog.kpis.items() for one in self._series_of(name, kpi, formulas)
        ]
        self._check_unique(series)
        self.faults += limit_faults(self._catalog)
        if self.faults:
            return None
        return Plan(
            catalog=self._catalog,
            calendar=calendar,
            types=types,
            decoder=Decoder(types, self._catalog.told, converter.known, _declared(self._catalog)),
            subjects=compiled,
            measures=measures,
            measures_of=measures_of,
            series=series,
            fingerprint=_fingerprint(self._catalog, calendar, business, compiled),
        )

    def _try(self, path: Path, build: Callable[[], Any]) -> Any:
        """The result of `build`, or None with its fault noted at `path`."""
        try:
            return build()
        except RestsOnFault:
            return None  # one report of it is enough
        except (PlanFault, ExpressionError) as fault:
            self.faults.append(((*path, *getattr(fault, "at", ())), str(fault)))
            return None

    def _business(self, calendar: Calendar) -> BusinessClock | None:
        hours = self._catalog.business_hours
        if hours is None:
            return None
        clock: BusinessClock | None = self._try(
            ("business_hours",), lambda: business_clock(hours, calendar.zone.key)
        )
        return clock or BusinessClock(())  # its fault is told; measures have none for that

    def _own_types(self) -> dict[str, type[Data]]:
        compiled = {
            name: self._try(("events", name), partial(own_type, name, declared, self._catalog.told))
            for name, declared in self._catalog.events.items()
        }
        return {name: model for name, model in compiled.items() if model is not None}

    def _rests_on_own_fault(self, subject: Subject, types: EventTypes) -> bool:
        """Whether it names a type that is declared, but at fault; one report of that is enough."""
        return any(type_ in self._catalog.events and type_ not in types for type_, _ in given_types(subject))

    def _subject(
        self, kind: str, subject: Subject, types: EventTypes, converter: Converter
    ) -> SubjectPlan | None:
        plan: SubjectPlan | None = self._try(
            ("subjects", kind), lambda: compile_subject(kind, subject, self._catalog, types, converter)
        )
        return plan

    def _measures(
        self, plan: SubjectPlan, calendar: Calendar, business: BusinessClock | None
    ) -> list[Measure]:
        compiled = [
            self._try(
                ("subjects", plan.kind, "measures", name),
                partial(compile_measure, name, spec, plan, calendar, business),
            )
            for name, spec in plan.subject.measures.items()
        ]
        return [measure for measure in compiled if measure is not None]

    def _by_name(self, measures_of: Mapping[str, Sequence[Measure]]) -> dict[str, Measure]:
        measures: dict[str, Measure] = {}
        for kind, of_subject in measures_of.items():
            for measure in of_subject:
                path = ("subjects", kind, "measures", measure.name)
                if measure.name in BUILT_IN:
                    self.faults.append((path, f"a measure {measure.name!r} is built in; rename this one"))
                elif measure.name in measures:
                    self.faults.append(
                        (path, f"another subject has a measure {measure.name!r} too; rename one")
                    )
                measures.setdefault(measure.name, measure)
        return measures | BUILT_IN

    def _series_of(self, name: str, kpi: Kpi, formulas: Formulas) -> list[SeriesPlan]:
        path: Path = ("kpis", name)
        if (kpi.formula is None) == (not kpi.series):
            self.faults.append((path, "a KPI has either `formula` or `series`"))
            return []
        self._check_required(path, kpi, formulas)
        paths = [(*path, "series", at) for at in range(len(kpi.series))] or [path]
        found: list[SeriesPlan] = []
        for at, series in enumerate(kpi.all_series()):
            one: SeriesPlan | None = self._try(
                (*paths[at], "formula"), partial(self._one_series, name, kpi, series, formulas, at)
            )
            if one is not None:
                found.append(one)
                faults = list(check_series(path, one))
                self.faults += faults
                if not faults:
                    self._check_unit(path, kpi, at, one)
        return found

    def _check_required(self, path: Path, kpi: Kpi, formulas: Formulas) -> None:
        for at, name in enumerate(kpi.requires):
            if name not in formulas.known:
                text = f"unknown measure {name!r}{nearest(name, formulas.known)}"
                self.faults.append(((*path, "requires", at), text))

    def _check_unit(self, path: Path, kpi: Kpi, at: int, series: SeriesPlan) -> None:
        stands = (*path, "series", at) if kpi.series and kpi.series[at].unit else path
        self._try((*stands, "unit"), lambda: check_unit(series.formula, series.unit, self._money))

    def _one_series(self, name: str, kpi: Kpi, series: Series, formulas: Formulas, at: int) -> SeriesPlan:
        """The series at `at`; PlanFault for a formula that cannot be, or does not allow its bounds."""
        formula = formulas.of(name, at)
        unit = series.unit or kpi.unit
        currency = {"currency": self._catalog.currency.report} if unit == "money" else {}
        return SeriesPlan(
            kpi=name,
            gauge=series.gauge or kpi.gauge,
            unit=unit,
            labels={**series.labels, **currency},
            formula=formula,
            windows=series.windows or kpi.windows,
            dimensions=kpi.dimensions,
            interval=compile_bounds(series.bounds, formula, unit),
            judge=Judge.of(kpi, series),
            mature_ms=span_ms(series.mature_after) if series.mature_after else 0,
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
    zone_of(time_zone)
    return Calendar(time_zone)


def _declared(catalog: Catalog) -> Declared:
    """What events must keep to."""
    return Declared(
        ces_scale=(catalog.ces_scale.min, catalog.ces_scale.max),
        entities=frozenset(kind for kind, subject in catalog.subjects.items() if can_be_removed(subject)),
    )


def _fingerprint(
    catalog: Catalog, calendar: Calendar, business: BusinessClock | None, subjects: Mapping[str, SubjectPlan]
) -> str:
    """Hash of what is summed. The zone counts by where its days begin, as the tzdata that is used has it.

    Business hours count as the instants at which they begin and end, if a measure is of their clock.

    The order in which facts are declared is that of their values in a row, so it counts as well; so does that
    of the stages.
    """
    summed = {
        "shards": ROW_SHARDS,
        "rows": {kind: plan.row_type.__struct_fields__ for kind, plan in subjects.items()},
        "stages": {kind: list(plan.subject.stages) for kind, plan in subjects.items()},
        "arithmetic": ARITHMETIC,
        "buckets": BOUNDS,
        "days": calendar.fingerprint(),
        "catalog": catalog.model_dump(
            mode="json",
            include={"currency", "ces_scale", "events", "dimensions", "subjects"},
            exclude={
                "subjects": {"__all__": {"measures", "link"}},
                "dimensions": {"__all__": {"members"}},
            },
        ),
    }
    measures = {
        kind: {
            name: spec.model_dump(mode="json", exclude={"note"}) for name, spec in subject.measures.items()
        }
        for kind, subject in catalog.subjects.items()
    }
    specs = (spec for of_subject in measures.values() for spec in of_subject.values())
    if business is not None and any(spec.get("clock") == "business" for spec in specs):
        summed["business"] = business.fingerprint()
    text = json.dumps([summed, measures], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
