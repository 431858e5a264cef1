"""A function of two days that lie W days apart, for every day on which a window of W days may end.

    g(D) = f(state when day D - W began, state when day D began)

Both move only when a state does: g changes on the day after a change, and again W days later. So it is a
level, which is read at the beginning of day E as its total less the panes from E on; what changes with the
beginning of a day lies in the pane of the day before it.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter

from streams.engine.facts import NEVER
from streams.engine.measures.base import State
from streams.engine.measures.histories import History
from streams.engine.panes import Calendar

Morning = tuple[int, State]
"""(local day as `date.toordinal`, what the subject was when it began)."""


def mornings(history: History, calendar: Calendar) -> list[Morning]:
    """What the subject was when days began, from the first day that began so: the day after a change.

    Before them, at no day (`NEVER`), stands what it was before all.
    """
    first = history[0]
    last = {NEVER: State(NEVER, 0, first.members, None)}
    for state in history:
        is_told = state.time_ms != NEVER
        last[calendar.number(calendar.starts(state.time_ms).day) + 1 if is_told else NEVER] = state
    return list(last.items())


def days_apart(
    mornings: Sequence[Morning], days: int, value: Callable[[State, State], int], calendar: Calendar
) -> list[State]:
    """The history of g, beginning with what it was before all. Its slices are those of the earlier state."""
    (_, first), *told = mornings
    then = now = first
    steps = [(day, False, state) for day, state in told] + [(day + days, True, state) for day, state in told]
    found = [State(NEVER, value(then, now), then.members, None)]
    for day, same_day in groupby(sorted(steps, key=itemgetter(0)), key=itemgetter(0)):
        for _, is_earlier, state in same_day:
            then, now = (state, now) if is_earlier else (then, state)
        found.append(State(calendar.day_start_ms(day - 1), value(then, now), then.members, None))
    return found
