"""`kpi demo`: the whole system on this machine, with a company's traffic running through it."""

import asyncio
import secrets
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from streams.clock import clock_ms
from streams.commands.publisher import Publisher, Sent
from streams.commands.stack import child, data_directory, services
from streams.embedded.crisis import LASTS_MS, WELL, Crisis
from streams.embedded.processes import Child, free_port, is_free
from streams.embedded.traffic import Traffic, encode, simulate
from streams.embedded.world import DAY_MS, USUAL
from streams.errors import SettingsError
from streams.settings import Settings
from streams.state import connect

LIVE_ROUND: Final = 1_000
"""So many live events are sent at once, at most."""
START_S: Final = 60.0

Timed = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Company:
    """The traffic: `days` of history at `per_day` events, then `rate` events a second from now on.

    `speed`: history passes at so many times real time instead of at once. `crisis`: the company is well until
    one comes over it, in the last days of the history.
    """

    days: int
    per_day: float
    rate: float
    speed: float | None
    seed: int
    crisis: bool = False

    def past(self, now_ms: int) -> Traffic:
        """The history, up to now."""
        if not self.crisis:
            return Traffic(self.seed, self.per_day)
        return Traffic(self.seed, self.per_day, care=WELL, crisis=Crisis(now_ms - LASTS_MS))

    def present(self) -> Traffic:
        """What comes then, of another company beside it."""
        per_day = self.rate * DAY_MS / 1000
        return Traffic(self.seed + 1, per_day, prefix="live-", care=WELL if self.crisis else USUAL)


async def demo(
    settings: Settings, company: Company, seconds: float | None, say: Callable[[str], None]
) -> None:
    """Run until cancelled, or for so many seconds; StartError when a part does not come up or dies.

    Always on servers of its own: invented events must not get into a configured topic.
    """
    alone = settings.model_copy(update={"broker": None, "redis": None})
    with data_directory(f"demo-{secrets.token_hex(4)}") as directory, services(alone, directory) as found:
        own = found.model_copy(
            update={
                "ends_at": "events" if company.speed else "wall",
                "worker_port": free_port(),
                "board_port": _board_port(settings),
            }
        )
        async with AsyncExitStack() as cleanup:
            redis = connect(own.redis_url())
            cleanup.push_async_callback(redis.aclose)
            children = [cleanup.enter_context(child(name, own, directory)) for name in ("worker", "board")]
            publisher = await cleanup.enter_async_context(Publisher(own, redis))
            tasks = [
                asyncio.create_task(_announce(own, children[1], say)),
                asyncio.create_task(_run(publisher, company, children, say)),
            ]
            for task in tasks:
                cleanup.callback(task.cancel)
            await _first_error(tasks, seconds)


async def _first_error(tasks: list["asyncio.Task[None]"], seconds: float | None) -> None:
    """Wait for all, for so many seconds at most; raise what the first that fails raises."""
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()


def _board_port(settings: Settings) -> int:
    """The usual one if nobody has it; one that was asked for must be free."""
    port = settings.board_port
    if port and is_free(port):
        return port
    if port and "board_port" in settings.model_fields_set:
        raise SettingsError(f"KPI_BOARD_PORT={port} is taken; give another one, or 0 for any")
    return free_port()


async def _announce(settings: Settings, board: Child, say: Callable[[str], None]) -> None:
    url = f"http://{settings.board_host}:{settings.board_port}"
    await asyncio.to_thread(board.wait_until, lambda: _answers(f"{url}/healthz"), START_S)
    say(f"KPIs       {url}/")
    say(f"gauges     {url}/metrics")
    say(f"readings   {url}/api/v1/readings")
    say(f"worker     http://{settings.worker_host}:{settings.worker_port}/metrics")
    say(f"broker     {settings.broker}   topic {settings.topic}")
    say("Ctrl-C stops everything.")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


# -- Traffic ----------------------------------------------------------------------------------------------


async def _run(
    publisher: Publisher, company: Company, children: list[Child], say: Callable[[str], None]
) -> None:
    """History first, then live traffic for ever."""

    def check() -> None:
        for process in children:
            process.check()

    now_ms = clock_ms()
    start_ms = now_ms - company.days * DAY_MS
    history = simulate(company.past(now_ms), start_ms, now_ms)
    past = ((time_ms, encode(event)) for time_ms, event in history)
    if company.speed:
        sent = await _live(publisher, _compressed(past, start_ms, now_ms, company.speed), check)
    else:
        sent = 0

        def advance(number: int) -> None:
            nonlocal sent
            sent += number

        await publisher.publish_all((Sent(line) for _, line in past), check, advance)
    say(f"history    {company.days} days, {sent:,} events applied")
    say(f"live       about {company.rate:g} events a second from now on")
    present = simulate(company.present(), clock_ms())
    await _live(publisher, ((time_ms, encode(event)) for time_ms, event in present), check)


def _compressed(events: Iterator[Timed], start_ms: int, now_ms: int, speed: float) -> Iterator[Timed]:
    """The same events, each due when `speed` times real time has come to it."""
    return ((now_ms + int((time_ms - start_ms) / speed), line) for time_ms, line in events)


async def _live(publisher: Publisher, events: Iterator[Timed], check: Callable[[], None]) -> int:
    """Each event when it is due; those that are due together go in one round."""
    sent = 0
    round_: list[Sent] = []
    for due_ms, line in events:
        wait_s = (due_ms - clock_ms()) / 1000
        if wait_s > 0 or len(round_) >= LIVE_ROUND:
            await publisher.publish(round_)
            sent, round_ = sent + len(round_), []
            check()
            await asyncio.sleep(max(0.0, wait_s))
        round_.append(Sent(line))
    await publisher.publish(round_)
    return sent + len(round_)
