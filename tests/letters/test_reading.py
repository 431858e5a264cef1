"""Reading the dead letters' topic: of each letter the newest, and what was published again. About 3 s."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.embedded.broker import EmbeddedBroker
from streams.errors import SettingsError
from streams.kafka.reading import TopicReader
from streams.letters import reading
from streams.letters.filters import Filter
from streams.letters.letter import Letter
from streams.letters.reading import LetterTopic
from streams.settings import Settings
from tests.builders import lead_created, ms
from tests.letters.builders import BAD_CURRENCY, dead, mark, written

WITH_REPLAYED = Filter(replayed=True)


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


def settings_of(broker: EmbeddedBroker, topic: str) -> Settings:
    return Settings(broker=f"kafka://{broker.address}", dead_letters_topic=topic)


async def found(broker: EmbeddedBroker, topic: str, wanted: Filter = WITH_REPLAYED) -> list[Letter]:
    async with LetterTopic(settings_of(broker, topic)) as letters:
        return [letter async for letter in letters.letters(wanted)]


async def test_of_a_letter_that_was_written_twice_the_newest_counts(broker: EmbeddedBroker) -> None:
    old, new = dead(BAD_CURRENCY), dead(BAD_CURRENCY, message="new")
    await written(broker.address, "twice", [old, dead("nonsense", offset=1), new])
    assert [letter.dead.message for letter in await found(broker, "twice")][1:] == ["new"]


async def test_a_letter_that_was_taken_back_is_gone(broker: EmbeddedBroker) -> None:
    kept, gone = dead("nonsense", offset=1), dead(BAD_CURRENCY)
    await written(broker.address, "back", [kept, gone])
    async with AIOKafkaProducer(bootstrap_servers=broker.address) as producer:
        await producer.send_and_wait("back", None, key=gone.record_key().encode(), partition=0)
    assert [letter.id for letter in await found(broker, "back")] == [kept.record_key()]


async def test_a_mark_survives_that_the_letter_is_written_again(broker: EmbeddedBroker) -> None:
    """As a worker does that starts again, or counts the topic in a new namespace."""
    one = dead(BAD_CURRENCY)
    await written(broker.address, "marked", [one], [(one, mark(one))])
    await written(broker.address, "marked", [one])
    (letter,) = await found(broker, "marked")
    assert letter.replayed == mark(one)
    assert await found(broker, "marked", Filter()) == []


def test_a_mark_costs_little_memory() -> None:
    """A million letters that were published again, all in one partition, need 200 MB and not 600."""
    keys, value = reading._Keys(), mark(dead(BAD_CURRENCY)).model_dump_json().encode()
    tracemalloc.start()
    for at in range(1_000):
        keys._mark(at, value)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 400 * 1_000


async def test_a_mark_is_of_one_record_and_not_of_another_in_its_place(
    broker: EmbeddedBroker,
) -> None:
    """A topic that is made anew has other records at the same offsets."""
    before, now = dead(BAD_CURRENCY, timestamp_ms=ms("10:00")), dead(BAD_CURRENCY, timestamp_ms=ms("11:00"))
    await written(broker.address, "anew", [before], [(before, mark(before))])
    await written(broker.address, "anew", [now])
    (letter,) = await found(broker, "anew")
    assert letter.replayed is None


async def test_what_is_no_letter_of_ours_is_counted(broker: EmbeddedBroker) -> None:
    one = dead(BAD_CURRENCY)
    bad: list[dict[str, Any]] = [{"value": "a"}, {"key": "abc"}, {"headers": [("x", "abc")]}]
    not_base64 = [dead("nonsense", offset=at, **changes) for at, changes in enumerate(bad, 2)]
    await written(broker.address, "others", [one, *not_base64])
    async with AIOKafkaProducer(bootstrap_servers=broker.address) as producer:
        await producer.send_and_wait("others", b'{"error": "of another team"}', key=b"1", partition=0)
        await producer.send_and_wait("others", one.model_dump_json().encode(), key=b"2", partition=0)
        await producer.send_and_wait("others", b"\xff", partition=0)
    async with LetterTopic(settings_of(broker, "others")) as letters:
        for _ in range(2):  # a second pass counts anew
            assert [letter.id async for letter in letters.letters(Filter())] == [one.record_key()]
            assert letters.others == 6


async def test_what_comes_after_a_first_look_is_not_in_a_second(broker: EmbeddedBroker) -> None:
    await written(broker.address, "later", [dead(BAD_CURRENCY)])
    async with LetterTopic(settings_of(broker, "later")) as letters:
        ends = letters.ends
    await written(broker.address, "later", [dead("nonsense", offset=1)])
    async with LetterTopic(settings_of(broker, "later"), ends) as letters:
        assert len([letter async for letter in letters.letters(Filter())]) == 1
    assert len(await found(broker, "later")) == 2


async def test_a_look_ends_where_it_should_in_the_middle_of_a_batch_too(broker: EmbeddedBroker) -> None:
    here = TopicPartition("batch", 0)
    async with AIOKafkaProducer(bootstrap_servers=broker.address, linger_ms=100) as producer:
        for number in range(5):
            await producer.send(here.topic, b"%d" % number, partition=0)
    async with TopicReader({"bootstrap_servers": broker.address}, here.topic, {here: 2}) as reader:
        assert [record.value async for record in reader.records(0)] == [b"0", b"1"]


async def test_a_topic_that_there_is_not_is_told_and_not_made(broker: EmbeddedBroker) -> None:
    for _ in range(2):
        with pytest.raises(SettingsError, match="KPI_DEAD_LETTERS_TOPIC=none: there is no such topic"):
            await found(broker, "none")


# -- Which are wanted -------------------------------------------------------------------------------------

LETTERS = [
    Letter(dead(BAD_CURRENCY, offset=0, timestamp_ms=ms("10:00")), 0),
    Letter(dead(lead_created("lead-1", customer_id=7), offset=1, timestamp_ms=ms("11:00")), 0),
    Letter(dead("nonsense", offset=2, timestamp_ms=ms("12:00")), 0),
]


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (Filter(), [0, 1, 2]),
        (Filter(reasons={"unknown_currency", "not_json"}), [0, 2]),
        (Filter(types={"crm.lead.created"}), [1]),
        (Filter(fields={"data.currency"}), [0]),
        (Filter(sources={"/tests"}), [0, 1]),
        (Filter(since_ms=ms("11:00")), [1, 2]),
        (Filter(until_ms=ms("11:00")), [0]),
        (Filter(ids={"crm.events/3/2"}), [2]),
        (Filter(ids={"crm.events/3/2"}, reasons={"bad_time"}), []),
    ],
)
def test_letters_are_chosen_by_what_is_known_of_them(wanted: Filter, offsets: list[int]) -> None:
    assert [letter.dead.offset for letter in LETTERS if wanted.wants(letter)] == offsets


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ('{"type": "crm.lead.created", ', "crm.lead.created"),
        ('{"type": 7}', None),
        ('"type"', None),
        (b'\xff "type":"crm.deal.won"', "crm.deal.won"),
    ],
)
def test_a_type_is_read_of_what_is_no_event_as_far_as_possible(value: str | bytes, type_: str | None) -> None:
    assert Letter(dead(value), 0).origin().type == type_
