"""Boards over a real Redis that a worker writes to, and that goes away and comes back."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from redis.asyncio import Redis

from streams.engine.panes import DAY_MS
from streams.serve import follower
from streams.serve.board import LATEST_S, Board
from streams.serve.explaining import Which
from streams.serve.follower import Followed, Follower, Stale
from streams.serve.view import View, read_once
from streams.state import Feed, Snapshot, connect
from tests.builders import Event, each, lead_contacted, lead_created, ms, shipped
from tests.serve.builders import NAMESPACE, NOW_MS, Writer, board_on, clock, sums_of, until, value
from tests.servers import RedisServer


def leads(number: int, channel: str = "web") -> list[Event]:
    return each(lambda k: lead_created(f"{channel}-{number}-{k}", "10:00", channel=channel), number)


def count(board: Board) -> float | None:
    return value(board.shown(), "lead_volume", "24h")


# -- One partition ----------------------------------------------------------------------------------------


class CountedFeed(Feed):
    """Counts its snapshots."""

    snapshots = 0

    async def snapshot(self) -> Snapshot:
        self.snapshots += 1
        return await super().snapshot()


def a_follower(client: Redis) -> tuple[Follower, CountedFeed, View]:
    view, feed = View(), CountedFeed(client, NAMESPACE, 0)
    return Follower(Followed(view, shipped(), clock), feed, 0), feed, view


def state(view: View) -> Any:
    """All that can be read from a view."""
    windows = {tier: sums_of(view, tier, 0, NOW_MS) for tier in ("minute", "hour", "day")}
    return windows, view.totals(), view.cells(), view.newest_ms, view.oldest_ms("leads_waiting")


async def test_a_change_is_applied_from_the_feed_without_another_snapshot(client: Redis) -> None:
    writer = await Writer.of(client)
    await writer.take(*leads(2))
    follower, feed, view = a_follower(client)
    await follower.refresh()
    await writer.take(lead_contacted("web-2-0", "11:00"))
    await follower.refresh()
    assert feed.snapshots == 1
    fresh, _, expected = a_follower(client)
    await fresh.refresh()
    assert state(view) == state(expected)
    assert view.totals()["leads_waiting"] == 1


async def test_a_feed_that_was_trimmed_too_far_leads_to_a_new_snapshot(client: Redis) -> None:
    writer = await Writer.of(client)
    follower, feed, view = a_follower(client)
    await follower.refresh()
    for number in (1, 2, 3):
        await writer.take(*leads(number))
    await client.xtrim(writer.store.keys.changes, maxlen=1, approximate=False)
    await follower.refresh()
    assert feed.snapshots == 2
    assert view.totals()["leads_waiting"] == 6
    await writer.take(*leads(4))
    await follower.refresh()
    assert feed.snapshots == 2
    assert view.totals()["leads_waiting"] == 10


async def test_a_partition_whose_state_is_gone_counts_nothing_any_more(client: Redis) -> None:
    writer = await Writer.of(client)
    await writer.take(*leads(2))
    follower, _, view = a_follower(client)
    await follower.refresh()
    await client.flushall()
    await follower.refresh()
    assert view.cells() == set()
    assert view.oldest_ms("leads_waiting") is None


async def test_a_takeover_by_another_worker_is_no_gap(client: Redis) -> None:
    writer = await Writer.of(client)
    follower, feed, view = a_follower(client)
    await follower.refresh()
    writer.position = await writer.store.claim(0, {})
    await writer.take(*leads(2))
    await follower.refresh()
    assert feed.snapshots == 1
    assert view.totals()["leads_waiting"] == 2


async def test_the_lag_is_the_age_of_the_newest_record_when_it_is_applied(client: Redis) -> None:
    writer = await Writer.of(client)
    follower, _, _ = a_follower(client)
    await follower.refresh()
    assert follower.lag_ms is None
    await writer.take(*leads(1), record_ms=NOW_MS - 700)
    await writer.take(*leads(2), record_ms=NOW_MS - 300)
    await follower.refresh()
    assert follower.lag_ms == 300


async def test_why_a_partition_is_stale_does_not_change_from_second_to_second(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read aloud whenever it does."""
    await Writer.of(client)
    running, _, _ = a_follower(client)
    task = asyncio.create_task(running.run())
    await until(lambda: running.stale() is None)
    task.cancel()
    now_s = monotonic()
    reasons = []
    for later_s in (6, 7, 60):
        monkeypatch.setattr(follower, "monotonic", lambda later_s=later_s: now_s + later_s)
        reasons.append(running.stale())
    assert reasons == ["not read for more than 5 s"] * 3


# -- Boards -----------------------------------------------------------------------------------------------


async def test_a_live_change_appears_on_the_board(client: Redis) -> None:
    writer = await Writer.of(client)
    async with board_on(client) as board:
        await until(lambda: count(board) == 0)
        await until(lambda: not board.troubles())
        await writer.take(*leads(3))
        await until(lambda: count(board) == 3, timeout_s=2)
        await writer.take(*leads(1, "mail"))
        await until(lambda: count(board) == 4, timeout_s=2)
        assert value(board.shown(), "lead_volume", "24h", dimension="channel", member="mail") == 1


async def test_several_boards_show_the_same_numbers_and_so_does_reading_once(client: Redis) -> None:
    writers = [await Writer.of(client, partition, partitions=2) for partition in range(2)]
    await writers[0].take(*leads(3))
    async with board_on(client, ends_at="events") as early, board_on(client, ends_at="events") as late:
        await until(lambda: count(early) == 3)
        await writers[1].take(*leads(2, "mail"), lead_contacted("mail-2-0", "12:00"))
        await until(lambda: count(early) == count(late) == 5)
        once = await read_once(client, NAMESPACE, 2, shipped())
        assert early.shown().readings == late.shown().readings == once.readings
        assert early.shown().as_of_ms == late.shown().as_of_ms == once.now_ms == ms("12:00")
        together = writers[0].ledger + writers[1].ledger
        assert once.readings == together.readings(ms("12:00"))


async def test_windows_end_at_the_newest_event_of_all_partitions_or_at_the_clock(client: Redis) -> None:
    writers = [await Writer.of(client, partition, partitions=2) for partition in range(2)]
    await writers[0].take(lead_created("lead-1", "10:00"))
    await writers[1].take(lead_created("lead-2", "09:00"))
    async with board_on(client, ends_at="events") as events, board_on(client) as wall:
        await until(lambda: bool(events.shown().readings and wall.shown().readings))
        assert events.shown().as_of_ms == ms("10:00")
        assert wall.shown().as_of_ms == NOW_MS
        assert value(events.shown(), "lead_volume", "1h") == 2
        assert value(wall.shown(), "lead_volume", "1h") == 0


async def test_without_any_event_there_is_no_newest_one_and_no_reading(client: Redis) -> None:
    await Writer.of(client)
    once = await read_once(client, NAMESPACE, 1, shipped())
    assert (once.now_ms, once.readings) == (None, [])
    async with board_on(client, ends_at="events") as board:
        await until(lambda: not board.troubles())
        assert board.shown().readings == ()
    given = await read_once(client, NAMESPACE, 1, shipped(), NOW_MS)
    assert given.now_ms == NOW_MS
    assert given.readings


async def test_reading_once_tells_the_counters_too(client: Redis) -> None:
    writers = [await Writer.of(client, partition, partitions=2) for partition in range(2)]
    for writer in writers:
        writer.ledger.running["!applied"] = 2
        await writer.take(*leads(1))
    assert (await read_once(client, NAMESPACE, 2, shipped())).totals["!applied"] == 4


async def test_nothing_is_shown_before_every_partition_was_read(client: Redis) -> None:
    writer = await Writer.of(client, partitions=2)
    await writer.take(*leads(3))
    async with board_on(client) as board:
        assert "not every partition was read yet" in board.troubles()
        assert board.shown().readings == ()
        await until(lambda: count(board) == 3)
        assert board.troubles() == ["partition 1: no worker owns it"]


async def test_a_partition_is_stale_without_a_worker(client: Redis) -> None:
    writer = await Writer.of(client)
    async with board_on(client) as board:
        await until(lambda: not board.shown().stale)
        await client.delete(writer.store.keys.alive)
        await until(
            lambda: [str(stale) for stale in board.shown().stale] == ["partition 0: no worker owns it"]
        )
        await writer.store.beat()
        await until(lambda: not board.shown().stale)


async def test_before_any_worker_the_board_waits_and_says_so(client: Redis) -> None:
    async with board_on(client) as board:
        await until(lambda: "partition 0: no worker has been here yet" in board.troubles())
        writer = await Writer.of(client)
        await writer.take(*leads(1))
        await until(lambda: count(board) == 1)


async def test_the_state_of_another_catalog_is_not_read(client: Redis) -> None:
    writer = await Writer.of(client, fingerprint="another")
    await writer.take(*leads(1))
    async with board_on(client) as board:
        await until(lambda: any("another catalog" in trouble for trouble in board.troubles()))
        assert board.shown().readings == ()


async def test_partitions_come_and_go_with_what_is_written_down(client: Redis) -> None:
    writers = [await Writer.of(client, partition) for partition in range(2)]
    for writer in writers:
        await writer.take(*leads(2))
    async with board_on(client) as board:
        await until(lambda: count(board) == 2)
        await client.hset(writers[0].store.keys.meta, "partitions", "2")
        await until(lambda: count(board) == 4)
        await client.hset(writers[0].store.keys.meta, "partitions", "1")
        await writers[0].take(*leads(1))
        await until(lambda: count(board) == 3)


async def test_cells_that_make_no_sense_are_reported_and_the_board_goes_on(client: Redis) -> None:
    writer = await Writer.of(client)
    await writer.take(*leads(1))
    await client.hset(writer.store.keys.totals, "leads_waiting", "many")
    async with board_on(client) as board:
        await until(lambda: any("cannot be read" in trouble for trouble in board.troubles()))
        await client.hset(writer.store.keys.totals, "leads_waiting", "1")
        await until(lambda: count(board) == 1)


# -- Redis away -------------------------------------------------------------------------------------------


@pytest.fixture
def own_redis(redis_server: RedisServer, tmp_path: Path) -> RedisServer:
    """Of the same binary, to be killed; keeps its data. To be entered."""
    return RedisServer(redis_server.binary, tmp_path, aof=True)


async def test_redis_may_go_and_come_back(own_redis: RedisServer) -> None:
    with own_redis:
        async with connect(own_redis.url) as client, board_on(client) as board:
            await client.config_set("appendfsync", "always")
            writer = await Writer.of(client)
            await writer.take(*leads(2))
            await until(lambda: count(board) == 2)
            await asyncio.to_thread(own_redis.kill9)
            await until(lambda: any("Redis does not answer" in trouble for trouble in board.troubles()))
            assert count(board) == 2  # the last that is known, and said to be stale
            await asyncio.to_thread(own_redis.restart)
            await writer.store.beat()
            await writer.take(*leads(1))
            await until(lambda: count(board) == 3)
            await until(lambda: not board.troubles())


class Clock:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def __call__(self) -> int:
        return self.ms


async def test_while_nothing_can_be_read_readings_end_where_they_did(own_redis: RedisServer) -> None:
    """A day later by the clock: what was counted then is told still, as of then."""
    now_ms = Clock()
    with own_redis:
        async with connect(own_redis.url) as client, board_on(client, now_ms=now_ms) as board:
            await client.config_set("appendfsync", "always")
            writer = await Writer.of(client)
            await writer.take(*leads(2))
            await until(lambda: count(board) == 2)
            await asyncio.to_thread(own_redis.kill9)
            await until(lambda: any("Redis does not answer" in trouble for trouble in board.troubles()))
            now_ms.ms += DAY_MS
            await asyncio.sleep(2 * LATEST_S)
            shown = board.shown()
            assert (count(board), shown.as_of_ms, len(shown.stale)) == (2, NOW_MS, 1)
            explained = await board.explain(Which("lead_volume", "24h"))
            assert explained is not None
            assert explained.explanation.value == 2
            await asyncio.to_thread(own_redis.restart)
            await until(lambda: count(board) == 0)
            assert board.shown().as_of_ms == NOW_MS + DAY_MS


async def test_windows_move_on_without_a_worker(client: Redis) -> None:
    now_ms = Clock()
    writer = await Writer.of(client)
    await writer.take(*leads(2))
    async with board_on(client, now_ms=now_ms) as board:
        await until(lambda: count(board) == 2)
        await client.delete(writer.store.keys.alive)
        await until(lambda: board.shown().stale == [Stale(0, "no worker owns it")])
        now_ms.ms += DAY_MS
        await until(lambda: count(board) == 0)


async def test_a_board_may_start_before_redis(own_redis: RedisServer) -> None:
    async with connect(own_redis.url) as client, board_on(client) as board:
        await until(lambda: any("Redis does not answer" in trouble for trouble in board.troubles()))
        await asyncio.to_thread(own_redis.start)
        try:
            writer = await Writer.of(client)
            await writer.take(*leads(2))
            await until(lambda: count(board) == 2)
        finally:
            await asyncio.to_thread(own_redis.stop)


async def test_a_redis_that_comes_back_empty_shows_nothing_old(own_redis: RedisServer) -> None:
    own_redis.aof = False
    with own_redis:
        async with connect(own_redis.url) as client, board_on(client) as board:
            writer = await Writer.of(client)
            await writer.take(*leads(2))
            await until(lambda: count(board) == 2)
            await asyncio.to_thread(own_redis.kill9)
            await asyncio.to_thread(own_redis.restart)
            await until(lambda: count(board) == 0)
            await until(lambda: board.shown().stale == [Stale(0, "no worker owns it")])
