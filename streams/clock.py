"""The clock. Only the processes' own mains read it; everything else is handed the time."""

import time


def clock_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
