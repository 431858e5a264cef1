"""Subjects: the row of facts that is remembered of each, and the slices that it belongs to.

A `SubjectPlan` is compiled from the catalog: `row_type` is a struct with one field per dimension and fact.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any

import msgspec

from schemas.catalog import Catalog, Subject, nearest, span_ms
from schemas.events import EVENT_TYPES
from streams.engine.facts import Row
from streams.engine.faults import PlanFault, located
from streams.engine.mergers import DIMENSION, NEWEST, Merge, Merger, Moves, compile_mergers
from streams.engine.moments import times_of
from streams.engine.money import Converter
from streams.naming import UNKNOWN

Members = tuple[str, ...]
"""One member per dimension of the subject, in the subject's order."""


@dataclass(frozen=True, slots=True)
class SubjectPlan:
    """One kind of subject, compiled."""

    kind: str
    subject: Subject
    about: Mapping[str, "About"]
    """Event type -> what such an event says about the subject."""
    keep_ms: int | None
    """None: for ever."""
    row_type: type[msgspec.Struct]
    as_was: tuple[int, ...]
    """Which dimensions are kept as they were."""
    decode_row: Callable[[bytes], Row]
    members_now: Callable[[Row], Members]
    """The subject's member in each dimension."""
    _dimensions: tuple[str, ...] = field(repr=False)

    def members(self, row: Row, time_ms: int | None) -> Members:
        """The subject's member in each dimension at a time; None: now."""
        if time_ms is None or not self.as_was:
            return self.members_now(row)
        return tuple([_member(getattr(row, kept), time_ms) for kept in self._dimensions])

    def member_changes(self, row: Row) -> list[int]:
        """The times at which a dimension that is kept as it was may have changed."""
        return sorted({time for at in self.as_was for time, _, _ in getattr(row, self._dimensions[at])})


@dataclass(frozen=True, slots=True)
class About:
    """What events of one type say about a kind of subject."""

    id_of: Callable[[Any], str | None]
    """The subject's id in such an event's data."""
    moves: Moves
    dimensions: Sequence[Merger]
    merges: Sequence[Merge]


def _member(kept: Any, time_ms: int) -> str:
    """`kept` is a first member, None, or the list of all changes."""
    if isinstance(kept, list):
        at = bisect_right(kept, time_ms, key=lambda member: int(member[0]))
        kept = kept[at - 1] if at else None
    return kept[2] if kept else UNKNOWN


def _members_now(keeps: Mapping[str, str]) -> Callable[[Row], Members]:
    """One expression over all dimensions, for it is asked of each row."""
    terms = [
        f"row.{DIMENSION}{name}{last}[2] if row.{DIMENSION}{name} else {UNKNOWN!r}"
        for name, last in ((name, "" if how == "first" else "[-1]") for name, how in keeps.items())
    ]
    members: Callable[[Row], Members] = eval(f"lambda row: ({''.join(f'{term}, ' for term in terms)})")
    return members


# -- Compiling --------------------------------------------------------------------------------------------


def compile_subject(kind: str, subject: Subject, catalog: Catalog, converter: Converter) -> SubjectPlan:
    """The plan of one subject; PlanFault for the first thing in it that cannot be."""
    _check_names(subject)
    dimensions = _dimensions(subject, catalog)
    types = _event_types(subject)
    sources = types if subject.dimensions_from is None else subject.dimensions_from
    mergers = compile_mergers(subject, catalog, converter, sources)
    for name in subject.moments:
        located(partial(times_of, subject, name), "moments", name)
    row_type = msgspec.defstruct(f"{kind}_row", mergers.fields, array_like=True, gc=False)
    keeps = {name: catalog.dimensions[name].keeps for name in subject.dimensions}
    return SubjectPlan(
        kind=kind,
        subject=subject,
        about={
            type_: About(
                id_of=attrgetter(subject.id),
                moves=mergers.moves.get(type_, _never_moves),
                dimensions=mergers.dimensions.get(type_, ()),
                merges=mergers.merges.get(type_, ()),
            )
            for type_ in types
        },
        keep_ms=None if subject.keep == "forever" else span_ms(subject.keep),
        row_type=row_type,
        as_was=tuple(at for at, how in enumerate(keeps.values()) if how == "as_was"),
        decode_row=msgspec.msgpack.Decoder(row_type).decode,
        members_now=_members_now(keeps),
        _dimensions=dimensions,
    )


def _never_moves(row: Row, data: Any, time_ms: int) -> bool:
    return False


def _check_names(subject: Subject) -> None:
    seen = {NEWEST: "fields that every row has"}
    for section in ("steps", "registers", "maps", "transitions", "moments"):
        for name in getattr(subject, section):
            if name in seen:
                raise PlanFault(f"{name!r} is already the name of one of the {seen[name]}", section, name)
            if name.startswith(DIMENSION):
                raise PlanFault(
                    f"{DIMENSION}.. are the dimensions in a row; choose another name", section, name
                )
            seen[name] = section


def _dimensions(subject: Subject, catalog: Catalog) -> tuple[str, ...]:
    for at, name in enumerate(subject.dimensions):
        if name not in catalog.dimensions:
            raise PlanFault(
                f"unknown dimension {name!r}{nearest(name, catalog.dimensions)}", "dimensions", at
            )
    return tuple(f"{DIMENSION}{name}" for name in subject.dimensions)


def _event_types(subject: Subject) -> list[str]:
    """The types that say something about the subject, each with the subject's id among its fields."""
    given = list(_given_types(subject))
    for type_, at in given:
        if type_ not in EVENT_TYPES:
            raise PlanFault(f"unknown event type {type_!r}{nearest(type_, EVENT_TYPES)}", *at)
        if subject.id not in EVENT_TYPES[type_].model_fields:
            raise PlanFault(f"{type_} has no field {subject.id!r}, the id of this subject", *at)
    return list(dict.fromkeys(type_ for type_, _ in given))


def _given_types(subject: Subject) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Each event type that the subject names, and where."""
    for section in ("steps", "registers", "maps"):
        for name, fact in getattr(subject, section).items():
            yield fact.event, (section, name, "event")
    for name, transitions in subject.transitions.items():
        for at, transition in enumerate(transitions):
            yield transition.event, ("transitions", name, at, "event")
    for at, type_ in enumerate(subject.dimensions_from or ()):
        yield type_, ("dimensions_from", at)


def register_names(subject: Subject) -> dict[str, str]:
    """`answer.score` -> the Python that reads it from a row; for conditions of measures."""
    return {
        f"{name}.{field}": f"row.{name}[3][{at}]"
        for name, register in subject.registers.items()
        for at, field in enumerate(register.fields)
    }
