"""What `kpi dead-letters` looks up and does; how it is printed is in `letter_tables`."""

import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from streams.clock import clock_ms
from streams.commands.stack import in_plain_words
from streams.engine.plan import Plan
from streams.errors import SettingsError
from streams.letters.filters import Filter
from streams.letters.letter import Letter
from streams.letters.masking import Mask
from streams.letters.order import Order
from streams.letters.reading import Ends, LetterTopic
from streams.letters.replaying import Replayer, Tally
from streams.letters.rows import Row, row_of
from streams.letters.stats import Stats
from streams.settings import Settings


@asynccontextmanager
async def letter_topic(settings: Settings, ends: Ends | None = None) -> AsyncIterator[LetterTopic]:
    """SettingsError when KPI_BROKER is not set or has no such topic; Unreachable when Kafka is away."""
    with in_plain_words():
        async with LetterTopic(settings, ends) as topic:
            yield topic


async def newest(settings: Settings, wanted: Filter, limit: int, mask: Mask | None) -> list[Row]:
    """So many of those that are wanted, the newest first. Only these are held in memory."""
    async with letter_topic(settings) as topic:
        return await _newest(topic, wanted, limit, mask)


async def _newest(topic: LetterTopic, wanted: Filter, limit: int, mask: Mask | None) -> list[Row]:
    heap: list[Row] = []
    async for letter in topic.letters(wanted):
        if len(heap) < limit:
            heapq.heappush(heap, row_of(letter, mask))
        elif (letter.dead.timestamp_ms, letter.id) > heap[0][:2]:
            heapq.heapreplace(heap, row_of(letter, mask))
    return sorted(heap, reverse=True)


async def one_letter(settings: Settings, id_: str) -> Letter:
    """The letter with this id, also one that was published again; SettingsError when there is none."""
    async with letter_topic(settings) as topic:
        async for letter in topic.letters(Filter(ids={id_}, replayed=True)):
            return letter
    raise SettingsError(f"{id_}: no dead letter in {settings.dead_letters_topic} has this id")


async def counted(settings: Settings, wanted: Filter, step_ms: int, mask: Mask | None) -> Stats:
    stats = Stats(step_ms, mask)
    async with letter_topic(settings) as topic:
        async for letter in topic.letters(wanted):
            stats.add(letter)
    return stats


@dataclass(frozen=True, slots=True)
class Survey:
    """What would be published, of the letters that there were at one moment."""

    order: Order
    ends: Ends
    tally: Tally


async def surveyed(settings: Settings, plan: Plan, order: Order, limit: int | None) -> Survey:
    """With a limit, of the newest so many of those that are wanted."""
    async with letter_topic(settings) as topic:
        narrowed = await _narrowed(topic, order, limit)
        tally = await Replayer(settings, plan, topic, clock_ms).survey(narrowed)
        return Survey(narrowed, topic.ends, tally)


async def published(settings: Settings, plan: Plan, survey: Survey, advance: Callable[[int], None]) -> Tally:
    """Publish what was surveyed, and no letter that came since."""
    async with letter_topic(settings, survey.ends) as topic:
        return await Replayer(settings, plan, topic, clock_ms).publish(survey.order, advance)


async def _narrowed(topic: LetterTopic, order: Order, limit: int | None) -> Order:
    if limit is None:
        return order
    rows = await _newest(topic, order.wanted, limit, None)
    ids = frozenset(row.id for row in rows)
    return replace(order, wanted=replace(order.wanted, ids=ids)) if ids else order
