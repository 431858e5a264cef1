"""What `kpi dead-letters` looks up and does; how it is printed is in `letter_tables`."""

import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from streams.commands.stack import in_plain_words
from streams.letters.filters import Filter
from streams.letters.letter import Letter
from streams.letters.reading import LetterTopic
from streams.letters.rows import Row, row_of
from streams.settings import Settings


@asynccontextmanager
async def letter_topic(settings: Settings) -> AsyncIterator[LetterTopic]:
    """SettingsError when KPI_BROKER is not set or has no such topic; Unreachable when Kafka is away."""
    with in_plain_words():
        async with LetterTopic(settings) as topic:
            yield topic


async def newest(topic: LetterTopic, wanted: Filter, limit: int) -> list[Row]:
    """So many of those that are wanted, the newest first. Only these are held in memory."""
    heap: list[Row] = []
    async for letter in topic.letters(wanted):
        row = row_of(letter)
        if len(heap) < limit:
            heapq.heappush(heap, row)
        else:
            heapq.heappushpop(heap, row)
    return sorted(heap, reverse=True)


async def found(topic: LetterTopic, id_: str) -> Letter | None:
    """The letter with this id."""
    async for letter in topic.letters(Filter(ids={id_}, replayed=True)):
        return letter
    return None


async def chosen(topic: LetterTopic, wanted: Filter, limit: int | None) -> Filter:
    """What is wanted, narrowed to the newest so many."""
    if limit is None:
        return wanted
    rows = await newest(topic, wanted, limit)
    return replace(wanted, ids=frozenset(row.id for row in rows)) if rows else wanted
