"""A function of two days that lie W days apart, for every day on which a window of W days may end.

    g(D) = f(state when day D - W began, state when day D began)

Both move only when a state does: g changes on the day after a change, and again W days later. So it is a
level, which is read at the beginning of day E as its total less the panes from E on; what changes with the
beginning of a day lies in the pane of the day before it.
"""

from collections.abc import Sequence
from typing import Final

from streams.engine.facts import NEVER
from streams.engine.measures.base import Seen, State
from streams.engine.measures.histories import History
from streams.engine.panes import Calendar

Morning = tuple[int, State]
"""(local day as `date.toordinal`, what the subject was when it began)."""
Pair = tuple[int, State, State]
"""(time_ms, state when day D - W began, state when day D began); at that time lies what g changes by."""


def pairs_of(seen: Seen, name: str, days: int, calendar: Calendar) -> list[Pair]:
    """Both states of a transition, `days` apart, from each day on with which one of them is another."""
    begun = seen.once((name, "mornings"), lambda: mornings(seen.states(name), calendar))
    return seen.once((name, days), lambda: days_apart(begun, days, calendar))


def mornings(history: History, calendar: Calendar) -> list[Morning]:
    """What the subject was when days began, from the first day that began so: the day after a change.

    Before them, at no day (`NEVER`), stands what it was before all.
    """
    last = {NEVER: State(NEVER, 0, history[0].members, None)}
    for state in history:
        is_told = state.time_ms != NEVER
        last[calendar.number(calendar.starts(state.time_ms).day) + 1 if is_told else NEVER] = state
    return list(last.items())


def days_apart(mornings: Sequence[Morning], days: int, calendar: Calendar) -> list[Pair]:
    """See `pairs_of`. The first pair is, at no time, what was before all."""
    (_, then), *told = mornings
    now = then
    pairs = [(NEVER, then, now)]
    earlier, later = iter([(day + days, state) for day, state in told]), iter(told)
    next_then, next_now = next(earlier, _NONE), next(later, _NONE)
    while next_then is not _NONE:  # the later state is never behind
        day = min(next_then[0], next_now[0])
        if next_now[0] == day:
            now, next_now = next_now[1], next(later, _NONE)
        if next_then[0] == day:
            then, next_then = next_then[1], next(earlier, _NONE)
        pairs.append((calendar.day_start_ms(day - 1), then, now))
    return pairs


_NONE: Final[Morning] = (2**62, State(NEVER, 0, (), None))
"""After all days."""
