"""The catalog: subjects, facts, measures and KPIs, as a person writes them in YAML.

`parse(text)` gives the catalog or every problem in it, each with its path and line. What can be known only
by compiling (an unknown measure in a formula, a field that an event does not have) is checked by
`streams.engine.plan`, with the same `Problem`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Span = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(ms|s|m|h|d)$")]
GaugeName = Annotated[str, StringConstraints(pattern=r"^crm_[a-z0-9_]+$")]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
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
    fields: list[str] = Field(min_length=1)


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
    """A bound on how many times of `step` lie before (or after) the moment that is counted; strict both ways."""

    step: Name
    before: Name | None = None
    after: Name | None = None
    at_least: int = 0
    at_most: int | None = None


class MeasureSpec(_Model):
    """Base of all measures. `tiers`: which panes hold it; all by default."""

    tiers: list[Tier] | None = None
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
    dimensions: list[Name] = []
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
    labels: dict[Name, str] = {}
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
    windows: list[Window] = Field(min_length=1)
    dimensions: list[Name] = []
    labels: dict[Name, str] = {}
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


class Dimension(_Model):
    keeps: Literal["first", "as_was"] = "first"
    """`first`: of the earliest event that had it; `as_was`: as it stood at each time."""


class Catalog(_Model):
    version: Literal[1]
    time_zone: str = "UTC"
    currency: Currency
    dimensions: dict[Name, Dimension] = {}
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
        known = path
        while known not in self._lines:
            known = known[:-1]
        return Problem(".".join(map(str, path)), self._lines[known], message)


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
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(
            "", mark.line + 1 if mark else 0, " ".join(str(error.problem or error.context).split())
        )
        return Parsed(None, Lines(None), [problem])
    lines = Lines(document)
    try:
        catalog = Catalog.model_validate(document)
    except ValidationError as error:
        return Parsed(None, lines, list(_problems(lines, (), error)))
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
    for fault in error.errors():
        message = fault["msg"]
        if fault["type"] == "extra_forbidden":
            message = "unknown field; see docs of this section for the fields it has"
        yield lines.problem((*prefix, *fault["loc"]), message)
