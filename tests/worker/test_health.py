"""Whether Kafka answers: not at every hiccup, but in good time, and with the reason."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from streams.worker import health as health_module
from streams.worker.health import SILENT_S, Ends, KafkaHealth
from streams.worker.telemetry import Telemetry

TP = TopicPartition("crm.events", 3)


class Kafka:
    """One whose clock and whose answers are these fields."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.telemetry = Telemetry()
        self.health = KafkaHealth(self.telemetry, lambda: self.now)

    async def look(self, answer: Ends | Exception) -> Ends:
        return await self.health.look(_answer(answer))

    def is_up(self) -> bool:
        """By the metric, which says what /readyz says."""
        told = self.telemetry.registry.get_sample_value("crm_kafka_up")
        assert told == self.health.up == self.health.shown()["up"]
        return bool(told)


async def _answer(answer: Ends | Exception) -> Ends:
    if isinstance(answer, Exception):
        raise answer
    return answer


async def test_it_is_down_until_it_has_answered() -> None:
    kafka = Kafka()
    assert not kafka.is_up()
    assert kafka.health.shown()["message"]
    assert await kafka.look(KafkaConnectionError("refused")) == {}
    assert not kafka.is_up()
    assert kafka.health.shown()["message"].endswith(": KafkaConnectionError: refused")
    assert await kafka.look({TP: 7}) == {TP: 7}
    assert kafka.is_up()
    assert kafka.health.shown() == {"up": True}


async def test_it_is_down_when_it_has_not_answered_for_a_while_and_up_at_its_next_answer() -> None:
    kafka = Kafka()
    await kafka.look({TP: 7})
    kafka.now += SILENT_S - 0.1
    assert await kafka.look(KafkaConnectionError("refused")) == {}
    assert kafka.is_up(), "a hiccup"
    kafka.now += 0.1
    await kafka.look(KafkaConnectionError("refused"))
    assert not kafka.is_up()
    assert "refused" in kafka.health.message
    await kafka.look({TP: 7})
    assert kafka.is_up()


async def test_an_answer_in_between_begins_the_time_anew() -> None:
    kafka = Kafka()
    for _ in range(5):
        await kafka.look({TP: 7})
        kafka.now += SILENT_S - 1
        await kafka.look(KafkaConnectionError("refused"))
        assert kafka.is_up()


async def test_one_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "ANSWER_S", 0.01)
    kafka = Kafka()
    await kafka.look({TP: 7})
    kafka.now += SILENT_S
    hangs: Awaitable[Any] = asyncio.Event().wait()
    assert await kafka.health.look(hangs) == {}
    assert not kafka.is_up()
    assert kafka.health.message.startswith("Kafka does not answer, or refuses: KafkaTimeoutError")
