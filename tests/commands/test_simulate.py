"""Invented traffic in a configured Kafka: it never mixes with real events, and goes on where it stopped."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice

import pytest

from streams.commands.company import Company, due
from streams.commands.simulate import Mark, simulate
from streams.embedded.broker import EmbeddedBroker
from streams.errors import SettingsError
from streams.kafka.publisher import Publisher, Sent
from streams.kafka.reading import read_topic
from streams.settings import Settings

COMPANY = Company(days=1, per_day=100, rate=200, seed=7)
REAL = b'{"type": "crm.lead.created", "data": {"lead_id": "lead-1"}}'

Found = list[tuple[Mark, bytes]]


@pytest.fixture
def settings() -> Iterator[Settings]:
    with EmbeddedBroker() as broker:
        yield Settings(broker=f"kafka://{broker.address}", topic="invented", create_topics=False)


async def published(settings: Settings) -> Found:
    records = await read_topic(settings.kafka_client(), settings.topic)
    return [(mark, record.value or b"") for record in records if (mark := Mark.of(record.headers))]


async def run_until(settings: Settings, enough: Callable[[Found], bool]) -> Found:
    """Simulate until there is enough, stop, and tell all that there is."""
    task = asyncio.create_task(simulate(settings, COMPANY, lambda text: None))
    while not enough(found := await published(settings)):
        assert not task.done(), task.exception()
        await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait([task])
    return found


def live(found: Found) -> bool:
    """Whether the present is being told."""
    return any(mark.since_ms >= mark.began_ms for mark, _ in found)


def told(began_ms: int, number: int) -> list[bytes]:
    """The first so many events of the company whose present began then."""
    events = chain(COMPANY.history(began_ms), COMPANY.present(began_ms))
    return [line for _, line in islice(events, number)]


async def test_history_comes_first_and_then_the_present(settings: Settings) -> None:
    found = await run_until(settings, live)
    (began_ms,) = {mark.began_ms for mark, _ in found}
    lines = {line for _, line in found}
    assert set(told(began_ms, len(lines))) == lines
    assert lines > {line for _, line in COMPANY.history(began_ms)}


async def test_a_mark_is_not_later_than_any_event_of_its_round(settings: Settings) -> None:
    for mark, line in await run_until(settings, live):
        assert mark.since_ms <= datetime.fromisoformat(json.loads(line)["time"]).timestamp() * 1000


async def test_who_is_started_again_goes_on_without_a_gap_and_without_another_company(
    settings: Settings,
) -> None:
    first = await run_until(settings, live)
    again = await run_until(settings, lambda found: len(found) > len(first) + 100)
    (began_ms,) = {mark.began_ms for mark, _ in again}
    lines = {line for _, line in again}
    assert set(told(began_ms, len(lines))) == lines
    assert len(again) - len(lines) < len(first) / 2  # by far not all of it was published again


async def test_a_simulation_that_was_stopped_in_its_history_completes_it(settings: Settings) -> None:
    """Its second round was under way: some partitions have what is theirs of it, others have not."""
    began_ms = 1_763_800_000_000
    events = list(islice(COMPANY.history(began_ms), 300))
    async with Publisher(settings) as publisher:
        for round_, sent in ((events[:200], 200), (events[200:], 30)):
            headers = Mark(COMPANY, began_ms, since_ms=round_[0][0]).headers()
            await publisher.publish([Sent(line, headers) for _, line in round_[:sent]])
    lines = {line for _, line in await run_until(settings, live)}
    assert lines >= {line for _, line in COMPANY.history(began_ms)}


async def test_a_topic_with_real_events_is_refused_and_left_alone(settings: Settings) -> None:
    async with Publisher(settings) as publisher:
        await publisher.publish([Sent(REAL)])
    with pytest.raises(SettingsError, match="--into invented: not all of its events are invented"):
        await simulate(settings, COMPANY, lambda text: None)
    assert len(await read_topic(settings.kafka_client(), settings.topic)) == 1


async def test_a_real_event_beside_invented_ones_is_noticed(settings: Settings) -> None:
    await run_until(settings, bool)
    async with Publisher(settings) as publisher:
        await publisher.publish([Sent(REAL)])
    with pytest.raises(SettingsError, match="not all of its events are invented"):
        await simulate(settings, COMPANY, lambda text: None)


async def test_another_company_does_not_move_in(settings: Settings) -> None:
    await run_until(settings, bool)
    with pytest.raises(SettingsError, match=f"it has the traffic of {COMPANY};"):
        await simulate(settings, replace(COMPANY, seed=8), lambda text: None)


async def test_only_what_is_due_and_what_was_not_published_comes() -> None:
    rounds = [round_ async for round_ in due([(1, b"a"), (2, b"b"), (2, b"c")], since_ms=2)]
    assert rounds == [[(2, b"b"), (2, b"c")]]
