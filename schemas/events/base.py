"""What the events' data are made of: kinds of fields, what every data may carry, rules across fields."""

from datetime import datetime
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.dead_letter import Reason

MAX_AMOUNT = 10**15
YEARS = range(1900, 2200)
"""Years that a time or a period may lie in; what lies outside is a producer's mistake."""

Id = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=200)]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Currency = Annotated[str, Field(min_length=3, max_length=3)]
Revision = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Actor = Literal["human", "bot", "sequence"]
Direction = Literal["inbound", "outbound"]
ChurnKind = Literal["voluntary", "involuntary", "unknown"]

CUSTOMER = "customer_id"
"""Whom an event is about in the end: the record key, where it names one."""
MAX_PERIOD_DAYS = 800
PERIOD = ("period_start", "period_end")
"""The fields that say which local days an amount is for, both inclusive."""


class Fault(NamedTuple):
    """A rule that does not hold of `data`; `reason` is a dead letter's reason code."""

    reason: Reason
    field: str
    message: str


class Declared(NamedTuple):
    """What a catalog declares that events must keep to."""

    ces_scale: tuple[int, int]
    """The first and the last of the one scale on which customer effort is asked."""
    entities: frozenset[str]
    """The kinds of subject of which a record can be removed."""


class Data(BaseModel):
    """What every `data` may carry. Dimensions (channel, segment, ..) come from the catalog, as strings."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, use_attribute_docstrings=True)

    TYPE: ClassVar[str]
    OWN_ID: ClassVar[str]
    """The field that is the record key when there is no customer: mostly the subject's own id."""
    KEYED_BY: ClassVar[tuple[str, ...]] = (CUSTOMER,)
    """The fields that are the record key before that one, if the type has them and the event a value."""

    revision: Revision | None = None

    @staticmethod
    def fault(data: Any, declared: Declared | None = None) -> Fault | None:
        """A broken rule that no field shows alone; without `declared`, of those that need no catalog.

        `data` is this model or the worker's struct with the same fields.
        """
        return None

    @classmethod
    def key_fields(cls) -> list[str]:
        """The fields whose first that has a value is the record key."""
        fields = dict.fromkeys((*cls.KEYED_BY, cls.OWN_ID))
        return [field for field in fields if field in cls.model_fields]

    @model_validator(mode="after")
    def _no_fault(self) -> Self:
        fault = self.fault(self)
        if fault is not None:
            raise PydanticCustomError(
                "fault", "{message}", {"reason": fault.reason, "field": fault.field, "message": fault.message}
            )
        return self


def field_type(model: type[Data], field: str) -> type:
    """What a field holds when it is there: str, int, bool, date or datetime."""
    return _held(model.model_fields[field].annotation)


def _held(annotation: Any) -> type:
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    if annotation is AwareDatetime:
        return datetime
    parts = [part for part in get_args(annotation) if part is not NoneType]
    held: type = _held(parts[0]) if parts else annotation
    return held


def period_fault(data: Any) -> Fault | None:
    """What is wrong with the period that is in the fields of `PERIOD`."""
    start, end = data.period_start, data.period_end
    if start is None and end is None:
        return None
    if start is None or end is None:
        missing = "period_start" if start is None else "period_end"
        return Fault("missing_field", missing, "period_start and period_end go together: give both or none")
    if start.year not in YEARS or end.year not in YEARS:
        return Fault("bad_value", "period_start", f"the years of a period are {YEARS[0]} to {YEARS[-1]}")
    if end < start:
        return Fault("bad_value", "period_end", f"{end} is before period_start {start}")
    if (end - start).days >= MAX_PERIOD_DAYS:
        return Fault("bad_value", "period_end", f"a period is at most {MAX_PERIOD_DAYS} days long")
    return None


def time_fault(data: Any, field: str) -> Fault | None:
    """What is wrong with the time or day in a field."""
    value = getattr(data, field)
    if value is None or value.year in YEARS:
        return None
    return Fault("bad_value", field, f"the year {value.year} is not one of {YEARS[0]} to {YEARS[-1]}")
