"""`kpi demo`: the whole system on this machine, with a company's traffic running through it."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

from streams.clock import clock_ms
from streams.commands.boards import START_S, announce, answers, usual_port
from streams.commands.company import Company, Timed, due
from streams.commands.followed import FollowedPublisher
from streams.commands.stack import child, data_directory, services
from streams.embedded.processes import Child, free_port
from streams.embedded.world import DAY_MS
from streams.kafka.publisher import Publisher, Sent
from streams.settings import Settings
from streams.state import connect


async def demo(
    settings: Settings,
    company: Company,
    speed: float | None,
    seconds: float | None,
    say: Callable[[str], None],
) -> None:
    """Run until cancelled, or for so many seconds; StartError when a part does not come up or dies.

    `speed`: history passes at so many times real time instead of at once.
    Always on servers of its own: invented events must not get into a configured topic. Where a secret of the
    webhooks is set, they are open as well.
    """
    alone = settings.model_copy(update={"broker": None, "redis": None})
    with data_directory(f"demo-{secrets.token_hex(4)}") as directory, services(alone, directory) as found:
        names = ("worker", "board", *(["intake"] if settings.takes_webhooks() else []))
        ports = {f"{name}_port": usual_port(settings, f"{name}_port") for name in names[1:]}
        own = found.model_copy(
            update={"ends_at": "events" if speed else "wall", "worker_port": free_port(), **ports}
        )
        async with AsyncExitStack() as cleanup:
            redis = connect(own.redis_url())
            cleanup.push_async_callback(redis.aclose)
            children = [cleanup.enter_context(child(name, own, directory)) for name in names]
            publisher = await cleanup.enter_async_context(FollowedPublisher(own, redis))
            tasks = [
                asyncio.create_task(_announce(own, children, say)),
                asyncio.create_task(_run(publisher, company, speed, children, say)),
            ]
            for task in tasks:
                cleanup.callback(task.cancel)
            await _first_error(tasks, seconds)


async def _announce(settings: Settings, children: list[Child], say: Callable[[str], None]) -> None:
    """`children`: a worker, a board, and perhaps the webhooks."""
    url = f"http://{settings.intake_host}:{settings.intake_port}"
    for intake in children[2:]:
        await asyncio.to_thread(intake.wait_until, lambda: answers(f"{url}/healthz"), START_S)
        say(f"webhooks   {url}/")
    await announce(settings, children[1], say)


async def _first_error(tasks: list["asyncio.Task[None]"], seconds: float | None) -> None:
    """Wait for all, for so many seconds at most; raise what the first that fails raises."""
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()


# -- Traffic ----------------------------------------------------------------------------------------------


async def _run(
    publisher: FollowedPublisher,
    company: Company,
    speed: float | None,
    children: list[Child],
    say: Callable[[str], None],
) -> None:
    """History first, then live traffic for ever."""

    def check() -> None:
        for process in children:
            process.check()

    now_ms = clock_ms()
    history = company.history(now_ms)
    if speed:
        start_ms = now_ms - company.days * DAY_MS
        sent = await _live(publisher, _compressed(history, start_ms, now_ms, speed), check)
    else:
        sent = 0

        def advance(number: int) -> None:
            nonlocal sent
            sent += number

        await publisher.publish_all((Sent(line) for _, line in history), check, advance)
    say(f"history    {company.days} days, {sent:,} events applied")
    say(f"live       about {company.rate:g} events a second from now on")
    await _live(publisher, company.present(clock_ms()), check)


def _compressed(events: Iterator[Timed], start_ms: int, now_ms: int, speed: float) -> Iterator[Timed]:
    """The same events, each due when `speed` times real time has come to it."""
    return ((now_ms + int((time_ms - start_ms) / speed), line) for time_ms, line in events)


async def _live(publisher: Publisher, events: Iterator[Timed], check: Callable[[], None]) -> int:
    """Publish each event when it is due; how many there were."""
    sent = 0
    async for round_ in due(events):
        await publisher.publish([Sent(line) for _, line in round_])
        sent += len(round_)
        check()
    return sent
