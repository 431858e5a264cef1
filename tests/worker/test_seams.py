"""The seams between a table and its Redis: answers that are lost, seconds that are lost, owners that wake.

About 10 s, half of it for Redis servers that are rolled back.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import pytest
from redis.asyncio import Redis

from streams.embedded import processes
from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode, spread
from streams.state import connect
from streams.worker import pace as pace_module
from streams.worker import sweeper as sweeper_module
from streams.worker.batch import Batch
from tests.builders import Event, Record, days, lead_contacted, lead_converted, lead_created, record
from tests.servers import RedisServer, redis_binary
from tests.services.recount import State, kept, stored
from tests.worker.builders import (
    NEVER_BY_ITSELF,
    Bench,
    MemoryLog,
    a_bench,
    before,
    engine,
)

pytestmark = pytest.mark.usefixtures("impatient")


# -- Answers that are lost --------------------------------------------------------------------------------


class Proxy:
    """Stands before a Redis, and loses so many of its answers: it cuts the connection in place of them."""

    def __init__(self, server: RedisServer) -> None:
        self._to = server.port
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self.port = processes.free_port()
        self.to_lose = 0
        self.lost = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._to)
        there = asyncio.create_task(self._pass_on(reader, server_writer, answers=False))
        back = asyncio.create_task(self._pass_on(server_reader, writer, answers=True))
        self._tasks |= {there, back}
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, server_writer):
            end.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await reader.read(65_536):
            if answers and self.to_lose:
                self.to_lose -= 1
                self.lost += 1
                return
            writer.write(data)


@pytest.fixture
async def proxy(redis_server: RedisServer, redis_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(redis_server) as proxy:
        yield proxy


@pytest.mark.parametrize(("answers", "errors"), [(1, {}), (2, {}), (3, {"ConnectionError": 1})])
async def test_a_commit_whose_answers_are_lost_is_sent_again_and_is_a_success(
    proxy: Proxy, answers: int, errors: dict[str, int]
) -> None:
    """Not a fence, nothing doubled; when all tries are spent the table opens and finds that it is done."""
    async with connect(proxy.url) as client:
        bench = await a_bench(client).opened()
        await bench.take(100)

        def lose(*_: Any) -> None:
            proxy.to_lose, at = (answers, len(bench.commits)) if not proxy.lost else (0, 0)
            assert at < 2

        before(bench.store, "commit", lose)
        await bench.run()
        assert proxy.lost == answers
        assert bench.errors() == errors
        assert bench.metric("crm_fenced_total") == 0
        assert await bench.is_exact()
        assert await feed_is_whole(client, bench)


async def test_a_claim_whose_answer_is_lost_is_made_again(proxy: Proxy) -> None:
    async with connect(proxy.url) as client:
        bench = await a_bench(client).opened()  # Redis knows the script, so that its answer is the next
        await bench.take(100)
        before(bench.store, "_claim", lambda **_: setattr(proxy, "to_lose", int(not proxy.lost)))
        await bench.table.open()
        assert proxy.lost == 1
        await bench.run()
        assert bench.errors() == {}
        assert await bench.is_exact()
        assert await feed_is_whole(client, bench)


async def feed_is_whole(client: Redis, bench: Bench) -> bool:
    """Whether each entry begins where the one before it ends, and the last one where the partition is."""
    entries: Any = await client.xrange(bench.store.keys.changes)
    steps = [(fields[b"from"], fields[b"to"]) for _, fields in entries]
    assert [begin for begin, _ in steps[1:]] == [end for _, end in steps[:-1]]
    return bool(steps[-1][1] == await client.get(bench.store.keys.offset))


# -- Seconds that are lost --------------------------------------------------------------------------------


@pytest.fixture(params=["wheel", "installed"])
def redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis with AOF of one's own, to be rolled back."""
    with RedisServer(redis_binary(request.param), tmp_path / "redis", aof=True) as server:
        yield server


def copied(redis: RedisServer, to: Path) -> Path:
    to.mkdir()
    return redis.copy_aof(to)


async def test_a_redis_that_lost_its_last_commits_is_gone_on_with_from_where_it_is(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with connect(redis.url) as client:
        bench = await a_bench(client, **{**NEVER_BY_ITSELF, "commit_events": 20}).opened()
        await bench.take(100)
        copy = copied(redis, tmp_path / "copy")
        for _ in range(5):
            await bench.take(20)
        await asyncio.to_thread(redis.roll_back, copy)
        assert await bench.offset() == 100
        await bench.run(20)
        assert bench.metric("crm_fenced_total") == 1
        assert bench.commits.count(120) == 2
        assert await bench.is_exact()


async def test_an_owner_that_wakes_where_another_came_to_after_a_rollback_is_fenced(
    redis: RedisServer, tmp_path: Path
) -> None:
    """Both have committed the same offset, the first before the rollback; only the token tells them apart."""
    async with AsyncExitStack() as stack:
        ours, others = [await stack.enter_async_context(connect(redis.url)) for _ in range(2)]
        first = await a_bench(ours).opened()
        await first.take(100)
        copy = copied(redis, tmp_path / "copy")
        await first.take(60)
        await asyncio.to_thread(redis.roll_back, copy)
        second = await a_bench(others).opened()
        await second.take(60)
        assert await first.offset() == first.table.reached == second.table.reached == 160
        await first.take(20)
        assert first.metric("crm_fenced_total") == 1
        assert first.table.reached == await second.offset() == 160
        await second.run()
        assert await second.is_exact()


# -- Owners that wake -------------------------------------------------------------------------------------


async def test_an_owner_that_wakes_with_the_batch_that_another_has_committed_is_fenced(
    client: Redis,
) -> None:
    """It is about to commit the very offset: that is not its own commit, sent again."""
    first = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await first.take(100)  # applied, not committed
    second = await a_bench(client, commit_events=50).opened()
    await second.take(100)
    await first.table.take(Batch(first.table.epoch, 100, 100, [], caught_up=True))
    assert first.metric("crm_fenced_total") == 1
    assert first.commits == []
    await second.run()
    assert await second.is_exact()


async def test_what_was_in_flight_when_a_table_was_fenced_is_dropped_and_fetched_again(
    client: Redis,
) -> None:
    first = await a_bench(client).opened()
    await first.take(40)
    in_hand, in_flight = first.log.fetch(40), first.log.fetch(40)
    second = await a_bench(client).opened()
    await second.take(20)
    await first.table.take(in_hand)
    epoch = first.table.epoch
    assert (first.metric("crm_fenced_total"), first.table.reached) == (1, 60)
    await first.table.take(in_flight)
    assert (first.table.epoch, first.table.reached, await first.offset()) == (epoch, 60, 60)
    await first.run()
    assert await first.is_exact()


# -- One log, one state -----------------------------------------------------------------------------------

NOW_MS = time.time_ns() // 1_000_000  # Redis lets panes expire by its own clock, so the log ends now
# With the first one still ahead of Redis' own clock, nothing expires while this runs but by ours.
CLOCKS = {"an hour later": days(1 / 24), "4 hours later": days(1 / 6), "100 days later": days(100)}
BATCHES = (1_000, 37)


@lru_cache
def log_until_now() -> list[Record]:
    """400 events of 60 days and their mess, one of this hour, and three that are far too late."""
    tidy = [encode(event) for _, event in spread(11, 400, NOW_MS, 60)]
    special = [
        lead_created("recent", at=NOW_MS - 600_000),
        *(lead_created(f"ancient-{number}", at=NOW_MS - days(900)) for number in range(3)),
    ]
    lines: list[Event | bytes] = [*special, *messy(tidy, Mess(window=60, bad=0.02), 11)]
    return [record(line, NOW_MS, offset) for offset, line in enumerate(lines)]


async def applied(client: Redis, clock_ms: int, batch: int) -> tuple[State, Counter[tuple[int, str]]]:
    """The state and the dead letters (offset, reason) of one pass; panes as far as that clock keeps them."""
    await client.flushall()
    bench = a_bench(
        client,
        MemoryLog(log_until_now()),
        now_ms=lambda: clock_ms,
        ends_at="wall",
        **{**NEVER_BY_ITSELF, "commit_events": 100},
    )
    await bench.table.open()
    await bench.run(batch)
    assert await bench.offset() == bench.log.end
    state = await stored(client, bench.store, engine())
    letters = Counter((reject.record.offset, reject.reason) for _, reject in bench.letters.written)
    return replace(state, panes=kept(state.panes, bench.store, clock_ms)), letters


async def test_one_log_makes_one_state_at_any_clock_and_in_any_batches(client: Redis) -> None:
    """Rows, totals, waiting lists, dead letters; and panes as far as the later clock keeps them."""
    first, *_ = CLOCKS.values()
    expected, letters = await applied(client, NOW_MS + first, BATCHES[0])
    assert {reason for _, reason in letters} > {"too_late"}
    store = a_bench(client).store
    numbers = []
    for shift in CLOCKS.values():
        panes = kept(expected.panes, store, NOW_MS + shift)
        numbers.append(len(panes))
        for batch in BATCHES:
            found, rejected = await applied(client, NOW_MS + shift, batch)
            assert found == replace(expected, panes=panes)
            assert rejected == letters
    assert numbers == sorted(set(numbers), reverse=True) and numbers[-1] > 0, "no clock made a difference"


LATE = days(801)  # a lead is remembered for 800 days
PAST_ITS_KEEP: Sequence[tuple[Any, int]] = (
    (lead_contacted("lead-1", at=NOW_MS - LATE - 60_000), NOW_MS - LATE),
    (lead_created("lead-2", at=NOW_MS), NOW_MS),
    (lead_created("lead-1", at=NOW_MS - LATE), NOW_MS + 1_000),
    (lead_converted("lead-2", at=NOW_MS), NOW_MS + 2_000),
)


@pytest.mark.parametrize("every_s", [0.0, 3_600.0])
async def test_whether_a_row_past_its_keep_is_swept_yet_makes_no_difference(
    client: Redis, monkeypatch: pytest.MonkeyPatch, every_s: float
) -> None:
    """Lead-1's row is past its keep when its second event comes; when it is swept is a matter of chance."""
    monkeypatch.setattr(sweeper_module, "EVERY_S", every_s)
    monkeypatch.setattr(pace_module, "MIN_COMMIT_S", 0.0)
    ticks = [(lead_created("lead-2", at=NOW_MS), NOW_MS)] * 100  # while these are applied it is swept
    log = [*PAST_ITS_KEEP[:2], *ticks, *PAST_ITS_KEEP[2:]]
    records = [record(event, at, offset) for offset, (event, at) in enumerate(log)]
    bench = await a_bench(client, records, now_ms=lambda: NOW_MS + 3_000, ends_at="wall").opened()
    await bench.run(1)
    found = await stored(client, bench.store, engine())
    assert [(reject.record.offset, reject.reason) for _, reject in bench.letters.written] == [
        (len(log) - 2, "too_late")
    ]
    assert found.waiting == {}
    assert (("lead", "lead-1") in found.rows) is bool(every_s), "the row was to be swept in one case only"
