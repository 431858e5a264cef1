"""Measures: pure functions from one subject's facts to contributions.

`KINDS` is the table of measure kinds. A new kind is one function here and one spec in
`schemas.catalog.MEASURE_SPECS`; the engine does not change.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple, Self

import msgspec

from schemas.catalog import (
    Count,
    Duration,
    Level,
    MeasureSpec,
    Open,
    Provided,
    Spread,
    Sum,
    Trailing,
    nearest,
    span_ms,
)
from streams.engine import facts
from streams.engine.buckets import BOUNDS, bucket
from streams.engine.dimensions import Dimensions, Members
from streams.engine.expressions import compile_condition, compile_expression, names
from streams.engine.facts import Row
from streams.engine.faults import PlanFault
from streams.engine.mergers import holds
from streams.engine.moments import not_before, times_of
from streams.engine.panes import DAY, TIERS, Calendar
from streams.engine.subjects import SubjectPlan, register_names

Contribution = tuple[str, int | None, Members, int]
"""(part, time_ms, members, whole number). Without a time it belongs to the running total alone."""
Contribute = Callable[["Seen"], Iterable[Contribution]]


class Seen(msgspec.Struct, gc=False):
    """A row during one pass over its subject's measures; what several of them read is computed once."""

    row: Row
    dimensions: Dimensions
    same_members: Members | None
    """The subject's slices, if they are the same at all times."""
    known_states: "dict[str, list[State]]" = {}

    @classmethod
    def of(cls, dimensions: Dimensions, row: Row) -> Self:
        return cls(row, dimensions, None if dimensions.as_was else dimensions.members(row, None))

    def members(self, time_ms: int | None) -> Members:
        """The subject's slices at a time; None: now."""
        return self.dimensions.members(self.row, time_ms) if self.same_members is None else self.same_members

    def moved(self) -> list[int]:
        """The times at which a dimension that is kept as it was may have changed."""
        return self.dimensions.changes(self.row) if self.same_members is None else []

    def states(self, name: str) -> "list[State]":
        """The states after each transition and each change of a dimension, in order of time."""
        if name not in self.known_states:
            self.known_states[name] = _states(self, name) if getattr(self.row, name) else []
        return self.known_states[name]


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
    keep_ms: int | None
    """How long its subjects are remembered; None: for ever."""
    is_amount: bool
    """Whether its sums are amounts, which do not tell how many subjects they are of."""
    ahead: bool
    """Whether windows that end now take its panes up to five minutes ahead (a spread's lie there anyway)."""
    age: str | None = None
    """Of what may be open: the part that a subject contributes to, at the time since which it waits."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """What a kind may use to compile its spec. It notes which facts the measure will read."""

    name: str
    plan: SubjectPlan
    calendar: Calendar
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
        """A condition on the registers of a row."""
        if text is None:
            return lambda row: True
        try:
            condition = compile_condition(text, "row", register_names(self.plan.subject))
        except ValueError as error:
            raise PlanFault(str(error), "when") from None
        self.reads.update(name.partition(".")[0] for name in names(text))
        return condition

    def register_field(self, text: str, held: type, *at: str | int) -> Callable[[Row], Any]:
        """Reads `register.field` from a row; None while the register is empty.

        `held`: what must stand in that field of the event, int or date (kept as a day number).
        """
        known = register_names(self.plan.subject)
        if text not in known:
            raise PlanFault(f"unknown field {text!r}{nearest(text, known)}", *at)
        register, field = text.split(".")
        if holds(self.plan.subject.registers[register].event, field) is not held:
            raise PlanFault(f"{text} does not hold {'a day' if held is date else 'a whole number'}", *at)
        index = self.plan.subject.registers[register].fields.index(field)
        self.reads.add(register)

        def read(row: Row) -> Any:
            value = getattr(row, register)
            return None if value is None else value[3][index]

        return read

    def total(self, seen: Seen, amount: int) -> Contribution:
        """A contribution to the running total, in the slices that the subject is in now."""
        return self.name, None, seen.members(None), amount

    def transition(self, name: str, *at: str | int) -> None:
        """The measure reads a transition; PlanFault, at `at`, when the subject has none of this name."""
        if name not in self.plan.subject.transitions:
            raise PlanFault(f"unknown transition {name!r}{nearest(name, self.plan.subject.transitions)}", *at)
        self.reads.add(name)


class State(NamedTuple):
    """What a subject was from `time_ms` on: the sum of its states, its slices, how it last left."""

    time_ms: int
    value: int
    members: Members
    left: str | None


_value: Final = attrgetter("value")


def _states(seen: Seen, name: str) -> list[State]:
    changes = [
        (change[0], at, key, change[2], change[3])
        for key, kept in getattr(seen.row, name).items()
        for at, change in enumerate(facts.normalised(kept))
    ]
    changes.sort()
    moved: list[Any] = [(time_ms, None, None, None, None) for time_ms in seen.moved()]
    states: list[State] = []
    now: dict[str, int] = {}
    left: str | None = None
    for time_ms, _, key, value, kind in sorted([*changes, *moved], key=itemgetter(0)):
        if key is not None:
            now[key], left = value, kind if value == 0 else left
        states.append(State(time_ms, sum(now.values()), seen.members(time_ms), left))
    return states


# -- Kinds ------------------------------------------------------------------------------------------------


def _count(compiler: Compiler, spec: Count) -> Measure:
    place = _place(compiler, spec)
    conditions = [_provided(compiler, provided, at) for at, provided in enumerate(spec.provided)]
    if spec.when is not None:
        conditions.insert(0, compiler.condition(spec.when))

    def contribute(seen: Seen) -> Iterable[Contribution]:
        placed_ms = place(seen.row)
        if placed_ms is None:
            return ()
        for condition in conditions:
            if not condition(seen.row):
                return ()
        return (_placed_at(seen, compiler.name, placed_ms, 1),)

    return make_measure(compiler, "count", spec, contribute)


def _place(compiler: Compiler, spec: Count) -> Callable[[Row], int | None]:
    """Where n(x), n(x @ y) or n(x @ y within D) places its +1."""
    counted = compiler.times(spec.count, "count")
    anchor = compiler.times(spec.at, "at") if spec.at else counted
    within_ms = span_ms(spec.within) if spec.within else None
    if within_ms is not None and spec.at is None:
        raise PlanFault("`within` needs `at`: the step that the span begins with", "within")

    def place(row: Row) -> int | None:
        times, anchors = counted(row), anchor(row)
        if not times or not anchors:
            return None
        placed_ms = anchors[0][0]
        if within_ms is None:
            return placed_ms
        first = not_before(times, placed_ms)
        return placed_ms if first is not None and first - placed_ms <= within_ms else None

    return place


def _provided(compiler: Compiler, provided: Provided, at: int) -> Callable[[Row], bool]:
    if (provided.before is None) == (provided.after is None):
        raise PlanFault("needs `before` or `after`, one of them", "provided", at)
    times = compiler.times(provided.step, "provided", at, "step")
    edge = compiler.times(provided.before or provided.after or "", "provided", at)
    most = provided.at_most if provided.at_most is not None else 2**62
    before = provided.before is not None

    def holds(row: Row) -> bool:
        edges = edge(row)
        if not edges:
            return provided.at_least == 0
        edge_ms = edges[0][0]
        number = sum(time < edge_ms if before else time > edge_ms for time, _ in times(row))
        return provided.at_least <= number <= most

    return holds


def _sum(compiler: Compiler, spec: Sum) -> Measure:
    placed = compiler.times(spec.at, "at")
    holds = compiler.condition(spec.when)
    read = _summed(compiler, spec.sum)

    def contribute(seen: Seen) -> Iterable[Contribution]:
        times = placed(seen.row)
        amount = read(seen.row) if times and holds(seen.row) else None
        return (_placed_at(seen, compiler.name, times[0][0], amount),) if amount else ()

    return make_measure(compiler, "sum", spec, contribute, is_amount=True)


def _summed(compiler: Compiler, text: str) -> Callable[[Row], int | None]:
    """A register's field, or the sum of a map's values."""
    if text in compiler.plan.subject.maps:
        compiler.reads.add(text)
        return lambda row: sum(value or 0 for *_, (value,) in getattr(row, text).values())
    return compiler.register_field(text, int, "sum")


def _duration(compiler: Compiler, spec: Duration) -> Measure:
    begin = compiler.times(spec.duration, "duration")
    end = compiler.times(spec.to, "to")
    skips = compiler.times(spec.skip_first_if, "skip_first_if") if spec.skip_first_if else None
    sums, buckets = f"{compiler.name}.sum", [f"{compiler.name}.b{at}" for at in range(len(BOUNDS))]

    def contribute(seen: Seen) -> Iterable[Contribution]:
        begins = begin(seen.row)
        if not begins:
            return ()
        begin_ms = begins[0][0]
        end_ms = not_before(end(seen.row), begin_ms, 1 if skips and skips(seen.row) else 0)
        if end_ms is None:
            return ()
        members = seen.members(end_ms)
        return (
            (sums, end_ms, members, end_ms - begin_ms),
            (buckets[bucket(end_ms - begin_ms)], end_ms, members, 1),
        )

    return make_measure(compiler, "duration", spec, contribute, functions=("mean", "quantile"))


def _level(compiler: Compiler, spec: Level) -> Measure:
    compiler.transition(spec.level, "level")

    def contribute(seen: Seen) -> Iterable[Contribution]:
        states = seen.states(spec.level)
        if not states:
            return ()
        return (*_moves(compiler.name, states, _value), compiler.total(seen, states[-1].value))

    return make_measure(compiler, "level", spec, contribute, functions=("start", "end"))


def _open(compiler: Compiler, spec: Open) -> Measure:
    """A level with `name.age` panes (+1 at the beginning while it is open) and a waiting list."""
    begin = compiler.times(spec.open, "open")
    ends = [compiler.times(name, "until", at) for at, name in enumerate(spec.until)]
    age = f"{compiler.name}.age"

    def contribute(seen: Seen) -> Iterable[Contribution]:
        begins = begin(seen.row)
        if not begins:
            return ()
        since = begins[0][0]
        until = None
        for end in ends:
            closed = not_before(end(seen.row), since)
            if closed is not None and (until is None or closed < until):
                until = closed
        stay = _stay(seen, compiler.name, since, until)
        if until is not None:
            return stay
        return (*stay, (age, since, seen.members(None), 1), compiler.total(seen, 1))

    return make_measure(compiler, "open", spec, contribute, functions=("start", "end", "oldest"), age=age)


def _stay(seen: Seen, part: str, since: int, until: int | None) -> list[Contribution]:
    """In from `since` to `until`, and at each change of a slice out of the old and into the new."""
    members = seen.members(since)
    stay: list[Contribution] = [(part, since, members, 1)]
    for time in seen.moved():
        if since < time and (until is None or time < until):
            after = seen.members(time)
            stay += [(part, time, members, -1), (part, time, after, 1)]
            members = after
    if until is not None:
        stay.append((part, until, members, -1))
    return stay


def _trailing(compiler: Compiler, spec: Trailing) -> Measure:
    """At each transition f(state before, state now) - f(state after, state now), in the slices of each."""
    compiler.transition(spec.of, "of")
    formula = _of_two_states(spec.trailing)

    def contribute(seen: Seen) -> Iterable[Contribution]:
        states = seen.states(spec.of)
        if not states or (spec.kind is not None and states[-1].left != spec.kind):
            return ()
        now = states[-1].value
        moves = _moves(compiler.name, states, lambda state: -formula(state.value, now), -formula(0, now))
        return (*moves, compiler.total(seen, formula(now, now)))

    return make_measure(compiler, "trailing", spec, contribute)


def _of_two_states(text: str) -> Callable[[int, int], int]:
    """The f of trailing(f), tried on a few states, so that no event can find out that it gives no number."""
    try:
        formula = compile_expression(text, "then, now", {"then": "then", "now": "now"})
        for then, now in ((0, 0), (0, 3), (3, 0), (3, 5), (5, 3)):
            if not isinstance(formula(then, now), int):
                raise TypeError
    except TypeError:
        raise PlanFault(f"{text!r} does not give a whole number (or yes or no)", "trailing") from None
    except ValueError as error:
        raise PlanFault(str(error), "trailing") from None
    return lambda then, now: int(formula(then, now))


def _spread(compiler: Compiler, spec: Spread) -> Measure:
    """floor(amount * (d + 1) / days) - floor(amount * d / days) on day d of the period."""
    read = compiler.register_field(spec.spread, int, "spread")
    read_start = compiler.register_field(spec.start, date, "start")
    read_end = compiler.register_field(spec.end, date, "end")
    holds = compiler.condition(spec.when)
    register = spec.spread.split(".")[0]
    day_start_ms = compiler.calendar.day_start_ms

    def contribute(seen: Seen) -> Iterable[Contribution]:
        row = seen.row
        amount = read(row)
        if not amount or not holds(row):
            return ()
        first, last = read_start(row), read_end(row)
        if first is None or last is None:
            return (_placed_at(seen, compiler.name, getattr(row, register)[1], amount),)
        days = last - first + 1
        shares = ((first + d, amount * (d + 1) // days - amount * d // days) for d in range(days))
        return [_placed_at(seen, compiler.name, day_start_ms(day), share) for day, share in shares if share]

    only_days = spec.model_copy(update={"tiers": [DAY]})
    return make_measure(compiler, "spread", only_days, contribute, is_amount=True, ahead=False)


def _placed_at(seen: Seen, part: str, time_ms: int, amount: int) -> Contribution:
    """A contribution at a time, in the slices that the subject was in then."""
    return part, time_ms, seen.members(time_ms), amount


def _moves(
    part: str, states: Sequence[State], value: Callable[[State], int], before: int = 0
) -> list[Contribution]:
    """What each state takes from the slices of the one before it and adds to its own."""
    moves: list[Contribution] = []
    members = states[0].members
    for state in states:
        after = value(state)
        if state.members == members:
            if after != before:
                moves.append((part, state.time_ms, members, after - before))
        else:
            moves += [(part, state.time_ms, members, -before), (part, state.time_ms, state.members, after)]
        before, members = after, state.members
    return moves


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
        keep_ms=compiler.plan.keep_ms,
        is_amount=is_amount,
        ahead=ahead,
        age=age,
    )


KINDS: Final[dict[type[MeasureSpec], Callable[[Compiler, Any], Measure]]] = {
    Count: _count,
    Sum: _sum,
    Duration: _duration,
    Level: _level,
    Open: _open,
    Trailing: _trailing,
    Spread: _spread,
}


def compile_measure(name: str, spec: MeasureSpec, plan: SubjectPlan, calendar: Calendar) -> Measure:
    """The measure that `spec` describes; PlanFault says what in it cannot be."""
    return KINDS[type(spec)](Compiler(name, plan, calendar), spec)
