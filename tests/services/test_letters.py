"""Dead letters brought back into the numbers, on a real Kafka and a real Redis. About 12 s.

These tests go in this order: each leaves letters behind.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.commands.asking import ask_why
from streams.commands.letters import newest, published, surveyed
from streams.letters.filters import Filter
from streams.letters.fixing import Fix, setting
from streams.letters.order import Order
from streams.letters.replaying import Tally
from streams.letters.rows import Row
from streams.naming import APPLIED, REPLAYED_HEADER, UNCHANGED
from streams.serve.explaining import Which
from tests.builders import deal_won, shipped
from tests.letters.builders import binary
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services.fleet import Fleet

AT = "2024-04-15 10:00"
TO_USD = Fix([setting("data.currency=USD")])
ALL = Filter(replayed=True)


def won(deal: str, **data: Any) -> dict[str, Any]:
    return deal_won(deal, at=AT, id=f"won-{deal}", customer_id=f"customer-of-{deal}", **data)


@pytest.fixture(scope="module")
def fleet(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One worker."""
    directory: Path = tmp_path_factory.mktemp("letters")
    with RedisServer(redis_binary("installed"), directory / "redis") as redis:
        fleet = Fleet.of("brought-back", kafka, redis, directory)
        fleet.start_worker("worker")
        try:
            yield fleet
        finally:
            fleet.stop()


async def replayed(fleet: Fleet, order: Order) -> Tally:
    """What `kpi dead-letters replay --yes` says, when the worker has counted what it published."""
    survey = await surveyed(fleet.settings, shipped(), order, None)
    tally = await published(fleet.settings, shipped(), survey, lambda number: None)
    assert (tally.published, tally.stay) == (survey.tally.published, survey.tally.stay)
    await fleet.caught_up()
    return tally


async def listed(fleet: Fleet, wanted: Filter) -> list[Row]:
    return await newest(fleet.settings, wanted, 1_000, None)


async def revenue(fleet: Fleet) -> float | None:
    """Of the last year, in the catalog's currency."""
    answer = await ask_why(fleet.settings, shipped(), Which("revenue", "365d"))
    value: float | None = answer.document()["value"]
    return value


async def test_refused_then_corrected_it_is_counted_once(fleet: Fleet) -> None:
    await fleet.until(lambda: fleet.opened("worker"))
    await fleet.publish([json.dumps(won("good")).encode()])
    in_headers = binary(won("bad-3", currency="XQX", amount_minor=5_000))
    async with fleet.producer() as producer:
        for deal in ("bad-1", "bad-2"):
            line = json.dumps(won(deal, currency="XQX", amount_minor=5_000)).encode()
            await producer.send_and_wait(fleet.settings.topic, line, key=b"of the producer")
        await producer.send_and_wait(fleet.settings.topic, in_headers.value, headers=in_headers.headers)
    await fleet.caught_up()
    assert await revenue(fleet) == 100
    assert [row.reason for row in await listed(fleet, Filter())] == ["unknown_currency"] * 3

    refused = await replayed(fleet, Order(Filter()))
    assert (refused.published, dict(refused.refused)) == (0, {"unknown_currency": 3})

    assert (await replayed(fleet, Order(Filter(), TO_USD))).published == 3
    assert await revenue(fleet) == 250
    assert await listed(fleet, Filter()) == []
    marked = await listed(fleet, ALL)
    assert len(marked) == 3 and all(row.replayed_at_ms and row.fixed for row in marked)

    assert (await replayed(fleet, Order(ALL, TO_USD))).published == 3  # once more
    assert await revenue(fleet) == 250
    totals = await fleet.totals()
    assert (totals[APPLIED], totals[UNCHANGED]) == (4, 3)
    assert await fleet.is_exact()


async def test_what_came_back_has_the_contracts_key_and_tells_where_it_comes_from(fleet: Fleet) -> None:
    back = [one for one in await fleet.records() if REPLAYED_HEADER in dict(one.headers)]
    keys = [f"customer-of-bad-{number}".encode() for number in (1, 2, 3)]
    assert sorted(one.key for one in back) == sorted(keys * 2)
    from_ = {dict(one.headers)[REPLAYED_HEADER].decode() for one in back}
    assert from_ == {row.id for row in await listed(fleet, ALL)}


async def test_bad_ones_that_are_forced_are_few_and_hold_nothing_and_become_letters_again(
    fleet: Fleet,
) -> None:
    before = len(await listed(fleet, ALL))
    await fleet.publish([json.dumps(won(f"worse-{at}", currency="XQX")).encode() for at in range(30)])
    await fleet.caught_up()
    tally = await replayed(fleet, Order(Filter(), force=True, unsure=5))
    assert (tally.published, tally.left) == (5, 25)
    assert fleet.held("worker") == {}
    assert len(await listed(fleet, Filter())) == 30
    assert len(await listed(fleet, ALL)) == before + 35
