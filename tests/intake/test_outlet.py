"""The way to Kafka: what is not acknowledged is not accepted, and one failure does not stay."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import ClassVar

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
)

from schemas.dead_letter import MAX_ORIGINAL_BYTES
from streams.embedded.broker import EmbeddedBroker
from streams.intake import outlet
from streams.intake.outlet import LineTooLarge, NotAcknowledged, Outlet
from streams.kafka.outline import OF_CONTRACT
from streams.kafka.publisher import Sent
from streams.settings import Settings
from tests.intake.serving import LEAD, served, settings_of, until

LINE = [Sent(b"{}")]


class Producer:
    """Stands for one of aiokafka's: once it has failed it fails for ever."""

    made: ClassVar[list["Producer"]] = []
    errors: ClassVar[list[Exception | None]] = []
    """What the next starts, publishings and looks end with."""

    def __init__(self, *_: object, **__: object) -> None:
        self.broken: Exception | None = None
        self.ended = False
        self.published = 0
        Producer.made.append(self)

    async def __aenter__(self) -> "Producer":
        self._fail_if_told()
        return self

    async def end(self, within_s: float) -> None:
        self.ended = True

    async def publish(self, sent: Sequence[Sent]) -> None:
        self._fail_if_told()
        self.published += len(sent)

    async def look(self) -> None:
        self._fail_if_told()

    def _fail_if_told(self) -> None:
        self.broken = self.broken or (Producer.errors.pop(0) if Producer.errors else None)
        if self.broken is not None:
            raise self.broken


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("ACK_S", "LOOK_S"):
        monkeypatch.setattr(outlet, name, 0.05)
    yield


@pytest.fixture
async def way(fast: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outlet]:
    """An outlet with made producers."""
    Producer.made, Producer.errors = [], []
    monkeypatch.setattr(outlet, "Publisher", Producer)
    async with Outlet(Settings(create_topics=False), OF_CONTRACT) as way:
        yield way


async def ready(way: Outlet) -> None:
    async def is_ready() -> bool:
        return way.ready

    await until(is_ready)


@pytest.mark.parametrize(
    "error",
    [
        KafkaTimeoutError(),
        OutOfOrderSequenceNumber(),
        UnknownProducerId(),
        KafkaConnectionError(),
        KafkaError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_after_an_error_the_next_line_goes_to_a_new_producer(way: Outlet, error: KafkaError) -> None:
    await way.publish(LINE)
    Producer.errors = [error]
    with pytest.raises(NotAcknowledged, match=type(error).__name__):
        await way.publish(LINE)
    await way.publish(LINE)
    first, second = Producer.made
    assert (first.published, second.published) == (1, 1)
    assert first.ended and not second.ended


async def test_what_is_not_acknowledged_in_time_is_not_and_one_producer_is_left_behind(
    way: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ready(way)
    monkeypatch.setattr(Producer, "publish", _hang)
    told = await asyncio.gather(*(way.publish(LINE) for _ in range(20)), return_exceptions=True)
    assert {str(one) for one in told} == {"Kafka has not acknowledged within 0.05 s"}
    assert all(isinstance(one, NotAcknowledged) for one in told)
    await ready(way)
    assert [one.ended for one in Producer.made] == [True, False]


async def _hang(*_: object) -> None:
    await asyncio.Event().wait()


async def test_what_the_broker_refuses_for_its_size_may_not_be_sent_again(way: Outlet) -> None:
    await ready(way)
    Producer.errors = [MessageSizeTooLargeError()]
    with pytest.raises(LineTooLarge, match=r"max\.message\.bytes"):
        await way.publish(LINE)
    await way.publish(LINE)
    assert len(Producer.made) == 2


async def test_what_is_certainly_too_large_does_not_come_near_a_producer(way: Outlet) -> None:
    await ready(way)
    with pytest.raises(LineTooLarge, match="1,000,000 bytes"):
        await way.publish([*LINE, Sent(b"x" * (MAX_ORIGINAL_BYTES + 1))])
    assert [one.published for one in Producer.made] == [0]


async def test_kafka_that_goes_away_while_nobody_publishes_is_noticed(way: Outlet) -> None:
    await ready(way)
    Producer.errors = [KafkaConnectionError(), *[OSError("refused")] * 2]

    async def is_in_trouble() -> bool:
        return "OSError" in way.trouble

    await until(is_in_trouble)
    with pytest.raises(NotAcknowledged, match="OSError"):
        await way.publish(LINE)
    await ready(way)
    await way.publish(LINE)


# -- With a broker ----------------------------------------------------------------------------------------


async def test_without_kafka_the_server_starts_and_says_so_until_kafka_comes(
    fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker is there all the time: at first the settings lead elsewhere."""
    with EmbeddedBroker() as broker:
        settings, nowhere = settings_of(broker, "later"), settings_of("127.0.0.1:1", "later")
        clients = [nowhere.kafka_client()]
        monkeypatch.setattr(type(settings), "kafka_client", lambda _: clients[0])
        async with served(settings, is_ready=False) as webhooks:

            async def is_told() -> bool:
                return "KafkaConnectionError" in str((await webhooks.ask("/readyz", "GET")).document)

            await until(is_told)
            answered = await webhooks.send(LEAD)
            assert (answered.status, answered.headers["Retry-After"]) == (503, "5")
            assert answered.document["reason"] == "unavailable"
            assert "127.0.0.1" not in str(answered.document), "strangers hear no addresses"
            assert (await webhooks.ask("/healthz", "GET")).status == 200
            assert (await webhooks.metrics())["crm_intake_up"] == 0
            clients[0] = {**clients[0], "bootstrap_servers": broker.address}
            await until(lambda: _accepts(webhooks.send(LEAD)))
            assert (await webhooks.metrics())["crm_intake_up"] == 1
            assert len(await webhooks.published()) == 1


async def _accepts(sending: object) -> bool:
    return (await sending).status == 202  # type: ignore[misc,no-any-return]
