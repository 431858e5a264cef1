"""What has become of those who were there when a window began."""

from collections.abc import Callable, Iterable
from itertools import combinations_with_replacement, groupby, starmap

from schemas.measures import Trailing
from streams.engine.faults import PlanFault
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    State,
    make_measure,
)
from streams.engine.measures.histories import History, formula_of_states, moves
from streams.engine.measures.over import pairs_of
from streams.engine.panes import DAY


def trailing(compiler: Compiler, spec: Trailing) -> Measure:
    """At each transition f(state before, state now) - f(state after, state now), in the slices of each."""
    compiler.transition(spec.of, "of")
    formula = formula_of_states(spec.trailing, ["then", "now"], "trailing")
    over = _days_over(spec)

    def contribute(seen: Seen) -> Iterable[Contribution]:
        states = seen.states(spec.of)
        if not states or (spec.kind is not None and states[-1].left != spec.kind):
            return ()
        if _vanishes(formula, states):
            return ()
        now = states[-1].value
        become = [(state.time_ms, -formula(state.value, now), state.members) for state in states]
        moved = moves(compiler.name, become, -formula(0, now))
        return (*moved, compiler.total(seen, formula(now, now)))

    contributes = _with_over(compiler, spec, formula, over, contribute) if over else contribute
    return make_measure(compiler, "trailing", spec, contributes, over=over)


def _days_over(spec: Trailing) -> list[int]:
    if spec.over and spec.tiers is not None and DAY not in spec.tiers:
        raise PlanFault("`over` is held in day panes: the measure needs the tier `day`", "over")
    return [int(window.removesuffix("d")) for window in spec.over]


def _vanishes(formula: Callable[..., int], states: History) -> bool:
    """Whether it is 0 for each state and each later one: who never left was not lost."""
    values = [value for value, _ in groupby((0, *(state.value for state in states)))]
    return not any(starmap(formula, combinations_with_replacement(values, 2)))


def _with_over(
    compiler: Compiler,
    spec: Trailing,
    formula: Callable[..., int],
    over: list[int],
    contribute: Callable[[Seen], Iterable[Contribution]],
) -> Callable[[Seen], Iterable[Contribution]]:
    """Also a part per number of days: the level of f between days that lie so far apart."""
    calendar, of, kind = compiler.calendar, spec.of, spec.kind
    parts = [(f"{compiler.name}.over{days}", days) for days in over]

    def value(then: State, now: State) -> int:
        return formula(then.value, now.value) if kind is None or now.left == kind else 0

    def contribute_both(seen: Seen) -> Iterable[Contribution]:
        states = seen.states(of)
        if not states or (kind is not None and all(state.left != kind for state in states)):
            return ()
        if _vanishes(formula, states):
            return ()
        found = [*contribute(seen)]
        last = value(states[-1], states[-1])
        for part, days in parts:
            pairs = pairs_of(seen, of, days, calendar)
            found += moves(part, [(time_ms, value(then, now), then.members) for time_ms, then, now in pairs])
            if last:
                found.append((part, None, seen.members(None), last))
        return found

    return contribute_both
