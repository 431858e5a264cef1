"""Of records that the engine fails at, all are found, and nothing but they."""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from streams.engine.decode import Event
from streams.engine.facts import Row
from streams.engine.work import RowKey
from streams.worker.sieve import Sieve
from tests.worker.builders import Poisoned, history


async def no_rows(events: Iterable[Event]) -> dict[RowKey, Row | None]:
    return dict.fromkeys(Poisoned(()).keys(events))


def valid() -> list[int]:
    """Offsets of the history's records that are events."""
    events, _ = Poisoned(()).decode(history())
    return [event.record.offset for event in events]


@pytest.mark.parametrize("number", [0, 1, 2, 40, 200])
async def test_what_the_engine_fails_at_is_found_and_the_rest_stays_in_order(number: int) -> None:
    poison = set(Random(number).sample(valid(), number))
    sieve = Sieve(Poisoned(poison), no_rows)
    await sieve.sift(history())
    assert [reject.record.offset for reject in sieve.rejects] == sorted(poison)
    assert [record.offset for record in sieve.good] == [
        record.offset for record in history() if record.offset not in poison
    ]


async def test_a_reject_names_the_exception_and_nothing_of_what_it_says() -> None:
    offset = valid()[5]
    sieve = Sieve(Poisoned({offset}), no_rows)
    await sieve.sift(history())
    [reject] = sieve.rejects
    assert (reject.reason, reject.field) == ("engine_error", None)
    assert "ZeroDivisionError" in reject.message and "s3cret" not in reject.message


async def test_rows_that_were_handed_over_are_left_as_they_were() -> None:
    engine = Poisoned(set(valid()[150:]))
    events, _ = engine.decode(history()[:100])
    before = engine.apply(events, dict.fromkeys(engine.keys(events))).rows
    rows: dict[RowKey, Any] = {key: engine.decode_row(key[0], row) for key, row in before.items()}

    async def loaded(events: Iterable[Event]) -> dict[RowKey, Row | None]:
        return {key: rows.get(key) for key in engine.keys(events)}

    await Sieve(engine, loaded).sift(history())
    assert {key: engine.encode_row(row) for key, row in rows.items()} == before


async def test_rows_that_cannot_be_loaded_are_no_records_fault() -> None:
    async def fails(events: Iterable[Event]) -> dict[RowKey, Row | None]:
        raise RedisConnectionError

    sieve = Sieve(Poisoned(()), fails)
    with pytest.raises(RedisConnectionError):
        await sieve.sift(history())
    assert sieve.rejects == []
