"""`kpi run`: a worker and a board as two processes, which stand and fall together."""

import asyncio
from contextlib import ExitStack

from streams.commands.stack import child
from streams.settings import Settings

WATCH_S = 0.5


async def run_both(settings: Settings, workers: int = 1) -> None:
    """Run until cancelled; StartError when one of the two ends. Several workers have a parent between."""
    options = ["--processes", str(workers)] if workers > 1 else []
    with ExitStack() as stack:
        children = [
            stack.enter_context(child("worker", settings, None, *options)),
            stack.enter_context(child("board", settings, None)),
        ]
        while True:
            for process in children:
                process.check()
            await asyncio.sleep(WATCH_S)
