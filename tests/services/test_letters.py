"""Dead letters brought back, on a real Kafka and a real Redis."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.naming import APPLIED
from tests.builders import deal_won
from tests.servers import KafkaServer, RedisServer, redis_binary
from tests.services.fleet import Fleet

BAD = tuple(
    deal_won(
        f"deal-{at}", at="2024-04-15 10:00", id=f"won-{at}", customer_id=f"customer-{at}", currency="XQX"
    )
    for at in range(3)
)


class Ran(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
async def fleet(kafka: KafkaServer, tmp_path: Path) -> AsyncIterator[Fleet]:
    with RedisServer(redis_binary("installed"), tmp_path / "redis") as redis:
        fleet = Fleet.of("letters", kafka, redis, tmp_path)
        try:
            yield fleet
        finally:
            fleet.stop()


async def kpi(fleet: Fleet, *arguments: str) -> Ran:
    """`kpi dead-letters ...` with the fleet's settings."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streams.cli", "dead-letters", *arguments),
        cwd=fleet.directory,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200", **fleet.settings.environment()},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


async def test_a_letter_is_corrected_counted_and_marked_and_twice_is_harmless(fleet: Fleet) -> None:
    fleet.start_worker("worker")
    await fleet.until(lambda: fleet.opened("worker"))
    await fleet.publish([json.dumps(one).encode() for one in BAD])
    await fleet.caught_up()
    assert (await kpi(fleet, "list")).out.count("unknown_currency") == 3
    assert (
        "3 stay, for they would be refused again: unknown_currency"
        in (await kpi(fleet, "replay", "--yes")).out
    )

    assert "3 published" in (await kpi(fleet, "replay", "--set", "data.currency=EUR", "--yes")).out
    await fleet.caught_up()
    assert (await fleet.totals())[APPLIED] == 3
    assert "unknown_currency" not in (await kpi(fleet, "list")).out
