"""Records -> events and rejects. Bad is a value too: nothing raises per record.

The decoders are derived from the models of the event types when a `Decoder` is made. The fast path reads a
record in one pass; only a record that it refuses is looked at a second time, to say what is wrong with it.
"""

import hashlib
import json
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Protocol, Union, get_args, get_origin

import msgspec
from pydantic.fields import FieldInfo

from schemas.dead_letter import MAX_ORIGINAL_BYTES, Reason
from schemas.events import YEARS, Data, Declared, Envelope, EventTypes
from streams.engine.windows import AHEAD_MS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MAX_MEMBER: Final = 200
"""Characters that a dimension's member may have; it becomes a label."""
_FIRST_8_BYTES: Final = struct.Struct(">Q").unpack_from
_CLOUD_EVENT_HEADER: Final = "ce_"
_MAX_DEPTH: Final = 400
"""Of brackets. Without it the interpreter's stack would decide, and a replay could decide otherwise."""
_SHORT: Final = 2 * _MAX_DEPTH
"""A record of so many bytes has no room for more pairs of brackets than that."""
_MAX_MESSAGE: Final = 500
_MAX_DIGITS: Final = 40
"""Longer numbers are beyond every bound, whatever their other digits are."""


class Record(Protocol):
    """What is read of a Kafka record. `timestamp` is in milliseconds."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Event(msgspec.Struct, frozen=True, gc=False):
    """An accepted event. `now_ms` is its record's timestamp; `data` has the fields of its type's model."""

    type: str
    digest: int
    time_ms: int
    now_ms: int
    data: Any
    record: Any
    source: str


class Reject(NamedTuple):
    """A record that could not be counted, and why."""

    record: Record
    reason: Reason
    field: str | None
    message: str


class _Refused(Exception):
    """Inside this module only: carries a reject's reason out of the checks."""

    def __init__(self, reason: Reason, field: str | None, message: str) -> None:
        self.reason: Reason = reason
        self.field = field
        self.message = message[:_MAX_MESSAGE]
        super().__init__(message)


def event_digest(source: str, event_id: str) -> int:
    """The first 8 bytes of sha256(source, newline, id): the same digest is the same event."""
    digest: int = _FIRST_8_BYTES(hashlib.sha256(f"{source}\n{event_id}".encode()).digest())[0]
    return digest


def epoch_ms(time: datetime) -> int:
    """Milliseconds since the epoch; what is finer is cut off."""
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


class Decoder:
    """Decodes records for one catalog: its dimensions are fields of every event's data."""

    def __init__(
        self,
        types: EventTypes,
        dimensions: Iterable[str],
        currencies: frozenset[str],
        declared: Declared,
    ) -> None:
        self._models = types
        self._currencies = currencies
        self.declared = declared
        names = tuple(dimensions)
        envelopes = {
            type_: _envelope_struct(type_, _data_struct(model, names)) for type_, model in types.items()
        }
        self._types = {envelope: (type_, _is_checked(types[type_])) for type_, envelope in envelopes.items()}
        union: Any = Union[tuple(envelopes.values())]  # noqa: UP007
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(union).decode

    def decode(self, records: Iterable[Record]) -> tuple[list[Event], list[Reject]]:
        """The events and the rejects of a batch, each in the order of their records."""
        events: list[Event] = []
        rejects: list[Reject] = []
        for record in records:
            try:
                events.append(self._event(record))
            except _Refused as refused:
                rejects.append(Reject(record, refused.reason, refused.field, refused.message))
        return events, rejects

    def _event(self, record: Record) -> Event:
        value = record.value
        if value is None or len(value) > _SHORT or record.headers:
            value = _structured(record)
        try:
            if not value.isascii():
                value.decode()
            message = self._decode(value)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            message = self._second_look(value)
        type_, is_checked = self._types[type(message)]
        time_ms = self._time_ms(message.time, record.timestamp)
        data = message.data
        if is_checked:
            self._check(type_, data)
        source = message.source
        digest = event_digest(source, message.id)
        return Event(type_, digest, time_ms, record.timestamp, data, record, source)

    def _time_ms(self, time: datetime, now_ms: int) -> int:
        if time.year not in YEARS:
            raise _Refused(
                "bad_time", "time", f"the year {time.year} is not one of {YEARS[0]} to {YEARS[-1]}"
            )
        time_ms = epoch_ms(time)
        if time_ms > now_ms + AHEAD_MS:
            ahead = (time_ms - now_ms) / 1000
            raise _Refused(
                "future_time", "time", f"{time.isoformat()} is {ahead:.0f} s after its record's timestamp"
            )
        return time_ms

    def _check(self, type_: str, data: Any) -> None:
        currency = getattr(data, "currency", None)
        if currency is not None and currency not in self._currencies:
            known = ", ".join(sorted(self._currencies))
            message = f"no rate for {currency!r}; the catalog has {known}"
            raise _Refused("unknown_currency", "data.currency", message)
        fault = self._models[type_].fault(data, self.declared)
        if fault is not None:
            raise _Refused(fault.reason, f"data.{fault.field}", fault.message)

    def _second_look(self, value: bytes) -> Any:
        """Decode what the fast path refused, or raise the reason. Of a repeated field the last wins."""
        document = _json_object(value)
        type_ = document.get("type")
        if type_ is None:
            raise _Refused(
                "missing_field", "type", "type is missing; it names what happened, e.g. crm.lead.created"
            )
        if not isinstance(type_, str):
            raise _Refused("wrong_type", "type", "type must be a string")
        if type_ not in self._models:
            raise _Refused("unknown_type", "type", f"{type_!r} is not a type of the contract or the catalog")
        try:
            return self._decode(json.dumps(document, ensure_ascii=False).encode())
        except msgspec.ValidationError as error:
            raise _explained(str(error), self._models[type_]) from None
        except (ValueError, RecursionError) as error:
            raise _Refused("not_json", None, f"not JSON: {error}") from None


# -- What stands in the record ----------------------------------------------------------------------------


def structured(record: Record) -> bytes | None:
    """A record's event as in structured mode, whatever its mode; None where it cannot be put together."""
    try:
        return _structured(record)
    except _Refused:
        return None


def _structured(record: Record) -> bytes:
    """The record's value in structured mode; a binary mode record (ce_ headers) is put together."""
    value = record.value
    if value is None:
        raise _Refused(
            "tombstone", None, "the record has no value; an event is taken back by an event, not by null"
        )
    if len(value) > MAX_ORIGINAL_BYTES:
        raise _Refused("too_large", None, f"{len(value)} bytes; an event has at most {MAX_ORIGINAL_BYTES}")
    for name, text in record.headers:
        if name == "ce_type" and text is not None:
            value = _from_binary(record.headers, value)
            break
    if len(value) > _SHORT:
        _check_depth(value)
    return value


def _from_binary(headers: Sequence[tuple[str, bytes | None]], value: bytes) -> bytes:
    attributes = {
        name.removeprefix(_CLOUD_EVENT_HEADER): _attribute(name, text)
        for name, text in headers
        if name.startswith(_CLOUD_EVENT_HEADER) and text is not None
    }
    try:
        _check_syntax(value)  # on its own: it must not be able to add attributes
    except (ValueError, RecursionError):
        _json_object(value)
    return json.dumps(attributes).encode()[:-1] + b', "data": ' + value + b"}"


def _attribute(name: str, text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        field = name.removeprefix(_CLOUD_EVENT_HEADER)
        raise _Refused("not_utf8", field, f"header {name}: not UTF-8 at byte {error.start}") from None


_check_syntax: Final = msgspec.json.Decoder(msgspec.Raw).decode
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)


def _check_depth(value: bytes) -> None:
    if value.count(b"[") + value.count(b"{") <= _MAX_DEPTH:
        return
    depth = 0
    for bracket in re.findall(rb"[\[{}\]]", _STRINGS.sub(b"", value)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _MAX_DEPTH:
            raise _Refused("not_json", None, f"nested more than {_MAX_DEPTH} levels deep")


def _json_object(value: bytes) -> dict[str, Any]:
    try:
        document = json.loads(value.decode(), parse_int=_whole_number, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise _Refused("not_utf8", None, f"not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise _Refused("not_json", None, f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise _Refused("not_object", None, f"an event is a JSON object, not a {type(document).__name__}")
    return document


def _whole_number(digits: str) -> int:
    return int(digits[:_MAX_DIGITS])


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# -- What is wrong with it --------------------------------------------------------------------------------

_FAULTS: Final[tuple[tuple[re.Pattern[str], Reason], ...]] = (
    (re.compile(r"^Object missing required field `(?P<field>\w+)`"), "missing_field"),
    (re.compile(r"^Expected `[^`]*`, got `[^`]*`"), "wrong_type"),
    (re.compile(r""), "bad_value"),
)
_ABOUT_TIMES: Final = ("datetime", "timezone")
_PATH: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


def _explained(error: str, model: type[Data]) -> _Refused:
    """The reason behind a msgspec message such as "Expected `int`, got `str` - at `$.data.score`"."""
    path = match["path"] if (match := _PATH.search(error)) else ""
    text = _PATH.sub("", error)
    reason, fault = next((reason, fault) for pattern, reason in _FAULTS if (fault := pattern.match(text)))
    field = ".".join(filter(None, (path, fault.groupdict().get("field"))))
    if field == "time" and reason != "missing_field":
        reason = "bad_time"
    if any(word in text for word in _ABOUT_TIMES):
        text = f"{text}; write RFC 3339 with a zone, e.g. 2026-01-31T12:00:00Z"
    return _Refused(reason, field or None, f"{field or 'event'}: {text}{_choices(model, field)}")


def _choices(model: type[Data], field: str) -> str:
    """What an enumerated field may say."""
    info = model.model_fields.get(field.removeprefix("data."))
    values = [str(value) for value in _literals(info.annotation)] if info else []
    return f"; one of {', '.join(values)}" if values else ""


def _literals(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(value for part in get_args(annotation) for value in _literals(part))


def _is_checked(model: type[Data]) -> bool:
    """Whether such data may be wrong in a way that its fields alone do not show."""
    return "currency" in model.model_fields or model.fault is not Data.fault


# -- Deriving the structs ---------------------------------------------------------------------------------


def _data_struct(model: type[Data], dimensions: Sequence[str]) -> type[msgspec.Struct]:
    fields = [_field(name, info) for name, info in model.model_fields.items()]
    member = Annotated[str, msgspec.Meta(max_length=MAX_MEMBER)] | None
    extra = [(name, member, None) for name in dimensions if name not in model.model_fields]
    return msgspec.defstruct(model.__name__, [*fields, *extra], kw_only=True, frozen=True, gc=False)


def _envelope_struct(type_: str, data: type[msgspec.Struct]) -> type[msgspec.Struct]:
    fields = [_field(name, Envelope.model_fields[name]) for name in ("specversion", "id", "source", "time")]
    all_fields = [*fields, ("data", data)]
    return msgspec.defstruct(
        "Envelope", all_fields, tag_field="type", tag=type_, kw_only=True, frozen=True, gc=False
    )


def _field(name: str, info: FieldInfo) -> Any:
    type_ = _bounded(_msgspec_type(info.annotation), info.metadata)
    return (name, type_) if info.is_required() else (name, type_, info.default)


def _msgspec_type(annotation: Any) -> Any:
    """The msgspec type with the same meaning as a pydantic annotation of the event models."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *notes = get_args(annotation)
        constraints = [
            c for note in notes for c in (note.metadata if isinstance(note, FieldInfo) else [note])
        ]
        return _bounded(_msgspec_type(base), constraints)
    if origin in (Union, UnionType):
        return Union[tuple(_msgspec_type(part) for part in get_args(annotation))]  # noqa: UP007
    if annotation in (str, int, bool, date, type(None)) or origin is Literal:
        return annotation
    if annotation is datetime or getattr(annotation, "__name__", "") == "AwareDatetime":
        return Annotated[datetime, msgspec.Meta(tz=True)]
    raise TypeError(f"the event models use a type that the decoder does not know: {annotation}")


_CONSTRAINTS: Final = ("ge", "le", "min_length", "max_length")


def _bounded(type_: Any, constraints: Sequence[Any]) -> Any:
    bounds: dict[str, Any] = {
        name: getattr(constraint, name)
        for constraint in constraints
        for name in _CONSTRAINTS
        if hasattr(constraint, name)
    }
    return Annotated[type_, msgspec.Meta(**bounds)] if bounds else type_
