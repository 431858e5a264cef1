"""The newest letters, followed within bounded memory, also while Kafka is away. About 5 s."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaProducer

from streams.embedded.broker import EmbeddedBroker
from streams.letters import watching
from streams.letters.masking import Mask
from streams.letters.watching import LetterWatch, Seen
from streams.settings import Settings
from tests.builders import ms, shipped
from tests.letters.builders import BAD_CURRENCY, dead, mark, written

NOW_MS = ms("18:00")
PATIENCE_S = 30


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RETRY_S", 0.05)
    monkeypatch.setattr(watching, "CHECK_S", 0.5)
    monkeypatch.setattr(watching, "WAIT_MS", 50)


def watch(broker: str | None) -> LetterWatch:
    given = None if broker is None else f"kafka://{broker}"
    return LetterWatch(Settings(broker=given), Mask(shipped()), lambda: NOW_MS)


async def until(letters: LetterWatch, condition: Callable[[Seen], bool]) -> Seen:
    async with asyncio.timeout(PATIENCE_S):
        while not condition(seen := letters.seen()):
            await asyncio.sleep(0.02)
    return seen


async def test_without_a_kafka_there_is_nothing_to_follow() -> None:
    async with watch(None) as letters:
        assert letters.seen() == Seen(NOW_MS, "unset", "", "crm.dead-letters", [], 0, True)


async def test_letters_are_there_as_they_come_and_as_they_are_marked() -> None:
    one, two = dead(BAD_CURRENCY), dead("nonsense", offset=1)
    with EmbeddedBroker() as broker:
        async with watch(broker.address) as letters:
            await until(letters, lambda seen: seen.state == "starting" and "no topic" in seen.trouble)
            await written(broker.address, "crm.dead-letters", [one])
            assert len((await until(letters, lambda seen: seen.state == "reading")).letters) == 1
            await written(broker.address, "crm.dead-letters", [two, one], [(one, mark(one))])
            seen = await until(letters, lambda seen: any(kept.replayed_at_ms for kept in seen.letters))
    assert sorted((kept.id, kept.replayed_at_ms) for kept in seen.letters) == [
        ("crm.events/3/0", mark(one).replayed_at_ms),
        ("crm.events/3/1", None),
    ]


async def test_only_the_newest_are_kept_and_it_is_known_that_there_are_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "KEPT", 8)
    monkeypatch.setattr(watching, "KEPT_OF_PARTITION", 3)
    with EmbeddedBroker() as broker:  # of four partitions; all of these are in one
        await written(broker.address, "crm.dead-letters", [dead("bad", offset=at) for at in range(20)])
        async with watch(broker.address) as letters:
            seen = await until(letters, lambda seen: seen.state == "reading")
            assert [int(kept.id[-2:]) for kept in seen.letters] == [17, 18, 19]
            assert not seen.complete


async def test_what_is_no_letter_is_counted() -> None:
    with EmbeddedBroker() as broker:
        not_base64 = dead("worse", offset=1, headers=[("ce_type", "abc")])
        await written(broker.address, "crm.dead-letters", [dead("bad"), not_base64])
        async with AIOKafkaProducer(bootstrap_servers=broker.address) as producer:
            await producer.send_and_wait("crm.dead-letters", b"{}", key=b"of another team")
        async with watch(broker.address) as letters:
            seen = await until(letters, lambda seen: seen.state == "reading")
    assert (len(seen.letters), seen.others) == (1, 2)


async def test_while_kafka_is_away_the_last_that_was_known_stays_and_the_trouble_is_told() -> None:
    with EmbeddedBroker() as broker:
        await written(broker.address, "crm.dead-letters", [dead("bad")])
        async with watch(broker.address) as letters:
            await until(letters, lambda seen: seen.state == "reading")
            broker.stop()
            seen = await until(letters, lambda seen: seen.state == "away")
            assert seen.trouble.startswith("Kafka")
            assert len(seen.letters) == 1
