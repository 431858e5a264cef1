"""The subjects of a catalog: what is remembered of each, and the measures that are summed from it."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.words import Condition, Model, Name, Names, Span, Tier, distinct

ID_PLACE = "{id}"


def _link(template: str) -> str:
    if not _is_link(template):
        raise PydanticCustomError("link", "a link is written https://crm.example/leads/{id}")
    return template


def _is_link(template: str) -> bool:
    rest = template.replace(ID_PLACE, "")
    try:
        address = urlsplit(rest)
    except ValueError:
        return False
    has_place = rest != template and "{" not in rest and "}" not in rest
    return has_place and address.scheme in ("http", "https") and bool(address.netloc)


Link = Annotated[str, AfterValidator(_link)]
"""The address of a page about one subject, with `{id}` where its id belongs."""

# -- Facts ------------------------------------------------------------------------------------------------


class Step(Model):
    """A step: the times of an event type, where a condition on its data holds."""

    event: str
    where: Condition | None = None


class Register(Model):
    """A value: the fields of the event with the greatest (revision, time, digest).

    An amount (`amount_minor`) is converted to the reporting currency. `time` names the event's own time.
    """

    event: str | Annotated[list[str], Field(min_length=1), AfterValidator(distinct)]
    """A type, or several with these fields: the greatest event of all of them counts."""
    where: Condition | None = None
    fields: Annotated[list[str], AfterValidator(distinct)] = Field(min_length=1)


class Map(Model):
    """Key -> register: one value per value of the field `key` (the refunds of an order).

    Conditions read the number of its keys as `refunds.count`.
    """

    event: str
    where: Condition | None = None
    key: str
    field: str | None = None
    """Without one only the keys are kept."""
    keep: Annotated[int, Field(ge=1)] | None = None
    """So many keys at most: the first in their order as texts, which is again a function of the set."""


class FieldState(Model):
    field: str


class Transition(Model):
    """An event that puts the subject into a state: member (1) or not (0), a number, or a field's value."""

    event: str
    where: Condition | None = None
    state: Annotated[int, Field(ge=0)] | FieldState
    before: str | None = None
    """The field that holds the state before: what the earliest per key says opens the level, in no pane."""
    kind: str | None = None
    """The field that says of which kind the change is (voluntary, reactivated, ..)."""
    key: str | None = None
    """The field that tells several such states of one subject apart (a customer's subscriptions)."""


def events_of(source: Step | Register | Map | Transition) -> list[str]:
    """The event types that say something about a fact."""
    return [source.event] if isinstance(source.event, str) else source.event


class Moment(Model):
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


class Provided(Model):
    """A bound on how many times of `step` lie before (or after) a moment; strictly so, both ways."""

    step: Name
    before: Name | None = None
    after: Name | None = None
    within: Span | None = None
    """Only times at most so far from the moment."""
    at_least: int = 0
    at_most: int | None = None


class MeasureSpec(Model):
    """Base of all measures. `tiers`: which panes hold it; all by default."""

    tiers: Annotated[list[Tier], Field(min_length=1), AfterValidator(distinct)] | None = None
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
    less: Name | None = None
    """A map whose values are taken off (refunds); none is known, none is taken off."""
    at: Name
    when: Condition | None = None


class Duration(MeasureSpec):
    """dur(a -> b): milliseconds from a to the first b not before it, placed at b, with log-scale buckets."""

    duration: Name
    to: Name
    skip_first_if: Name | None = None
    """When this step is known, the second such b counts instead of the first."""
    clock: Literal["calendar", "business"] = "calendar"
    """`business`: only the time within the catalog's `business_hours`."""


class Timed(MeasureSpec):
    """A register's field that is a duration in milliseconds, placed at `at`, with log-scale buckets."""

    timed: str
    at: Name


class Level(MeasureSpec):
    """level(x): a running total of a transition's state, summed over the keys of a subject."""

    level: Name
    key: str | None = None
    """Only the state under this key."""
    value: Condition | None = None
    """An expression of `now`, the sum of the states, which is 0 at 0: `min(now, 1)` counts subjects."""
    during: Name | None = Field(default=None, alias="while")
    """A transition: the level is 0 while its state is."""
    until: list[Name] = []
    """Moments: the level is 0 from the first of them on."""
    weighted: bool = False
    """Times the probability of the stage that the subject is in, rounded down; 0 before any stage."""


class Reached(MeasureSpec):
    """+1 at `at` if the subject was ever in this stage or a later one, or has one of the moments `or`."""

    reached: Name
    also: list[Name] = Field(default=[], alias="or")
    at: Name


class Movement(MeasureSpec):
    """Changes of a level per subject, by what they are, each placed at its time as a positive amount.

    From 0: `new` the first time, `reactivated` later; to 0: `churned`; between: `expansion`, `contraction`.
    Changes at the same time are one.
    """

    movement: Name
    which: Literal["new", "reactivated", "expansion", "contraction", "churned"]


class Open(MeasureSpec):
    """open(a until b): a level from a to the first of `until` not before it, with ages and a waiting list."""

    open: Name
    until: list[Name] = Field(min_length=1)
    due: str | None = None
    """A register's field with a time: open only from then on, unless it was closed by then."""
    due_after: Span | None = None
    """When there is no such time: so long after a."""


class Trailing(MeasureSpec):
    """trailing(f): f(state at the window's start, state now), exact for every window that ends now."""

    trailing: str
    of: Name
    kind: str | None = None
    """Count only subjects whose last leaving (state 0) was of this kind."""
    over: Annotated[list[Literal["7d", "28d", "30d", "90d", "365d"]], AfterValidator(distinct)] = []
    """over(f, W) beside it, in day panes: f(state W before a day began, state when it began), for the windows
    before. Its slices are those of the earlier state."""


class Distinct(MeasureSpec):
    """Subjects whose latest `distinct` lies in the window; only for windows that end now."""

    distinct: Name
    during: Name | None = Field(default=None, alias="while")
    """A transition: only subjects whose state is not 0 now."""
    when: Condition | None = None


class Union(MeasureSpec):
    """Milliseconds during which at least one of a transition's states is not 0, overlaps counted once."""

    union: Name


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
    "timed": Timed,
    "level": Level,
    "reached": Reached,
    "movement": Movement,
    "open": Open,
    "trailing": Trailing,
    "distinct": Distinct,
    "union": Union,
    "spread": Spread,
}
"""The measure kinds: the key that names a kind in YAML, and what belongs to it."""


class Subject(Model):
    """What events are about: a lead, a deal, a ticket. `id` names the field that tells them apart."""

    id: str | Annotated[list[str], Field(min_length=2), AfterValidator(distinct)]
    """A field, or several that only together tell them apart."""
    link: Link | None = None
    """Where people look at one: `https://crm.example/leads/{id}`. Of several fields the parts, by `/`."""
    keep: Span | Literal["forever"] = "800d"
    """How long after its newest event a subject is remembered (longer while it counts in a level)."""
    dimensions: Names = []
    dimensions_from: list[str] | None = None
    """Event types that may set the dimensions; all events about the subject by default."""
    steps: dict[Name, Step] = {}
    registers: dict[Name, Register] = {}
    maps: dict[Name, Map] = {}
    transitions: dict[Name, list[Transition]] = {}
    stages: dict[Name, Annotated[Decimal, Field(ge=0, le=1)]] = {}
    """In order, each with its probability of success."""
    stages_from: dict[str, str] = {}
    """Event type -> the field that holds the stage. Other stages than those declared say nothing."""
    moments: dict[Name, Moment] = {}
    measures: dict[Name, Any] = {}
    """Each a `MeasureSpec` after `parse`."""
