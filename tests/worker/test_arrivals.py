"""What the worker says of the log itself is committed with everything else. About 3 s, with a real Redis."""

from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from streams.naming import source_of
from streams.serve.view import read_once
from tests.builders import CATALOG, Record, lead_created, plan_of, record
from tests.worker.builders import NAMESPACE, PUBLISHED_MS, MemoryLog, a_bench, history, records

pytestmark = pytest.mark.usefixtures("impatient")

SHARE = """
  dead_letter_share_of_the_test:
    title: Dead letters
    group: pipeline
    goal: Count all that is sent.
    owner: platform
    unit: ratio
    good: down
    gauge: crm_dead_letter_test_ratio
    windows: [15m, 1h, 24h]
    formula: dead_letters / events_received
"""
BAD = [record("nonsense", at=PUBLISHED_MS - 20 * 60_000, offset=offset) for offset in range(5)]


async def shares(client: Redis) -> dict[str, tuple[int | None, int | None]]:
    """Window -> (dead letters, records)."""
    plan = plan_of(CATALOG.read_text() + SHARE)
    once = await read_once(client, NAMESPACE, 4, plan, PUBLISHED_MS)
    found = [one for one in once.readings if one.kpi == "dead_letter_share_of_the_test"]
    return {one.window: (one.numerator, one.denominator) for one in found}


async def test_the_share_of_dead_letters_is_exact_though_the_worker_begins_again(client: Redis) -> None:
    """What was applied and not committed is applied again, and counts once."""
    log = MemoryLog([*BAD, *_moved(history()[:200])])
    bench = await a_bench(client, log, commit_events=40).opened()
    await bench.take(70)
    await bench.take(15)
    await bench.table.open()
    await bench.run(30)
    assert await bench.is_exact()
    refused = len(bench.letters.written)
    assert refused > len(BAD)
    everything = (len({reject.record.offset for _, reject in bench.letters.written}), 205)
    assert await shares(client) == {
        "15m": (everything[0] - 5, 200),
        "1h": everything,
        "24h": everything,
    }


def _moved(some: Sequence[Record]) -> list[Record]:
    return [one._replace(offset=one.offset + len(BAD)) for one in some]


async def test_a_source_beyond_so_many_goes_from_the_totals_when_an_earlier_name_comes(client: Redis) -> None:
    made = [{**lead_created("lead-1", id=f"{number}"), "source": f"/{number}"} for number in range(100, 250)]
    bench = await a_bench(client, records([*made[1:], made[0]])).opened()
    await bench.run(70)
    assert await bench.is_exact()
    sources = [source for total in await bench.store.load_totals() if (source := source_of(total))]
    assert sorted(sources) == sorted([*(f"/{number}" for number in range(100, 200)), "other"])
