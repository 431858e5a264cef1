"""The words of the catalog: how names, spans, windows and units are written, and the base of its models."""

import difflib
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

RESERVED = frozenset({"all", "kpi", "window", "dimension", "member", "partition"})
"""Every gauge has these labels, and `all` is the whole: no dimension or label of a KPI may be called so."""

_NAME = r"^[a-z][a-z0-9_]*$"
SPAN = r"^[1-9][0-9]{0,8}(ms|s|m|h|d)$"
_GAUGE = r"^crm_[a-z0-9_]+$"
_CURRENCY = r"^[A-Z]{3}$"
_OWN_TYPE = r"^crm\.x\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
_INTERVAL = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
PATTERNS = {
    _NAME: "a name has lower-case letters, digits and _, and begins with a letter",
    SPAN: "a span is a number and its unit, such as 30d, 24h, 15m, 90s or 500ms",
    _GAUGE: "a gauge is called crm_ and then lower-case letters, digits and _",
    _CURRENCY: "a currency is its ISO 4217 code, such as EUR",
    _OWN_TYPE: "an event type of your own is called crm.x.<entity>.<past tense>, such as crm.x.demo.held",
    _INTERVAL: "an interval of the day is written 09:00-17:30",
    _TIME_OF_DAY: "a time of day is written 09:30 or 09:30:15",
}

_FEW = 12
"""Known names that a message can list."""


def nearest(name: str, known: Collection[str]) -> str:
    """What to say after "unknown ..": the known name that was probably meant, else all, if they are few."""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    if len(known) <= _FEW:
        return f"; known: {', '.join(known) or 'none'}"
    alike = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
    return f"; {len(known)} are known, most alike: {', '.join(alike)}"


_Items = TypeVar("_Items", bound=list[Any])


def distinct(items: _Items) -> _Items:
    for item in items:
        if items.count(item) > 1:
            raise PydanticCustomError("repeated", "{item} stands here twice", {"item": item})
    return items


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise PydanticCustomError(
            "reserved", "{name} has a meaning of its own; choose another", {"name": name}
        )
    return name


Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=64)]
FreeName = Annotated[Name, AfterValidator(_not_reserved)]
Names = Annotated[list[Name], AfterValidator(distinct)]
Span = Annotated[str, StringConstraints(pattern=SPAN)]
GaugeName = Annotated[str, StringConstraints(pattern=_GAUGE)]
EventTypeName = Annotated[str, StringConstraints(pattern=_OWN_TYPE)]
CurrencyCode = Annotated[str, StringConstraints(pattern=_CURRENCY)]
TimeOfDay = Annotated[str, StringConstraints(pattern=_TIME_OF_DAY)]
Interval = Annotated[str, StringConstraints(pattern=_INTERVAL)]
Condition = str

Window = Literal[
    "now", "5m", "15m", "1h", "24h", "7d", "28d", "30d", "90d", "365d", "today", "wtd", "mtd", "qtd", "ytd"
]
Tier = Literal["minute", "hour", "day"]
Unit = Literal["count", "ratio", "seconds", "money", "points", "years", "months"]

_SPAN_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def span_ms(span: Span) -> int:
    """Milliseconds of a span such as `30d`, `24h` or `500ms`."""
    number = span.rstrip("mshd")
    return int(number) * _SPAN_MS[span[len(number) :]]


def interval_ms(interval: Interval) -> tuple[int, int]:
    """From and to, in milliseconds of a day, of an interval such as `09:00-12:30`."""
    start, end = (int(edge[:2]) * 60 + int(edge[3:]) for edge in interval.split("-"))
    return start * 60_000, end * 60_000


class Model(BaseModel):
    """Base of all that a catalog is made of. A field whose name Python keeps to itself has it as alias."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_field(cls, data: Any) -> Any:
        """All unknown fields at once, and instead of what is missing: mostly they are the same fault."""
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = [key for key in data if key not in known] if isinstance(data, Mapping) else []
        if unknown:
            context = {"fields": unknown, "known": known}
            raise PydanticCustomError("unknown_fields", "unknown fields: {fields}", context)
        return data
