"""What every kind of measure is made of, and what a kind may use to compile its spec."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Final, Self, TypeVar

import msgspec

from schemas.measures import MeasureSpec, events_of
from schemas.words import nearest
from streams.engine import facts
from streams.engine.business import BusinessClock
from streams.engine.dimensions import Dimensions, Members
from streams.engine.event_types import EVENT_TIME
from streams.engine.expressions import compile_condition, names
from streams.engine.facts import Row
from streams.engine.faults import PlanFault
from streams.engine.mergers import holds
from streams.engine.moments import times_of
from streams.engine.panes import DAY, TIERS, Calendar
from streams.engine.subjects import SubjectPlan, condition_names, register_names

Contribution = tuple[str, int | None, Members, int]
"""(part, time_ms, members, whole number). Without a time it belongs to the running total alone."""
Contribute = Callable[["Seen"], Iterable[Contribution]]
_T = TypeVar("_T")


class Seen(msgspec.Struct, gc=False):
    """A row during one pass over its subject's measures; what several of them read is computed once."""

    row: Row
    dimensions: Dimensions
    members_now: Members
    since_ms: int
    """Since when it is in these slices; `NEVER`: at all times."""
    known: dict[Any, Any] = {}
    """What was computed once, by what it is."""

    @classmethod
    def of(cls, dimensions: Dimensions, row: Row) -> Self:
        return cls(row, dimensions, dimensions.members(row, None), dimensions.since_ms(row))

    def members(self, time_ms: int | None) -> Members:
        """The subject's slices at a time; None: now."""
        if time_ms is None or time_ms >= self.since_ms:
            return self.members_now
        return self.dimensions.members(self.row, time_ms)

    def moved(self) -> list[int]:
        """The times at which a dimension that is kept as it was may have changed."""
        return self.dimensions.changes(self.row) if self.since_ms != facts.NEVER else []

    def value(self, name: str) -> int:
        """The sum of the states of a transition as they are now."""
        of_keys: dict[str, list[facts.Change]] = getattr(self.row, name)
        return sum(map(facts.standing, of_keys.values()))

    def states(self, name: str) -> "list[State]":
        """The states after each transition and each change of a dimension, in order of time.

        Before them stands, at no time (`NEVER`), the state before all that is known, if it was other than 0.
        """
        if name not in self.known:
            self.known[name] = states_of(self, name)
        found: list[State] = self.known[name]
        return found

    def once(self, what: tuple[str, str | int], compute: Callable[[], _T]) -> _T:
        """What follows from the states of a transition, computed for the first measure that asks for it."""
        if what not in self.known:
            self.known[what] = compute()
        found: _T = self.known[what]
        return found


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure, compiled. Its parts are `name` and `name.<suffix>`."""

    name: str
    kind: str
    contribute: Contribute
    reads: frozenset[str]
    """The facts that it reads, beside the subject's dimensions: another one does not change it."""
    tiers: Sequence[str]
    functions: Sequence[str]
    """How formulas may read it: "" by its bare name, else by `start(..)`, `quantile(..)`, .."""
    dimensions: Sequence[str]
    """All that it can be sliced by, pairs too."""
    slices: Callable[[Members], Sequence[tuple[str, str]]]
    """(dimension, member) of all slices that go with the members of a contribution."""
    keep_ms: int | None
    """How long its subjects are remembered; None: for ever."""
    is_amount: bool
    """Whether its sums are amounts, which do not tell how many subjects they are of."""
    ahead: bool
    """Whether windows that end now take its panes up to five minutes ahead (a spread's lie there anyway)."""
    age: str | None = None
    """Of what may be open: the part that a subject contributes to, at the time since which it waits."""
    future: bool = False
    """Whether its panes after now are of what has not happened yet, so that levels now leave them out."""
    only_now: bool = False
    """Whether it has a value for windows that end now only, and none for windows that ended earlier."""
    over: Sequence[int] = ()
    """The days W of its parts `name.over<W>`: levels, read at the beginning of a day E as the total less
    the day panes from E on. They tell of the W days before E what the measure tells of those before now."""

    def tiers_of(self, part: str) -> Sequence[str]:
        """Which panes hold a part."""
        return (DAY,) if part.startswith(f"{self.name}.over") else self.tiers


@dataclass(frozen=True, slots=True)
class Compiler:
    """What a kind may use to compile its spec. It notes which facts the measure will read."""

    name: str
    plan: SubjectPlan
    calendar: Calendar
    business: BusinessClock | None
    """None: the catalog has no business hours."""
    reads: set[str] = field(default_factory=set)

    def times(self, name: str, *at: str | int) -> Callable[[Row], Sequence[facts.Time]]:
        """How to read the times of a step or moment; a PlanFault says that it stands at `at`."""
        try:
            times = times_of(self.plan.subject, name)
        except PlanFault as fault:
            raise PlanFault(str(fault), *at) from None
        self.reads.update(times.facts)
        return times.read

    def condition(self, text: str | None) -> Callable[[Row], bool]:
        """A condition on a row: on its registers, and the number of keys in its maps."""
        if text is None:
            return lambda row: True
        try:
            condition = compile_condition(text, "row", condition_names(self.plan.subject))
        except ValueError as error:
            raise PlanFault(str(error), "when") from None
        self.reads.update(name.partition(".")[0] for name in names(text))
        return condition

    def register_field(self, text: str, held: type, *at: str | int) -> Callable[[Row], Any]:
        """Reads `register.field` from a row; None while the register is empty.

        `held`: what must stand in that field of the event: int, date (kept as a day number) or datetime (kept
        as milliseconds since the epoch, as the event's own time is).
        """
        known = register_names(self.plan.subject)
        if text not in known:
            raise PlanFault(f"unknown field {text!r}{nearest(text, known)}", *at)
        register, field = text.split(".")
        event = self.plan.types[events_of(self.plan.subject.registers[register])[0]]
        found = datetime if field == EVENT_TIME else holds(event, field)
        if found is not held:
            raise PlanFault(f"{text} does not hold {_WORDS[held]}", *at)
        index = self.plan.subject.registers[register].fields.index(field)
        self.reads.add(register)

        def read(row: Row) -> Any:
            value = getattr(row, register)
            return None if value is None else value[3][index]

        return read

    def business_ms(self, *at: str) -> Callable[[int, int], int]:
        """Business time between two moments; PlanFault, at `at`, when nobody has said what that is."""
        if self.business is None:
            raise PlanFault("the catalog has no `business_hours`: declare them, or leave `clock`", *at)
        return self.business.business_ms

    def total(self, seen: Seen, amount: int) -> Contribution:
        """A contribution to the running total, in the slices that the subject is in now."""
        return self.name, None, seen.members(None), amount

    def transition(self, name: str, *at: str | int) -> None:
        """The measure reads a transition; PlanFault, at `at`, when the subject has none of this name."""
        if name not in self.plan.subject.transitions:
            raise PlanFault(f"unknown transition {name!r}{nearest(name, self.plan.subject.transitions)}", *at)
        self.reads.add(name)


_WORDS: Final[Mapping[type, str]] = {int: "a whole number", date: "a day", datetime: "a time"}


class State(msgspec.Struct, frozen=True, gc=False):
    """What a subject was from `time_ms` on: the sum of its states, its slices, how it last left."""

    time_ms: int
    value: int
    members: Members
    left: str | None


def states_of(seen: Seen, name: str, only: str | None = None) -> list[State]:
    """As `Seen.states`; `only`: of the states under one key."""
    of_keys: dict[str, list[facts.Change]] = getattr(seen.row, name)
    if only is not None:
        of_keys = {only: of_keys[only]} if only in of_keys else {}
    if not of_keys:
        return []
    steps: list[Any] = [
        (change[0], at, key, change[2], change[3])
        for key, kept in of_keys.items()
        for at, change in enumerate(facts.normalised(kept))
    ]
    steps.sort()
    told = {step[0] for step in steps}
    moved = [(time_ms, 0, None, None, None) for time_ms in seen.moved() if time_ms not in told]
    if moved:
        steps = sorted([*steps, *moved], key=itemgetter(0))
    now = {key: before for key, kept in of_keys.items() if (before := facts.opening(kept))}
    total = sum(now.values())
    states = [State(facts.NEVER, total, seen.members(facts.NEVER), None)] if now else []
    left: str | None = None
    for time_ms, _, key, value, kind in steps:
        if key is not None:
            total += value - now.get(key, 0)
            now[key], left = value, kind if value == 0 else left
        states.append(State(time_ms, total, seen.members(time_ms), left))
    return states


def placed_at(seen: Seen, part: str, time_ms: int, amount: int) -> Contribution:
    """A contribution at a time, in the slices that the subject was in then."""
    return part, time_ms, seen.members(time_ms), amount


BARE: Final = ""


def make_measure(
    compiler: Compiler,
    kind: str,
    spec: MeasureSpec,
    contribute: Contribute,
    *,
    functions: Sequence[str] = (BARE,),
    age: str | None = None,
    is_amount: bool = False,
    ahead: bool = True,
    future: bool = False,
    only_now: bool = False,
    over: Sequence[int] = (),
) -> Measure:
    """What every kind returns; what it leaves out is that of a plain sum of subjects."""
    return Measure(
        name=compiler.name,
        kind=kind,
        contribute=contribute,
        reads=frozenset(compiler.reads),
        tiers=tuple(spec.tiers or TIERS),
        functions=functions,
        dimensions=tuple(compiler.plan.subject.dimensions),
        slices=compiler.plan.dimensions.slices,
        keep_ms=compiler.plan.keep_ms,
        is_amount=is_amount,
        ahead=ahead,
        future=future,
        age=age,
        only_now=only_now,
        over=over,
    )
