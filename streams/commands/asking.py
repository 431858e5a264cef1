"""Asking a state that is there: it is read once, as the board reads it, and nothing is written."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from streams.clock import clock_ms
from streams.commands.stack import in_plain_words
from streams.engine.plan import Plan
from streams.errors import SettingsError
from streams.serve.explaining import Answer, Which, answer
from streams.serve.view import view_once
from streams.serve.waiting import Question, WaitingList, who_waits
from streams.settings import Settings
from streams.state import Feed, connect, partition_count


@dataclass(frozen=True, slots=True)
class Asked:
    """A namespace at one moment."""

    feeds: Sequence[Feed]
    now_ms: int
    """Where windows end, and what ages are measured at."""
    ahead: bool
    """Windows end at the wall clock."""


@asynccontextmanager
async def asked(settings: Settings, plan: Plan) -> AsyncIterator[Asked]:
    """The namespace of the settings.

    SettingsError when it has no state, or one that was made with another catalog; Unreachable when Redis does
    not answer.
    """
    with in_plain_words():
        async with connect(settings.redis_url()) as client:
            number = await partition_count(client, settings.namespace)
            feeds = [Feed(client, settings.namespace, partition) for partition in range(number or 0)]
            await _check(feeds, settings, plan)
            wall = settings.ends_at == "wall"
            yield Asked(feeds, clock_ms() if wall else await _newest_ms(feeds, settings), wall)


async def _check(feeds: Sequence[Feed], settings: Settings, plan: Plan) -> None:
    if not feeds:
        raise SettingsError(f"KPI_NAMESPACE={settings.namespace}: no worker has been here yet, in this Redis")
    for feed in feeds:
        found: Any = await feed.client.hget(feed.keys.meta, "fingerprint")
        if found is not None and found.decode() != plan.fingerprint:
            raise SettingsError(
                f"KPI_NAMESPACE={settings.namespace}: its state was made with another catalog; name that one "
                "in KPI_CATALOG"
            )


async def _newest_ms(feeds: Sequence[Feed], settings: Settings) -> int:
    found = [newest_ms for feed in feeds if (newest_ms := await feed.newest_ms()) is not None]
    if not found:
        raise SettingsError(f"KPI_NAMESPACE={settings.namespace}: no event was accepted yet")
    return max(found)


async def ask_why(settings: Settings, plan: Plan, which: Which) -> Answer:
    async with asked(settings, plan) as state:
        view = await view_once(state.feeds, plan)
        view.expire(state.now_ms)
        return answer(plan, view, state.now_ms, which, ahead=state.ahead)


async def ask_waiting(settings: Settings, plan: Plan, question: Question) -> WaitingList:
    async with asked(settings, plan) as state:
        return await who_waits(state.feeds, plan, question, state.now_ms)
