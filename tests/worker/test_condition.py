"""What a partition's state is said to be: in /readyz, in the metrics, and not too often in the log."""

import logging
import time
from collections.abc import Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from streams.errors import Held
from streams.worker.condition import Condition, reason_of
from streams.worker.telemetry import Telemetry

TP = TopicPartition("crm.events", 3)


@pytest.fixture
def condition() -> Condition:
    return Condition(TP, Telemetry())


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass."""
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def pass_(seconds: float) -> None:
        now[0] += seconds

    return pass_


def series(condition: Condition) -> list[str]:
    """The series of the partition that are 1."""
    text = condition._telemetry.text().decode()
    found = [
        line for line in text.splitlines() if line.startswith("crm_partition_") and line.endswith(" 1.0")
    ]
    return [line.removesuffix(" 1.0") for line in found]


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (RedisConnectionError("Error 111"), "redis", "Redis does not answer: ConnectionError: Error 111"),
        (RedisTimeoutError("slow"), "redis", "Redis does not answer"),
        (OutOfMemoryError("maxmemory"), "redis", "Redis refuses: OutOfMemoryError: maxmemory"),
        (
            KafkaConnectionError("gone"),
            "kafka",
            "Kafka does not answer, or refuses: KafkaConnectionError: gone",
        ),
        (ConnectionResetError("reset"), "network", "a connection failed"),
        (KeyError("leads"), "code", "a fault of this software: KeyError: 'leads'"),
    ],
)
def test_who_failed_is_named(condition: Condition, error: Exception, reason: str, words: str) -> None:
    condition.failed(error)
    shown = condition.shown()
    assert (shown["state"], shown["reason"]) == ("opening", reason) == ("opening", reason_of(error))
    assert shown["message"].startswith(words)
    name = type(error).__name__
    assert f'crm_partition_errors_total{{cause="{reason}",error="{name}"}}' in series(condition)


def test_a_held_partition_shows_its_reason_until_it_is_open(condition: Condition) -> None:
    assert condition.shown() == {"state": "opening"}
    condition.held(Held("topic", "made anew"))
    assert condition.shown() == {"state": "held", "reason": "topic", "message": "made anew"}
    assert set(series(condition)) == {
        'crm_partition_state{partition="3",state="held"}',
        'crm_partition_held{partition="3",reason="topic"}',
    }
    condition.held(Held("eviction", "volatile-lru"))
    assert 'crm_partition_held{partition="3",reason="topic"}' not in series(condition)
    condition.opened()
    assert condition.shown() == {"state": "open"}
    assert series(condition) == ['crm_partition_state{partition="3",state="open"}']


def test_why_it_opens_is_told_until_it_is_open(condition: Condition) -> None:
    condition.failed(RedisConnectionError())
    condition.opening()
    assert condition.shown()["reason"] == "redis"
    condition.opened()
    assert condition.shown() == {"state": "open"}


def test_a_partition_that_was_released_tells_nothing_any_more(condition: Condition) -> None:
    condition.held(Held("topic", "made anew"))
    condition.released()
    condition.opened()
    assert series(condition) == []


def test_a_trouble_that_lasts_is_logged_once_a_minute_and_another_one_at_once(
    condition: Condition, later: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(100):
        condition.failed(RedisConnectionError("refused"))
        later(1)
    assert len(caplog.records) == 2
    condition.failed(RedisConnectionError("reset"))
    assert len(caplog.records) == 3
    condition.failed(KafkaConnectionError())
    condition.held(Held("topic", "made anew"))
    condition.held(Held("topic", "made anew"))
    condition.held(Held("eviction", "volatile-lru"))
    condition.failed(RedisConnectionError("refused"))
    assert len(caplog.records) == 6
    condition.held(Held("topic", "made anew once more"))
    assert len(caplog.records) == 7


def test_the_log_has_the_whole_text_of_an_error_and_each_other_text_is_another_trouble(
    condition: Condition, caplog: pytest.LogCaptureFixture
) -> None:
    condition.failed(OutOfMemoryError("command not allowed when used memory > 'maxmemory'"))
    condition.failed(ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"))
    condition.failed(ResponseError("MISCONF Redis is configured to save RDB snapshots"))
    said = [record.getMessage().partition("again: ")[2] for record in caplog.records]
    assert said == [
        "Redis refuses: OutOfMemoryError: command not allowed when used memory > 'maxmemory'",
        "Redis refuses: ResponseError: WRONGTYPE Operation against a key holding the wrong kind of value",
        "Redis refuses: ResponseError: MISCONF Redis is configured to save RDB snapshots",
    ]


def test_a_fault_of_our_own_is_logged_with_its_traceback(
    condition: Condition, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        _fails()
    except KeyError as error:
        condition.failed(error)
    assert "Traceback" in caplog.text and "in _fails" in caplog.text


def _fails() -> None:
    raise KeyError
