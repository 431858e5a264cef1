"""The board that a command brings up beside its worker."""

import asyncio
import urllib.request
from collections.abc import Callable
from typing import Final

from streams.embedded.processes import Child, free_port, is_free
from streams.errors import SettingsError
from streams.settings import PREFIX, Settings

START_S: Final = 60.0


def usual_port(settings: Settings, name: str) -> int:
    """That of `board_port`, .. if nobody has it, else a free one; one that was asked for must be free."""
    port: int = getattr(settings, name)
    if port and is_free(port):
        return port
    if port and name in settings.model_fields_set:
        raise SettingsError(f"{PREFIX}{name.upper()}={port} is taken; give another one, or 0 for any")
    return free_port()


async def announce(settings: Settings, board: Child, say: Callable[[str], None]) -> None:
    """Wait until the board answers, and say where everything is."""
    url = f"http://{settings.board_host}:{settings.board_port}"
    await asyncio.to_thread(board.wait_until, lambda: answers(f"{url}/healthz"), START_S)
    say(f"KPIs       {url}/")
    say(f"gauges     {url}/metrics")
    say(f"readings   {url}/api/v1/readings")
    say(f"worker     http://{settings.worker_host}:{settings.worker_port}/metrics")
    say(f"broker     {settings.broker}   topic {settings.topic}")
    say("Ctrl-C stops everything.")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
