"""Counting letters by reason and type."""

import pytest

from streams.letters import stats
from streams.letters.stats import DAY_MS, HOUR_MS, Stats
from tests.builders import lead_created, ms
from tests.letters.builders import BAD_CURRENCY, letter


def test_letters_are_counted_by_reason_type_and_hour() -> None:
    counted = Stats(HOUR_MS)
    for time in ("10:05", "10:59", "12:00"):
        counted.add(letter(BAD_CURRENCY, timestamp_ms=ms(time)))
    counted.add(letter("nonsense", timestamp_ms=ms("09:00")))
    (reason, type_, group), (second, no_type, _) = counted.sorted()
    assert (reason, type_, second, no_type) == ("unknown_currency", "crm.deal.won", "not_json", "")
    assert (group.number, group.first_ms, group.last_ms) == (3, ms("10:05"), ms("12:00"))
    assert group.steps == {ms("10:00"): 2, ms("12:00"): 1}


def test_days_are_those_of_utc() -> None:
    counted = Stats(DAY_MS)
    counted.add(letter(BAD_CURRENCY, timestamp_ms=ms("2024-04-15 23:59")))
    counted.add(letter(BAD_CURRENCY, timestamp_ms=ms("2024-04-16 00:00")))
    assert counted.sorted()[0][2].steps == {ms("2024-04-15"): 1, ms("2024-04-16"): 1}


def test_memory_is_bounded_whatever_records_say_as_their_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "MOST_GROUPS", 3)
    counted = Stats(HOUR_MS)
    for at in range(10):
        counted.add(letter(lead_created("lead-1") | {"type": f"crm.nonsense.{at}"}))
    assert len(counted.groups) == 4
    assert counted.groups["unknown_type", "other"].number == 7
