"""What is said many times a second is heard once a minute."""

import logging

import pytest

from streams.worker import seldom
from streams.worker.seldom import QuietClient, Seldom


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_a_thing_is_said_once_and_again_after_a_minute(clock: list[float]) -> None:
    said = Seldom()
    clock[0] = 1.0
    assert [said.may_say("refused"), said.may_say("refused"), said.may_say("timed out")] == [
        True,
        False,
        True,
    ]
    clock[0] = 62.0
    assert said.may_say("refused")


def test_what_is_remembered_does_not_grow_for_ever(clock: list[float]) -> None:
    said = Seldom()
    clock[0] = 1.0
    for number in range(seldom.KEPT * 3):
        assert said.may_say(f"offset {number}")
    assert len(said._again) <= seldom.KEPT


def test_only_the_library_that_repeats_itself_is_quiet(clock: list[float]) -> None:
    clock[0] = 1.0
    quiet = QuietClient("aiokafka")

    def passes(name: str, level: int = logging.ERROR) -> bool:
        return quiet.filter(logging.LogRecord(name, level, "", 0, "node %s is down", (1,), None))

    assert [passes("aiokafka.cluster"), passes("aiokafka.cluster"), passes("aiokafka.conn")] == [
        True,
        False,
        True,
    ]
    assert all(passes("streams.worker.table") for _ in range(3))
    assert all(passes("aiokafka.cluster", logging.CRITICAL) for _ in range(3))
