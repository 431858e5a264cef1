"""Time during which something is so, overlaps counted once: a component's downtime."""


def lasting_ms(level_at_start: int, edges: int, times_ms: int, start_ms: int, end_ms: int) -> int:
    """Milliseconds that a union lasted within [start_ms, end_ms], summed over the subjects; never below 0.

    `level_at_start`: of how many it was so at `start_ms`; `edges` and `times_ms`: the sums of `name` and
    `name.t` over the window. Each edge at t adds, or takes off, what is left of the window after it:

        sum of sign * (end - t)  =  edges * end - times
    """
    return max(0, level_at_start * (end_ms - start_ms) + edges * end_ms - times_ms)
