"""`kpi simulate`: a company's invented traffic in a topic of a configured Kafka that has no other events.

Each record has a mark: which company it is of, when its present began, and how far the traffic had come. Who
is started again reads the newest marks, and goes on with the round that may not be complete; those of its
events that come twice change nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self

import msgspec

from streams.clock import clock_ms
from streams.commands.company import Company, Timed, due
from streams.commands.stack import in_plain_words
from streams.errors import SettingsError
from streams.kafka.publisher import Headers, Publisher, Sent
from streams.kafka.reading import newest_headers
from streams.kafka.topics import create_topics
from streams.settings import Settings

HEADER: Final = "kpi-simulation"


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose traffic it is, when its present began, and the first time of the round that a record is in."""

    company: Company
    began_ms: int
    since_ms: int

    def headers(self) -> Headers:
        return [(HEADER, msgspec.json.encode(self))]

    @classmethod
    def of(cls, headers: Headers) -> Self | None:
        """None for a record that no simulation has published."""
        for name, value in headers:
            if name == HEADER:
                return msgspec.json.decode(value, type=cls)
        return None


async def simulate(settings: Settings, company: Company, say: Callable[[str], None]) -> None:
    """Publish into `settings.topic` until cancelled. SettingsError when it has other events than these."""
    with in_plain_words():
        if settings.create_topics:
            await create_topics(settings)
        async with Publisher(settings) as publisher:
            mark = await _where(settings, publisher.partitions, company)
            say(f"{settings.topic}: {company}, {'goes on' if mark.since_ms else 'begins'}")
            events = chain(company.history(mark.began_ms), company.present(mark.began_ms))
            async for round_ in due(events, mark.since_ms):
                await publisher.publish(_marked(round_, company, mark.began_ms))


def _marked(round_: list[Timed], company: Company, began_ms: int) -> list[Sent]:
    headers = Mark(company, began_ms, since_ms=round_[0][0]).headers()
    return [Sent(line, headers) for _, line in round_]


async def _where(settings: Settings, partitions: list[int], company: Company) -> Mark:
    """The mark to go on from; that of a new simulation when the topic is empty."""
    newest = await newest_headers(settings.kafka_client(), settings.topic, partitions)
    marks = [mark for headers in newest if (mark := Mark.of(headers))]
    if len(marks) < len(newest):
        raise SettingsError(
            f"--into {settings.topic}: not all of its events are invented; give another topic"
        )
    mark = max(marks, key=lambda mark: mark.since_ms, default=Mark(company, clock_ms(), since_ms=0))
    if mark.company != company:
        raise SettingsError(
            f"--into {settings.topic}: it has the traffic of {mark.company};"
            " give the same options, or another topic"
        )
    return mark
