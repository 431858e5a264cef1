"""What has become of those who were there when a window began."""

from collections.abc import Callable, Iterable

from schemas.measures import Trailing
from streams.engine.expressions import compile_expression
from streams.engine.faults import PlanFault
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
)
from streams.engine.measures.levels import moves


def trailing(compiler: Compiler, spec: Trailing) -> Measure:
    """At each transition f(state before, state now) - f(state after, state now), in the slices of each."""
    compiler.transition(spec.of, "of")
    formula = _of_two_states(spec.trailing)

    def contribute(seen: Seen) -> Iterable[Contribution]:
        states = seen.states(spec.of)
        if not states or (spec.kind is not None and states[-1].left != spec.kind):
            return ()
        now = states[-1].value
        moved = moves(compiler.name, states, lambda state: -formula(state.value, now), -formula(0, now))
        return (*moved, compiler.total(seen, formula(now, now)))

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
