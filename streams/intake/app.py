"""The webhooks as a process: the way to Kafka and the web server, started and stopped together."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from schemas.intake import Intake
from streams.clock import clock_ms
from streams.engine.plan import Plan
from streams.errors import StartError
from streams.intake.desk import Desk, limiter
from streams.intake.handler import Handler
from streams.intake.hooks import Hook, hooks
from streams.intake.outlet import Outlet
from streams.intake.room import Floor
from streams.intake.server import Server
from streams.intake.telemetry import Telemetry
from streams.kafka.outline import Outliner
from streams.naming import NO_VENDOR
from streams.settings import Settings

log = logging.getLogger(__name__)

STOP_S: Final = 5.0
"""How long requests that are under way may take to end when the server stops."""


def run_intake(settings: Settings, plan: Plan, mapping: Intake) -> None:
    """Run the webhooks until SIGINT or SIGTERM. StartError if the port is taken."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    quiet_client()
    asyncio.run(_serve(settings, plan, mapping))


def quiet_client() -> None:
    """Kafka's client logs at DEBUG what it sends: nothing of that may stand in a log."""
    client = logging.getLogger("aiokafka")
    client.setLevel(max(logging.INFO, client.getEffectiveLevel()))


async def _serve(settings: Settings, plan: Plan, mapping: Intake) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(settings, plan, mapping) as address:
        log.info("the webhooks are at %s", address)
        await stop.wait()


@asynccontextmanager
async def running(
    settings: Settings, plan: Plan, mapping: Intake, now_ms: Callable[[], int] = clock_ms
) -> AsyncIterator[str]:
    """Webhooks that run; yields their address. A Kafka that is away may come; until then 503 is answered."""
    by_path = hooks(settings, mapping, plan.decoder)
    telemetry = Telemetry((hook.vendor for hook in by_path.values() if hook.check), plan.types)
    _say(by_path)
    async with Outlet(settings, Outliner(plan.types)) as outlet:
        floor = Floor(settings.intake_body_bytes)
        desks = {
            path: Desk(hook, settings, outlet, floor, telemetry, now_ms, limiter(settings.intake_rate))
            for path, hook in by_path.items()
        }
        handler = Handler(desks, outlet, telemetry, settings.intake_rate)
        server = Server(handler, lambda: telemetry.answered(NO_VENDOR, "malformed", 0))
        runner = web.ServerRunner(server, shutdown_timeout=STOP_S)
        await runner.setup()
        try:
            yield await _listen(runner, settings.intake_host, settings.intake_port)
        finally:
            await runner.cleanup()


def _say(by_path: dict[str, Hook]) -> None:
    for path, hook in by_path.items():
        log.info("POST %s: %s", path, hook.state)


async def _listen(runner: web.ServerRunner, host: str, port: int) -> str:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise StartError(f"the webhooks cannot listen on {host}:{port}: {error.strerror}") from error
    name, number = runner.addresses[0][:2]
    return f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
