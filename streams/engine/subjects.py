"""Subjects: the row of facts that is remembered of each.

A `SubjectPlan` is compiled from the catalog: `row_type` is a struct with one field per fact.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas.catalog import Catalog
from schemas.events import EventTypes
from schemas.measures import Subject
from schemas.own_events import OWN
from schemas.words import nearest, span_ms
from streams.engine.dimensions import FIRST_MEMBERS, PREFIX, Dimensions
from streams.engine.facts import NEVER, Row
from streams.engine.faults import PlanFault, located
from streams.engine.mergers import STAGES, Merge, compile_mergers, holds
from streams.engine.moments import times_of
from streams.engine.money import Converter

NEWEST: Final = "newest_ms"
"""The field of every row that holds the time of the subject's newest event."""
GONE: Final = "gone"
"""The field of every row that tells whether the subject has ended, and how (`streams.engine.endings`)."""
ID_SEPARATOR: Final = "\x1f"
"""Stands between the fields that only together tell subjects apart; no id that is meant to be read has it."""


@dataclass(frozen=True, slots=True)
class SubjectPlan:
    """One kind of subject, compiled."""

    kind: str
    subject: Subject
    about: Mapping[str, "About"]
    """Event type -> what such an event says about the subject."""
    types: EventTypes
    """All types that there are."""
    keep_ms: int | None
    """None: for ever."""
    row_type: type[msgspec.Struct]
    dimensions: Dimensions
    decode_row: Callable[[bytes], Row]


@dataclass(frozen=True, slots=True)
class About:
    """What events of one type say about a kind of subject."""

    id_of: Callable[[Any], str | None]
    """The subject's id in such an event's data."""
    gives_members: bool
    """Whether they set the subject's dimensions."""
    merges: Sequence[Merge]


# -- Compiling --------------------------------------------------------------------------------------------


def compile_subject(
    kind: str, subject: Subject, catalog: Catalog, types: EventTypes, converter: Converter
) -> SubjectPlan:
    """The plan of one subject; PlanFault for the first thing in it that cannot be."""
    _check_names(subject)
    dimensions = _dimensions(subject, catalog)
    speaking = _event_types(subject, types)
    givers = speaking if subject.dimensions_from is None else subject.dimensions_from
    _check_members(subject, givers, types, catalog.told)
    fields, merges = compile_mergers(subject, catalog, types, converter)
    id_of = id_reader(subject.id)
    for name in subject.moments:
        located(partial(times_of, subject, name), "moments", name)
    all_fields = [(NEWEST, int, NEVER), (GONE, int, 0), *dimensions.fields(), *fields]
    row_type = msgspec.defstruct(f"{kind}_row", all_fields, array_like=True, gc=False)
    return SubjectPlan(
        kind=kind,
        subject=subject,
        about={type_: About(id_of, type_ in givers, merges.get(type_, ())) for type_ in speaking},
        types=types,
        keep_ms=None if subject.keep == "forever" else span_ms(subject.keep),
        row_type=row_type,
        dimensions=dimensions,
        decode_row=msgspec.msgpack.Decoder(row_type).decode,
    )


def _check_names(subject: Subject) -> None:
    own = (NEWEST, GONE, FIRST_MEMBERS, STAGES) if subject.stages else (NEWEST, GONE, FIRST_MEMBERS)
    seen = dict.fromkeys(own, "fields that every row has")
    for section in ("steps", "registers", "maps", "transitions", "moments"):
        for name in getattr(subject, section):
            if name in seen:
                raise PlanFault(f"{name!r} is already the name of one of the {seen[name]}", section, name)
            if name.startswith(PREFIX):
                raise PlanFault(f"{PREFIX}.. are the dimensions in a row; choose another name", section, name)
            seen[name] = section


def _dimensions(subject: Subject, catalog: Catalog) -> Dimensions:
    for at, name in enumerate(subject.dimensions):
        if name not in catalog.dimensions:
            raise PlanFault(
                f"unknown dimension {name!r}{nearest(name, catalog.dimensions)}", "dimensions", at
            )
        parts = [part for part in catalog.dimensions[name].of or () if part in catalog.told]
        lacking = [part for part in parts if part not in subject.dimensions]
        if lacking:
            raise PlanFault(f"{name!r} is a pair: declare {' and '.join(lacking)} too", "dimensions", at)
    return Dimensions.of({name: catalog.dimensions[name] for name in subject.dimensions})


def _check_members(subject: Subject, givers: Iterable[str], types: EventTypes, told: Container[str]) -> None:
    for type_ in givers:
        for at, name in enumerate(subject.dimensions):
            if name in told and holds(types[type_], name) is not str:
                text = f"{name} of {type_} is no text, so it cannot be a dimension"
                raise PlanFault(text, "dimensions", at)


def _event_types(subject: Subject, types: EventTypes) -> list[str]:
    """The types that say something about the subject, each with the subject's id among its fields."""
    given = list(given_types(subject))
    for type_, at in given:
        if type_ not in types:
            remedy = "; declare it under `events`" if type_.startswith(OWN) else nearest(type_, types)
            raise PlanFault(f"unknown event type {type_!r}{remedy}", *at)
        for field in [subject.id] if isinstance(subject.id, str) else subject.id:
            if field not in types[type_].model_fields:
                raise PlanFault(f"{type_} has no field {field!r}, the id of this subject", *at)
            if holds(types[type_], field) is not str:
                raise PlanFault(f"{field} of {type_} is no text, so it cannot be an id", "id")
    return list(dict.fromkeys(type_ for type_, _ in given))


def given_types(subject: Subject) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Each event type that the subject names, and where."""
    for section in ("steps", "registers", "maps"):
        for name, fact in getattr(subject, section).items():
            yield from _given(fact.event, (section, name, "event"))
    for name, transitions in subject.transitions.items():
        for at, transition in enumerate(transitions):
            yield transition.event, ("transitions", name, at, "event")
    for type_ in subject.stages_from:
        yield type_, ("stages_from", type_)
    for at, type_ in enumerate(subject.dimensions_from or ()):
        yield type_, ("dimensions_from", at)


def _given(
    event: str | Sequence[str], at: tuple[str | int, ...]
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    if isinstance(event, str):
        yield event, at
    else:
        for place, type_ in enumerate(event):
            yield type_, (*at, place)


def id_reader(fields: str | Sequence[str]) -> Callable[[Any], str | None]:
    """Reads a subject's id from an event's data; of several fields none may be missing."""
    if isinstance(fields, str):
        return attrgetter(fields)
    read = attrgetter(*fields)

    def id_of(data: Any) -> str | None:
        ids = read(data)
        return ID_SEPARATOR.join(ids) if all(ids) else None

    return id_of


def condition_names(subject: Subject) -> dict[str, str]:
    """What conditions of measures may read from a row: registers, and how many keys a map has."""
    counts = {f"{name}.count": f"row.{name}.__len__()" for name in subject.maps}
    return {**register_names(subject), **counts}


def register_names(subject: Subject) -> dict[str, str]:
    """`answer.score` -> the Python that reads it from a row."""
    return {
        f"{name}.{field}": f"row.{name}[3][{at}]"
        for name, register in subject.registers.items()
        for at, field in enumerate(register.fields)
    }
