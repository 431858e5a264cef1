"""What stands behind a KPI: the measures of its formulas, their facts, and the event types of these."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.catalog import Catalog
from schemas.kpis import Kpi
from schemas.measures import FieldState, MeasureSpec, Subject, events_of
from streams.engine.expressions import names

_NOT_FACTS: Final = {"note", "kind", "which", "tiers", "clock", "over"}
"""Fields of a measure that name no fact."""
_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Declared:
    """A measure where the catalog declares it."""

    name: str
    kind: str
    """Of its subject."""
    subject: Subject
    spec: MeasureSpec


@dataclass(frozen=True, slots=True)
class Need:
    """One event type that a KPI needs, for one fact of a subject."""

    event: str
    kind: str
    fact: str
    where: str | None


def declared(catalog: Catalog) -> dict[str, Declared]:
    """Name -> measure, of all subjects."""
    return {
        name: Declared(name, kind, subject, spec)
        for kind, subject in catalog.subjects.items()
        for name, spec in subject.measures.items()
    }


def read_by(formula: str, known: dict[str, Declared]) -> list[str]:
    """The measures that a formula names itself, in order."""
    return [name for name in names(formula) if name in known]


def named_by(formula: str, catalog: Catalog) -> list[str]:
    """The KPIs that a formula names, in order; a name that is a measure's as well is the measure's."""
    known = declared(catalog)
    found = (name.partition(".")[0] for name in names(formula) if name not in known)
    return list(dict.fromkeys(name for name in found if name in catalog.kpis))


def measures_of(kpi: Kpi, catalog: Catalog) -> list[Declared]:
    """All that a KPI is summed from, also by way of the KPIs that it names, each once."""
    known = declared(catalog)
    found: dict[str, Declared] = {}
    for one in _with_named(kpi, catalog):
        for name in (*(name for series in one.all_series() for name in names(series.formula)), *one.requires):
            if name in known:
                found[name] = known[name]
    return list(found.values())


def _with_named(kpi: Kpi, catalog: Catalog) -> list[Kpi]:
    found, at = [kpi], 0
    while at < len(found):
        for series in found[at].all_series():
            others = [catalog.kpis[name] for name in named_by(series.formula, catalog)]
            found += [other for other in others if all(other is not one for one in found)]
        at += 1
    return found


def needs(measures: Sequence[Declared]) -> list[Need]:
    """The events that measures are summed from, by type."""
    found = {need for measure in measures for need in _of_measure(measure)}
    return sorted(found, key=lambda need: (need.event, need.kind, need.fact, need.where or ""))


def _of_measure(measure: Declared) -> Iterator[Need]:
    subject, kind = measure.subject, measure.kind
    for fact in facts_of(measure):
        sections = (subject.steps, subject.registers, subject.maps)
        for given in (section[fact] for section in sections if fact in section):
            yield from (Need(event, kind, fact, given.where) for event in events_of(given))
        for transition in subject.transitions.get(fact, ()):
            yield Need(transition.event, kind, fact, transition.where)
    if getattr(measure.spec, "reached", None) or getattr(measure.spec, "weighted", False):
        for event, field in subject.stages_from.items():
            yield Need(event, kind, f"stage, from `{field}`", None)


def facts_of(measure: Declared) -> list[str]:
    """The steps, registers, maps and transitions that a measure reads, moments replaced by theirs."""
    subject = measure.subject
    left = [word for text in _texts(measure.spec) for word in _WORD.findall(text)]
    found: dict[str, None] = {}
    while left:
        name = left.pop(0)
        if name in subject.moments:
            moment = subject.moments[name]
            left += [*filter(None, (moment.first, moment.entering)), *moment.after, *moment.not_before]
        elif any(name in section for section in _sections(subject)):
            found[name] = None
    return list(found)


def _sections(subject: Subject) -> tuple[Any, ...]:
    return subject.steps, subject.registers, subject.maps, subject.transitions


def _texts(value: Any) -> Iterator[str]:
    """Every text in a spec that may name a fact."""
    if isinstance(value, MeasureSpec):
        value = {name: getattr(value, name) for name in type(value).model_fields if name not in _NOT_FACTS}
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif hasattr(value, "model_dump"):
        yield from _texts(value.model_dump())


def state_text(state: int | FieldState) -> str:
    return f"`{state.field}`" if isinstance(state, FieldState) else str(state)
