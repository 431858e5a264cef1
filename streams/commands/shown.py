"""`kpi replay --board`: what a file gives, on a board that stays until it is stopped."""

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import Final

from rich.console import Console

from streams.commands.boards import announce, usual_port
from streams.commands.replay import Replayed, replaying
from streams.commands.report import print_counts, print_dead_letters, progress
from streams.commands.stack import child
from streams.engine.plan import Plan
from streams.settings import Settings

WATCH_S: Final = 0.5


async def show(
    files: list[str],
    settings: Settings,
    plan: Plan,
    as_of_ms: int | None,
    out: Console,
    err: Console,
) -> None:
    """Replay the files and serve the board until cancelled; its windows end at the newest event.

    It raises what `replaying` does, and StartError when worker or board end.
    """
    port = usual_port(settings, "board_port")
    with ExitStack() as replay:
        advance = replay.enter_context(progress(err))
        async with replaying(files, settings, plan, as_of_ms, advance) as replayed:
            replay.close()
            print_dead_letters(err, replayed.outcome)
            print_counts(out, replayed.outcome)
            await _serve(replayed, port, out)


async def _serve(replayed: Replayed, port: int, out: Console) -> None:
    settings = replayed.settings.model_copy(update={"board_port": port})
    with child("board", settings, replayed.directory) as board:
        await announce(settings, board, partial(out.print, highlight=False, soft_wrap=True))
        while True:
            replayed.check()
            board.check()
            await asyncio.sleep(WATCH_S)
