"""The catalog: subjects, facts, measures and KPIs, as a person writes them in YAML.

`parse(text)` gives the catalog or every problem in it, each with its path and line. What can be known only
by compiling (an unknown measure in a formula, a field that an event does not have) is checked by
`streams.engine.plan`, with the same `Problem`.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from schemas.events import MAX_AMOUNT

RESERVED = frozenset({"all", "kpi", "window", "dimension", "member", "partition"})
"""Every gauge has these labels, and `all` is the whole: no dimension or label of a KPI may be called so."""

_NAME = r"^[a-z][a-z0-9_]*$"
_SPAN = r"^[1-9][0-9]{0,8}(ms|s|m|h|d)$"
_GAUGE = r"^crm_[a-z0-9_]+$"
_CURRENCY = r"^[A-Z]{3}$"
_PATTERNS = {
    _NAME: "a name has lower-case letters, digits and _, and begins with a letter",
    _SPAN: "a span is a number and its unit, such as 30d, 24h, 15m, 90s or 500ms",
    _GAUGE: "a gauge is called crm_ and then lower-case letters, digits and _",
    _CURRENCY: "a currency is its ISO 4217 code, such as EUR",
}


def nearest(name: str, known: Collection[str]) -> str:
    """What to say after "unknown ..": the known name that was probably meant, else all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known) or 'none'}"


_Items = TypeVar("_Items", bound=list[Any])


def _distinct(items: _Items) -> _Items:
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
Names = Annotated[list[Name], AfterValidator(_distinct)]
Span = Annotated[str, StringConstraints(pattern=_SPAN)]
GaugeName = Annotated[str, StringConstraints(pattern=_GAUGE)]
CurrencyCode = Annotated[str, StringConstraints(pattern=_CURRENCY)]
Condition = str

Window = Literal[
    "now", "5m", "15m", "1h", "24h", "7d", "28d", "30d", "90d", "365d", "today", "wtd", "mtd", "qtd", "ytd"
]
Tier = Literal["minute", "hour", "day"]
Unit = Literal["count", "ratio", "seconds", "money", "points"]

_SPAN_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def span_ms(span: Span) -> int:
    """Milliseconds of a span such as `30d`, `24h` or `500ms`."""
    number = span.rstrip("mshd")
    return int(number) * _SPAN_MS[span[len(number) :]]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_field(cls, data: Any) -> Any:
        """All unknown fields at once, and instead of what is missing: mostly they are the same fault."""
        unknown = [key for key in data if key not in cls.model_fields] if isinstance(data, Mapping) else []
        if unknown:
            context = {"fields": unknown, "known": list(cls.model_fields)}
            raise PydanticCustomError("unknown_fields", "unknown fields: {fields}", context)
        return data


# -- Facts ------------------------------------------------------------------------------------------------


class Step(_Model):
    """A step: the times of an event type, where a condition on its data holds."""

    event: str
    where: Condition | None = None


class Register(_Model):
    """A value: the fields of the event with the greatest (revision, time, digest).

    An amount (`amount_minor`) is converted to the reporting currency. `time` names the event's own time.
    """

    event: str
    fields: Annotated[list[str], AfterValidator(_distinct)] = Field(min_length=1)


class Map(_Model):
    """Key -> register: one value per value of the field `key` (the refunds of an order)."""

    event: str
    key: str
    field: str


class FieldState(_Model):
    field: str


class Transition(_Model):
    """An event that puts the subject into a state: member (1) or not (0), a number, or a field's value."""

    event: str
    state: Annotated[int, Field(ge=0)] | FieldState
    kind: str | None = None
    """The field that says of which kind the change is (voluntary, reactivated, ..)."""
    key: str | None = None
    """The field that tells several such states of one subject apart (a customer's subscriptions)."""


class Moment(_Model):
    """A time that follows from the facts.

    Either the `first` of a step that lies after every time of `after` and not before any time of
    `not_before`; or the first `entering` of a transition, unless its kind is `unless_kind`.
    """

    first: Name | None = None
    after: list[Name] = []
    not_before: list[Name] = []
    entering: Name | None = None
    unless_kind: str | None = None


# -- Measures ---------------------------------------------------------------------------------------------


class Provided(_Model):
    """A bound on how many times of `step` lie before (or after) a moment; strictly so, both ways."""

    step: Name
    before: Name | None = None
    after: Name | None = None
    at_least: int = 0
    at_most: int | None = None


class MeasureSpec(_Model):
    """Base of all measures. `tiers`: which panes hold it; all by default."""

    tiers: Annotated[list[Tier], Field(min_length=1), AfterValidator(_distinct)] | None = None
    note: str | None = None


class Count(MeasureSpec):
    """n(x); with `at`, n(x @ y): once both are known, placed at y; `within`: x at most that long after y."""

    count: Name
    at: Name | None = None
    within: Span | None = None
    when: Condition | None = None
    """A condition on registers, such as `answer.score >= 9`."""
    provided: list[Provided] = []


class Sum(MeasureSpec):
    """sum(x.v): a register's field (`won.amount_minor`) or all of a map's values, placed at `at`."""

    sum: str
    at: Name
    when: Condition | None = None


class Duration(MeasureSpec):
    """dur(a -> b): milliseconds from a to the first b not before it, placed at b, with log-scale buckets."""

    duration: Name
    to: Name
    skip_first_if: Name | None = None
    """When this step is known, the second such b counts instead of the first."""


class Level(MeasureSpec):
    """level(x): a running total of a transition's state."""

    level: Name


class Open(MeasureSpec):
    """open(a until b): a level from a to the first of `until` not before it, with ages and a waiting list."""

    open: Name
    until: list[Name] = Field(min_length=1)


class Trailing(MeasureSpec):
    """trailing(f): f(state at the window's start, state now), exact for every window that ends now."""

    trailing: str
    of: Name
    kind: str | None = None
    """Count only subjects whose last leaving (state 0) was of this kind."""


class Spread(MeasureSpec):
    """A register's amount, spread over the local days of its period; held in day panes only."""

    spread: str
    start: str
    end: str
    when: Condition | None = None


MEASURE_SPECS: dict[str, type[MeasureSpec]] = {
    "count": Count,
    "sum": Sum,
    "duration": Duration,
    "level": Level,
    "open": Open,
    "trailing": Trailing,
    "spread": Spread,
}
"""The measure kinds: the key that names a kind in YAML, and what belongs to it."""


class Subject(_Model):
    """What events are about: a lead, a deal, a ticket. `id` names the field that tells them apart."""

    id: str
    keep: Span | Literal["forever"] = "800d"
    """How long after its newest event a subject is remembered (longer while it counts in a level)."""
    dimensions: Names = []
    dimensions_from: list[str] | None = None
    """Event types that may set the dimensions; all events about the subject by default."""
    steps: dict[Name, Step] = {}
    registers: dict[Name, Register] = {}
    maps: dict[Name, Map] = {}
    transitions: dict[Name, list[Transition]] = {}
    moments: dict[Name, Moment] = {}
    measures: dict[Name, Any] = {}
    """Each a `MeasureSpec` after `parse`."""


# -- KPIs -------------------------------------------------------------------------------------------------


class Series(_Model):
    """One gauge series of a KPI; what it leaves out comes from the KPI."""

    formula: str
    gauge: GaugeName | None = None
    labels: dict[FreeName, str] = {}
    unit: Unit | None = None


class Kpi(_Model):
    """A formula over windowed sums, with the words that people need to use it rightly."""

    title: str
    group: Literal["sales", "support", "customers", "campaigns", "health", "pipeline"]
    goal: str
    owner: str
    unit: Unit
    good: Literal["up", "down", "none"]
    gauge: GaugeName
    windows: Annotated[list[Window], AfterValidator(_distinct)] = Field(min_length=1)
    dimensions: Names = []
    labels: dict[FreeName, str] = {}
    formula: str | None = None
    series: list[Series] = []
    requires: list[Name] = []
    """Measures of which at least one must be other than 0 for there to be a value (recorded costs)."""
    note: str | None = None

    def all_series(self) -> list[Series]:
        """The KPI's series with gauge, labels and unit filled in."""
        given = self.series or [Series(formula=self.formula or "")]
        return [
            Series(
                formula=series.formula,
                gauge=series.gauge or self.gauge,
                labels={**self.labels, **series.labels},
                unit=series.unit or self.unit,
            )
            for series in given
        ]


class Rate(_Model):
    rate: Decimal = Field(gt=0)
    """Major units of the reporting currency for one major unit of this one."""
    digits: int = Field(default=2, ge=0, le=4)


class Currency(_Model):
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


class Dimension(_Model):
    keeps: Literal["first", "as_was"] = "first"
    """`first`: of the earliest event that had it; `as_was`: as it stood at each time."""


class Catalog(_Model):
    version: Literal[1]
    time_zone: str = "UTC"
    currency: Currency
    dimensions: dict[FreeName, Dimension] = {}
    subjects: dict[Name, Subject]
    kpis: dict[Name, Kpi]


# -- Reading it -------------------------------------------------------------------------------------------

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `path` is like `kpis.win_rate.formula`; `line` counts from 1, 0 when unknown."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return (
            f"line {self.line}: {self.path}: {self.message}"
            if self.path
            else f"line {self.line}: {self.message}"
        )


class Lines:
    """Where each path of a YAML document stands."""

    def __init__(self, document: Any) -> None:
        self._lines: dict[Path, int] = {(): 1, **dict(_walk(document, ()))}

    def problem(self, path: Path, message: str) -> Problem:
        """`message` at `path`, with the line of the nearest part of the path that stands in the file."""
        return Problem(".".join(map(str, path)), self._lines[self.known(path)], message)

    def known(self, path: Path) -> Path:
        """As much of the path as stands in the file."""
        while path not in self._lines:
            path = path[:-1]
        return path


def _walk(node: Any, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node, dict):
        children: Iterator[tuple[Any, Any]] = iter(node.items())
    elif isinstance(node, list):
        children = iter(enumerate(node))
    else:
        return
    marks = getattr(node, "lc", None)
    for key, child in children:
        if marks is not None and marks.data and key in marks.data:
            yield (*path, key), marks.data[key][0] + 1
        yield from _walk(child, (*path, key))


@dataclass(frozen=True, slots=True)
class Parsed:
    """`catalog` is None when there are problems."""

    catalog: Catalog | None
    lines: Lines
    problems: list[Problem]


def parse(text: str) -> Parsed:
    """Read a catalog from YAML text; nothing is raised for a bad one."""
    try:
        document = YAML(typ="rt").load(text)
        lines = Lines(document)
    except (MarkedYAMLError, ReaderError, RecursionError) as error:
        return Parsed(None, Lines(None), [_not_yaml(text, error)])
    try:
        catalog = Catalog.model_validate(document)
    except ValidationError as error:
        return Parsed(None, lines, list(_problems(lines, (), error)))
    subjects, problems = _with_measures(catalog, lines)
    if problems:
        return Parsed(None, lines, problems)
    return Parsed(catalog.model_copy(update={"subjects": subjects}), lines, [])


def _not_yaml(text: str, error: MarkedYAMLError | ReaderError | RecursionError) -> Problem:
    if isinstance(error, RecursionError):
        return Problem("", 1, "nested too deeply")
    if isinstance(error, ReaderError):
        return Problem(
            "", text.count("\n", 0, error.position) + 1, f"{error.reason} (#x{error.character:02x})"
        )
    mark = error.problem_mark or error.context_mark
    return Problem("", mark.line + 1 if mark else 1, " ".join(str(error.problem or error.context).split()))


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
                problems += _problems(lines, path, error)
            except ValueError as error:
                problems.append(lines.problem(path, str(error)))
        subjects[kind] = subject.model_copy(update={"measures": measures})
    return subjects, problems


def _measure(raw: Any) -> MeasureSpec:
    kinds = [kind for kind in MEASURE_SPECS if isinstance(raw, Mapping) and kind in raw]
    if len(kinds) != 1:
        raise ValueError(f"a measure has exactly one of the keys {', '.join(MEASURE_SPECS)}")
    return MEASURE_SPECS[kinds[0]].model_validate(raw)


def _problems(lines: Lines, prefix: Path, error: ValidationError) -> Iterator[Problem]:
    """What pydantic found, one problem per path; the branches of a union that do not fit are one problem."""
    messages: dict[Path, list[str]] = {}
    for fault in error.errors():
        path, context = (*prefix, *fault["loc"]), fault.get("ctx", {})
        if fault["type"] == "unknown_fields":
            for field in context["fields"]:
                messages[*lines.known(path), field] = [
                    f"unknown field {field!r}{nearest(str(field), context['known'])}"
                ]
        elif fault["type"] == "missing":
            messages[*lines.known(path[:-1]), path[-1]] = ["is missing"]
        else:
            not_mapping = "Input should be a mapping" if fault["type"] == "model_type" else None
            message = not_mapping or _PATTERNS.get(context.get("pattern", ""), fault["msg"])
            messages.setdefault(lines.known(path), []).append(message)
    for path, alternatives in messages.items():
        yield lines.problem(path, "; or: ".join(alternatives))
