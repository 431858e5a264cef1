"""The board as a process: Redis, the board and its web server, started and stopped together."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from aiohttp import web

from streams.clock import clock_ms
from streams.engine.plan import Plan
from streams.errors import StartError
from streams.letters.masking import Mask
from streams.letters.watching import LetterWatch
from streams.serve.board import Board
from streams.serve.http.app import make_app
from streams.settings import Settings
from streams.state import connect

log = logging.getLogger(__name__)

Texts = Mapping[str, str]
"""Path -> Markdown."""
NO_TEXTS: Final[Texts] = MappingProxyType({})
STOP_S: Final = 2.0
"""How long open requests may take to end when the board stops."""
SWITCH_S: Final = 0.001
"""How long the thread that computes readings keeps the loop waiting at each of its steps. At Python's 5 ms an
answer takes twice as long, and the readings are not ready sooner."""


def run_board(settings: Settings, plan: Plan, texts: Texts = NO_TEXTS) -> None:
    """Run a board until SIGINT or SIGTERM. StartError if its port is taken. `texts`: of what is at /docs/."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if is_open(settings):
        log.warning(
            "the board listens on %s without KPI_BOARD_TOKEN: whoever reaches it sees every number, and the "
            "ids of who waits",
            settings.board_host,
        )
    asyncio.run(serve(settings, plan, lambda address: log.info("the board is at %s", address), texts))


def is_open(settings: Settings) -> bool:
    """Whether others than this machine may ask without a token."""
    return settings.board_token is None and not _is_loopback(settings.board_host)


def names_of(settings: Settings) -> list[str]:
    """What a board for this machine alone, without a token, may be asked by; none where any name will do."""
    if settings.board_token is not None or not _is_loopback(settings.board_host):
        return []
    others = settings.board_hosts.split(",") if settings.board_hosts else []
    return [settings.board_host, *others]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


async def serve(
    settings: Settings, plan: Plan, started: Callable[[str], None], texts: Texts = NO_TEXTS
) -> None:
    """Run a board until SIGINT or SIGTERM; `started` is told its address. StartError if the port is taken."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    sys.setswitchinterval(SWITCH_S)
    async with running(settings, plan, texts=texts) as address:
        started(address)
        await stop.wait()


@asynccontextmanager
async def running(
    settings: Settings, plan: Plan, now_ms: Callable[[], int] = clock_ms, texts: Texts = NO_TEXTS
) -> AsyncIterator[str]:
    """A board that runs; yields its address. SettingsError if no Redis is set; one that is away may come."""
    async with (
        connect(settings.redis_url()) as client,
        Board(plan, client, settings.namespace, ends_at=settings.ends_at, now_ms=now_ms) as board,
        LetterWatch(settings, Mask(plan), now_ms) as letters,
    ):
        token = settings.board_token.get_secret_value() if settings.board_token else None
        app = make_app(board, token=token, names=names_of(settings), texts=texts, letters=letters.seen)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
        await runner.setup()
        try:
            yield await _listen(runner, settings.board_host, settings.board_port)
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> str:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise StartError(f"the board cannot listen on {host}:{port}: {error.strerror}") from error
    name, number = runner.addresses[0][:2]
    return f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
