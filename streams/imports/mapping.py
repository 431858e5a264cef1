"""Reading a mapping of files: checked against the catalog in force, and then against the file's columns."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from schemas.documents import Lines, Path
from schemas.events import Data, field_type
from schemas.events.base import Id
from schemas.imports import EventMapping, ImportMapping, Value, parse
from schemas.words import nearest
from streams.engine.business import zone_of
from streams.engine.decode import MAX_MEMBER
from streams.engine.event_types import AMOUNT_SUFFIX, CURRENCY
from streams.engine.expressions import ExpressionError, compile_expression, names
from streams.engine.faults import PlanFault
from streams.engine.money import Converter
from streams.engine.plan import Plan
from streams.errors import MappingError

Faults = Iterator[tuple[Path, str]]
"""Path and message of each."""
_ASSIGNS: Final = re.compile(r"(?<![=!<>])=(?!=)")
_BRACED: Final = re.compile(r"""'[^']*'|"[^"]*"|\{([^{}]+)\}""")


@dataclass(frozen=True, slots=True)
class CheckedMapping:
    """A mapping that holds together with the catalog. Where it gives a currency, the events' data have it."""

    mapping: ImportMapping
    lines: Lines
    source: str
    """What the mapping's file is called."""

    def check_columns(self, columns: Collection[str]) -> None:
        """MappingError when it reads a column that is none of these."""
        faults = _column_faults(self.mapping, columns)
        _raise(self.source, self.lines, ((self.lines.known(path), message) for path, message in faults))


def read_mapping(text: str, source: str, plan: Plan) -> CheckedMapping:
    """Parse the mapping text of `source` and check it; MappingError lists what is wrong with it."""
    parsed = parse(text)
    if parsed.mapping is None:
        raise MappingError(source, parsed.problems)
    _raise(source, parsed.lines, _faults(parsed.mapping, plan))
    return CheckedMapping(_with_currency(parsed.mapping, plan), parsed.lines, source)


def _raise(source: str, lines: Lines, faults: Faults) -> None:
    found = [lines.problem(path, message) for path, message in faults]
    if found:
        raise MappingError(source, found)


def _with_currency(mapping: ImportMapping, plan: Plan) -> ImportMapping:
    """With the mapping's currency in each event that needs one."""
    events = [
        event.model_copy(update={"data": {**event.data, CURRENCY: Value(constant=mapping.currency)}})
        if mapping.currency and _lacks_currency(event, plan)
        else event
        for event in mapping.events
    ]
    return mapping.model_copy(update={"events": events})


def _lacks_currency(event: EventMapping, plan: Plan) -> bool:
    has_amount = any(field.endswith(AMOUNT_SUFFIX) for field in event.data)
    return has_amount and CURRENCY in plan.types[event.type].model_fields and CURRENCY not in event.data


# -- Against the catalog ----------------------------------------------------------------------------------


def _faults(mapping: ImportMapping, plan: Plan) -> Faults:
    yield from _zone_faults(("time_zone",), mapping.time_zone)
    converter = Converter(plan.catalog.currency)
    if mapping.currency and (message := converter.no_rate(mapping.currency)):
        yield ("currency",), message
    for at, event in enumerate(mapping.events):
        path = ("events", at)
        yield from _condition_faults((*path, "when"), event.when)
        if event.id is not None:
            yield from _value_faults((*path, "id"), event.id, _ID)
        yield from _value_faults((*path, "time"), event.time, _TIME)
        yield from _data_faults(path, event, mapping, plan)


def _zone_faults(path: Path, zone: str) -> Faults:
    try:
        zone_of(zone)
    except PlanFault as fault:
        yield path, str(fault)


def _condition_faults(path: Path, condition: str | None) -> Faults:
    if condition is None:
        return
    try:
        expression, columns = named(condition)
        compile_expression(expression, "row", dict.fromkeys(columns, "row"))
    except ExpressionError as error:
        yield path, f"{error}{'; to compare, write ==' if _ASSIGNS.search(condition) else ''}"


def _data_faults(path: Path, event: EventMapping, mapping: ImportMapping, plan: Plan) -> Faults:
    model = plan.types.get(event.type)
    if model is None:
        yield (*path, "type"), f"unknown event type {event.type!r}{nearest(event.type, plan.types)}"
        return
    kinds = field_kinds(model, plan.catalog.told)
    for name, value in event.data.items():
        if name in kinds:
            yield from _value_faults((*path, "data", name), value, kinds[name])
        else:
            yield (*path, "data", name), f"{event.type} has no such field{nearest(name, kinds)}"
    for name, field in model.model_fields.items():
        if field.is_required() and name not in event.data and not (name == CURRENCY and mapping.currency):
            yield (*path, "data", name), f"is missing; {event.type} cannot be without it"


class FieldKind(NamedTuple):
    """What a field holds."""

    held: type
    """str, int, bool, date or datetime."""
    annotation: Any
    """The same with its bounds, for pydantic."""


_ID: Final = FieldKind(str, Id)
_TIME: Final = FieldKind(datetime, AwareDatetime)
_MEMBER: Final = FieldKind(str, Annotated[str, Field(max_length=MAX_MEMBER)])


def field_kinds(model: type[Data], dimensions: Collection[str]) -> dict[str, FieldKind]:
    """All fields that the data of an event of this type may have."""
    own = {
        name: FieldKind(field_type(model, name), Annotated[(field.annotation, *field.metadata)])
        if field.metadata
        else FieldKind(field_type(model, name), field.annotation)
        for name, field in model.model_fields.items()
    }
    return {**dict.fromkeys(dimensions, _MEMBER), **own}


# -- Values -----------------------------------------------------------------------------------------------

_TIMES: Final = "times and days"
_SAID_OF: Final[Mapping[str, tuple[str, tuple[type, ...]]]] = {
    "digits": ("whole numbers", (int,)),
    "format": (_TIMES, (date, datetime)),
    "zone": ("times", (datetime,)),
    "at": ("times", (datetime,)),
}
"""Option of a value -> the kinds of field of which it can be said."""


def _value_faults(path: Path, value: Value, kind: FieldKind) -> Faults:
    for at, one in enumerate(value.first or ()):
        yield from _value_faults((*path, "first", at), one, kind)
    for below, constant in _constants(value):
        yield from _constant_faults((*path, *below), constant, kind)
    for option, (of, held) in _SAID_OF.items():
        if getattr(value, option) is not None and kind.held not in held:
            yield (*path, option), f"is said of {of}, and this field holds none: leave it out"
    if value.zone is not None:
        yield from _zone_faults((*path, "zone"), value.zone)


def _constants(value: Value) -> Iterator[tuple[Path, object]]:
    given: dict[Path, object] = {("constant",): value.constant, ("otherwise",): value.otherwise}
    given |= {("values", cell): meaning for cell, meaning in (value.values or {}).items()}
    return ((path, constant) for path, constant in given.items() if constant is not None)


def _constant_faults(path: Path, constant: object, kind: FieldKind) -> Faults:
    try:
        TypeAdapter(kind.annotation).validate_json(json.dumps(constant), strict=True)
    except ValidationError as error:
        yield path, f"{constant!r}: {error.errors()[0]['msg']}"


# -- Against the file -------------------------------------------------------------------------------------


def named(condition: str) -> tuple[str, dict[str, str]]:
    """A condition as an expression of plain names, and the column that each name stands for.

    Columns in braces get a name of their own: `{Deal Stage} == 'Won'` is `column_1_ == 'Won'`.
    """
    columns: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        columns[alias := f"column_{len(columns) + 1}_"] = found[1]
        return alias

    expression = _BRACED.sub(name, condition)
    return expression, {name: columns.get(name, name) for name in names(expression)}


def _column_faults(mapping: ImportMapping, columns: Collection[str]) -> Faults:
    for at, event in enumerate(mapping.events):
        for path, name in columns_of(event):
            if name not in columns:
                yield ("events", at, *path), f"there is no column {name!r}{nearest(name, columns)}"


def columns_of(event: EventMapping) -> Iterator[tuple[Path, str]]:
    """Path and name of each column that an event reads."""
    for name in named(event.when)[1].values() if event.when else ():
        yield ("when",), name
    values: dict[Path, Value | None] = {("id",): event.id, ("time",): event.time}
    values |= {("data", name): value for name, value in event.data.items()}
    for path, value in values.items():
        for below, name in value.columns() if value else ():
            yield (*path, *below), name
