"""The catalog: subjects, facts, measures and KPIs, as a person writes them in YAML.

`parse(text)` gives the catalog or every problem in it, each with its path and line. What can be known only
by compiling (an unknown measure in a formula, a field that an event does not have) is checked by
`streams.engine.plan`, with the same `Problem`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from schemas import documents
from schemas.documents import Lines, Path, Problem
from schemas.events import MAX_AMOUNT
from schemas.kpis import Kpi
from schemas.measures import MEASURE_SPECS, MeasureSpec, Subject
from schemas.own_events import EventType
from schemas.pipeline import Pipeline
from schemas.words import (
    CurrencyCode,
    EventTypeName,
    FreeName,
    Interval,
    Model,
    Name,
    interval_ms,
)


class Rate(Model):
    rate: Decimal = Field(gt=0)
    """Major units of the reporting currency for one major unit of this one."""
    digits: int = Field(default=2, ge=0, le=4)


class Currency(Model):
    report: CurrencyCode
    digits: int = Field(default=2, ge=0, le=4)
    rates: dict[CurrencyCode, Rate] = {}

    @model_validator(mode="after")
    def _amounts_fit(self) -> Self:
        """A converted amount is kept in 64 bits."""
        for code, rate in self.rates.items():
            if MAX_AMOUNT * rate.rate * Decimal(10) ** (self.digits - rate.digits) >= 2**63:
                context = {"code": code, "report": self.report}
                raise PydanticCustomError(
                    "rate",
                    "amounts in {code} grow too large in {report}: give {report} fewer digits",
                    context,
                )
        return self


class Dimension(Model):
    """What numbers are sliced by: a field that every event may carry, or a pair of such."""

    keeps: Literal["first", "as_was"] = "first"
    """`first`: of the earliest event that had it; `as_was`: as it stood at each time."""
    of: tuple[Name, Name] | None = None
    """A pair: its members are those of both dimensions together. A subject that has it has both of these."""
    members: int = Field(ge=1, le=500)
    """How many members are expected at most: what bounds the number of series."""

    @model_validator(mode="after")
    def _pair_of_two(self) -> Self:
        if self.of is not None and self.of[0] == self.of[1]:
            raise PydanticCustomError("pair", "a pair is of two dimensions")
        if self.of is not None and "keeps" in self.model_fields_set:
            raise PydanticCustomError("pair", "a pair is kept as its two dimensions are: leave `keeps`")
        return self


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)


def _in_order(intervals: list[Interval]) -> list[Interval]:
    edges = [interval_ms(interval) for interval in intervals]
    for at, (start_ms, end_ms) in enumerate(edges):
        if start_ms >= end_ms:
            text = "{interval} ends before it begins: split it at midnight"
            raise PydanticCustomError("interval", text, {"interval": intervals[at]})
        if at and start_ms < edges[at - 1][1]:
            text = "{interval} begins before {before} has ended: write them in order, none in another"
            context = {"interval": intervals[at], "before": intervals[at - 1]}
            raise PydanticCustomError("interval", text, context)
    return intervals


class Holidays(Model):
    """Public holidays, as the library `holidays` has them."""

    country: str
    subdivision: str | None = None


class BusinessHours(Model):
    """When somebody is there: intervals of local time per day, less holidays. Of the years 1990 to 2060."""

    time_zone: str | None = None
    """An IANA name; the catalog's by default."""
    week: dict[Day, Annotated[list[Interval], AfterValidator(_in_order)]]
    """Day -> intervals such as 09:00-12:30, in order; up to 24:00. A day that is left out has none."""
    holidays: Holidays | None = None
    closed: list[date] = []
    """Further days on which nobody is there."""

    @model_validator(mode="after")
    def _somebody_is_there(self) -> Self:
        if not any(self.week.values()):
            raise PydanticCustomError("week", "`week` has no interval: the business clock would never run")
        return self


class Scale(Model):
    min: int = Field(ge=-1000)
    max: int = Field(le=1000)

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if self.min >= self.max:
            context = {"min": self.min, "max": self.max}
            raise PydanticCustomError("scale", "max {max} is not above min {min}", context)
        return self


class Links(Model):
    """Where people who are told of a number find it."""

    board: str = Field("http://localhost:8600", pattern=r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$")
    """Address of the board, without a slash at its end: dashboards and alerts link to its pages."""
    webhook: str | None = Field(None, pattern=r"^https?://[^\s/?#]+(/\S*)?$")
    """Where Alertmanager sends what fires. An address that is a secret does not belong here."""


class Catalog(Model):
    version: Literal[1]
    time_zone: str = "UTC"
    currency: Currency
    business_hours: BusinessHours | None = None
    ces_scale: Scale = Scale(min=1, max=7)
    """The one scale on which customer effort is asked."""
    links: Links = Links()
    pipeline: Pipeline = Pipeline()
    events: dict[EventTypeName, EventType] = {}
    dimensions: dict[FreeName, Dimension] = {}
    subjects: dict[Name, Subject]
    kpis: dict[Name, Kpi]

    @property
    def told(self) -> dict[str, Dimension]:
        """The dimensions that events tell; the others are pairs of them."""
        return {name: dimension for name, dimension in self.dimensions.items() if dimension.of is None}


# -- Reading it -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parsed:
    """`catalog` is None when there are problems."""

    catalog: Catalog | None
    lines: Lines
    problems: list[Problem]


def parse(text: str) -> Parsed:
    """Read a catalog from YAML text; nothing is raised for a bad one."""
    document = documents.read(text)
    lines = document.lines
    if document.problem is not None:
        return Parsed(None, lines, [document.problem])
    try:
        catalog = Catalog.model_validate(document.content)
    except ValidationError as error:
        return Parsed(None, lines, list(documents.problems(lines, (), error)))
    subjects, problems = _with_measures(catalog, lines)
    if problems:
        return Parsed(None, lines, problems)
    return Parsed(catalog.model_copy(update={"subjects": subjects}), lines, [])


def _with_measures(catalog: Catalog, lines: Lines) -> tuple[dict[str, Subject], list[Problem]]:
    """The subjects with each measure read as the kind that its keys name."""
    subjects: dict[str, Subject] = {}
    problems: list[Problem] = []
    for kind, subject in catalog.subjects.items():
        measures: dict[str, MeasureSpec] = {}
        for name, raw in subject.measures.items():
            path: Path = ("subjects", kind, "measures", name)
            try:
                measures[name] = _measure(raw)
            except ValidationError as error:
                problems += documents.problems(lines, path, error)
            except ValueError as error:
                problems.append(lines.problem(path, str(error)))
        subjects[kind] = subject.model_copy(update={"measures": measures})
    return subjects, problems


def _measure(raw: Any) -> MeasureSpec:
    kinds = [kind for kind in MEASURE_SPECS if isinstance(raw, Mapping) and kind in raw]
    if len(kinds) != 1:
        raise ValueError(f"a measure has exactly one of the keys {', '.join(MEASURE_SPECS)}")
    return MEASURE_SPECS[kinds[0]].model_validate(raw)
