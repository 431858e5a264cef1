"""The board's view: a snapshot, then what the feed tells; never a mix of two moments."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from streams.state import Changes, Entry, Feed, Gap, Pane, Position, Snapshot, connect
from streams.state.feed import PANES_PER_READ, Waiting, _Draft
from tests.servers import RedisServer
from tests.state.builders import (
    HOUR_MS,
    NOW_MS,
    Owner,
    Panes,
    a_feed,
    an_owner,
    cells_of,
    dump,
    overlay,
    some_of_each,
)

MANY_PANES = [("hour", NOW_MS + i * HOUR_MS) for i in range(3 * PANES_PER_READ + 5)]


def every_pane(value: int) -> Changes:
    """The same value in each of many panes and in the totals, so that a mix of two moments shows."""
    return Changes(
        panes={
            pane: {"leads": value, f"leads|team|{value}": 1, f"leads|team|{value - 1}": 0}
            for pane in MANY_PANES
        },
        totals={"leads": value},
        record_ms=NOW_MS + value,
    )


def panes_at(value: int) -> Panes:
    return {pane: {"leads": value, f"leads|team|{value}": 1} for pane in MANY_PANES}


async def entries(feed: Feed, snapshot: Snapshot) -> list[Entry]:
    """What follows the snapshot, insisting that there is no gap."""
    followed = await feed.follow(snapshot.feed_id, snapshot.position)
    assert isinstance(followed, list)
    return followed


# -- snapshots --------------------------------------------------------------------------------------------


async def test_a_partition_without_state_has_an_empty_snapshot_and_nothing_follows(client: Redis) -> None:
    snapshot = await a_feed(client).snapshot()
    assert snapshot == Snapshot(None, "0-0", {}, {}, {})
    assert await entries(a_feed(client), snapshot) == []


async def test_a_snapshot_is_the_committed_state(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    await owner.commit(some_of_each(2))
    snapshot = await a_feed(client).snapshot()
    assert snapshot.position == owner.position
    assert snapshot.panes == some_of_each(2).panes
    assert snapshot.totals == some_of_each(2).totals
    assert snapshot.meta == await owner.store.meta()


async def test_a_snapshot_equals_one_committed_state_while_commits_go_on(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(every_pane(1))
    stop = asyncio.Event()
    writer = asyncio.create_task(commit_until(stop, owner))
    moved = 0
    for _ in range(12):
        snapshot = await a_feed(client).snapshot()
        assert snapshot.position is not None
        at = snapshot.position.offset
        assert snapshot.panes == panes_at(at)
        assert snapshot.totals == {"leads": at}
        assert snapshot.meta["record_ms"] == str(NOW_MS + at)
        moved = at
    stop.set()
    await writer
    assert moved > 12  # or nothing was put to the test


async def commit_until(stop: asyncio.Event, owner: Owner) -> None:
    while not stop.is_set():
        await owner.commit(every_pane(owner.position.offset + 1))


async def test_panes_made_and_dropped_while_a_snapshot_is_taken_are_right_in_it(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(every_pane(1))
    first, last = MANY_PANES[0], MANY_PANES[-1]

    async def meanwhile() -> None:
        await owner.commit(replace(cells_of("day", NOW_MS, leads=1), dropped=[first, last]))
        await owner.commit(Changes(panes={("day", NOW_MS): {"deals": 2}, last: {"deals": 2}}))

    snapshot = await DisturbedFeed(client, meanwhile).snapshot()
    expected = {pane: cells for pane, cells in panes_at(1).items() if pane not in (first, last)}
    assert snapshot.panes == expected | {("day", NOW_MS): {"leads": 1, "deals": 2}, last: {"deals": 2}}


class DisturbedFeed(Feed):
    """A feed whose first snapshot is disturbed after it has read some of the panes."""

    def __init__(self, client: Redis, disturbance: Any) -> None:
        super().__init__(client, "crm", 3)
        self._disturbance = disturbance
        self.reads = 0

    async def _load(self, panes: Sequence[Pane], draft: _Draft) -> None:
        self.reads += 1
        await super()._load(panes, draft)
        if self.reads == 1:
            await self._disturbance()


async def test_a_snapshot_that_the_feed_outran_is_taken_again(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(every_pane(1))

    async def meanwhile() -> None:
        await owner.commit(every_pane(2))
        await owner.commit(every_pane(3))
        await client.xtrim(owner.store.keys.changes, maxlen=1, approximate=False)

    snapshot = await DisturbedFeed(client, meanwhile).snapshot()
    assert (snapshot.position, snapshot.panes) == (owner.position, panes_at(3))


async def test_a_redis_that_comes_back_older_within_a_snapshot_is_not_mixed_in(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    server = RedisServer(redis_server.binary, tmp_path)
    server.start()
    client = connect(server.url)
    owner = await an_owner(client)
    await owner.commit(every_pane(1))
    await client.save()  # what is committed from here on is lost by the kill

    class AgedFeed(DisturbedFeed):
        """Reads its first panes after a commit that is then lost, so that all else looks as it did before."""

        async def _load(self, panes: Sequence[Pane], draft: _Draft) -> None:
            if self.reads == 0:
                await owner.commit(every_pane(2))
            await super()._load(panes, draft)

    async def meanwhile() -> None:
        server.kill9()
        server.restart()

    try:
        snapshot = await AgedFeed(client, meanwhile).snapshot()
        assert snapshot.panes == panes_at(1)
    finally:
        await client.aclose()
        server.stop()


# -- following --------------------------------------------------------------------------------------------


async def test_entries_lead_from_a_snapshot_to_the_state_as_it_is(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    feed = a_feed(client)
    snapshot = await feed.snapshot()
    await owner.commit(some_of_each(2))
    await owner.commit(Changes(), to=50)
    await owner.commit(replace(cells_of("hour", NOW_MS, leads=0, deals=2**70), dropped=[("day", NOW_MS)]))
    followed = await entries(feed, snapshot)
    latest = await feed.snapshot()
    assert overlay(snapshot.panes, followed) == latest.panes
    assert (followed[-1].position, followed[-1].feed_id) == (latest.position, latest.feed_id)
    assert [entry.record_ms for entry in followed] == [NOW_MS + 2, None, None]
    assert followed[2].changes.panes == {("hour", NOW_MS): {"leads": 0, "deals": 2**70}}
    assert followed[2].changes.dropped == (("day", NOW_MS),)
    assert await feed.follow(followed[1].feed_id, followed[1].position) == followed[2:]


async def test_the_feed_leads_over_changes_of_owner(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    snapshot = await a_feed(client).snapshot()
    await an_owner(client)
    second = await an_owner(client)
    claims = await entries(a_feed(client), snapshot)
    assert [entry.position.offset for entry in claims] == [1, 1]
    assert overlay(snapshot.panes, claims) == snapshot.panes
    await second.commit(some_of_each(2))
    (commit,) = await entries(a_feed(client), replace(snapshot, **place(claims[-1])))
    assert overlay(snapshot.panes, [commit]) == some_of_each(2).panes


def place(entry: Entry) -> dict[str, Any]:
    """Where a reader stands that has applied this entry."""
    return {"feed_id": entry.feed_id, "position": entry.position}


async def test_a_reader_that_is_up_to_date_survives_a_change_of_owner_that_trims_the_feed(
    client: Redis,
) -> None:
    owner = await an_owner(client)
    for mark in range(1, 5):
        await owner.commit(some_of_each(mark))
    snapshot = await a_feed(client).snapshot()
    await owner.claim_again()
    await owner.commit(some_of_each(5))
    assert await client.xlen(owner.store.keys.changes) == 2
    assert len(await entries(a_feed(client), snapshot)) == 2


async def test_a_reader_from_before_the_first_claim_follows(client: Redis) -> None:
    snapshot = await a_feed(client).snapshot()
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    followed = await entries(a_feed(client), snapshot)
    assert overlay(snapshot.panes, followed) == some_of_each(1).panes


async def test_entries_that_were_trimmed_are_a_gap(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    snapshot = await a_feed(client).snapshot()
    for mark in (2, 3, 4):
        await owner.commit(some_of_each(mark))
    await client.xtrim(owner.store.keys.changes, maxlen=2, approximate=False)
    assert await a_feed(client).follow(snapshot.feed_id, snapshot.position) == Gap(owner.position)


# -- a Redis that was set back ----------------------------------------------------------------------------


async def saved(client: Redis) -> dict[Any, Any]:
    return {key: await client.dump(key) async for key in client.scan_iter()}


async def set_back(client: Redis, state: dict[Any, Any]) -> None:
    """Everything as it was then, as after a crash that lost the last second."""
    await client.flushall()
    for key, content in state.items():
        await client.restore(key, 0, content)


async def a_reader_ahead_of_redis(client: Redis) -> Snapshot:
    """A snapshot at offset 100 of a Redis that then was set back to 80."""
    owner = await an_owner(client)
    await owner.commit(some_of_each(1), to=80)
    state = await saved(client)
    await owner.commit(some_of_each(2), to=100)
    snapshot = await a_feed(client).snapshot()
    await set_back(client, state)
    return snapshot


async def test_a_redis_that_was_set_back_is_a_gap_before_anybody_writes(client: Redis) -> None:
    snapshot = await a_reader_ahead_of_redis(client)
    gap = await a_feed(client).follow(snapshot.feed_id, snapshot.position)
    assert isinstance(gap, Gap) and gap.position is not None and gap.position.offset == 80


async def test_offsets_that_are_applied_again_with_other_cuts_are_a_gap(client: Redis) -> None:
    snapshot = await a_reader_ahead_of_redis(client)
    owner = await an_owner(client)
    for to in (90, 100, 120):
        await owner.commit(some_of_each(3), to=to)
        gap = await a_feed(client).follow(snapshot.feed_id, snapshot.position)
        assert gap == Gap(owner.position)


async def test_an_entry_from_the_same_offset_of_another_history_is_a_gap(client: Redis) -> None:
    snapshot = await a_reader_ahead_of_redis(client)
    owner = await an_owner(client)
    await owner.commit(some_of_each(3), to=100)
    await owner.commit(some_of_each(4), to=120)
    await client.xtrim(owner.store.keys.changes, maxlen=1, approximate=False)
    assert await a_feed(client).follow(snapshot.feed_id, snapshot.position) == Gap(owner.position)


async def test_a_feed_that_began_again_with_smaller_ids_is_a_gap(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    late = Snapshot(Position(7, "of a server whose clock ran ahead"), "9999999999999-0", {}, {}, {})
    assert await a_feed(client).follow(late.feed_id, late.position) == Gap(owner.position)


async def test_an_emptied_redis_is_a_gap(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    snapshot = await a_feed(client).snapshot()
    await client.flushall()
    assert await a_feed(client).follow(snapshot.feed_id, snapshot.position) == Gap(None)


async def test_a_snapshot_after_a_gap_is_right_again(client: Redis) -> None:
    await a_reader_ahead_of_redis(client)
    owner = await an_owner(client)
    await owner.commit(some_of_each(3), to=100)
    snapshot = await a_feed(client).snapshot()
    assert (snapshot.position, snapshot.panes) == (owner.position, some_of_each(3).panes)


# -- beside the panes -------------------------------------------------------------------------------------


async def test_those_who_wait_longest_come_first(client: Redis) -> None:
    owner = await an_owner(client)
    since = {f"lead|{i}": NOW_MS - i * 1_000 for i in range(30)}
    await owner.commit(Changes(waiting={"leads_waiting": since}))
    waiting = await a_feed(client).waiting(["leads_waiting", "tickets_open"], count=2)
    assert waiting == {
        "leads_waiting": Waiting(30, [("lead|29", NOW_MS - 29_000), ("lead|28", NOW_MS - 28_000)], []),
        "tickets_open": Waiting(0, [], []),
    }


async def test_those_who_will_wait_only_later_are_left_out_of_those_who_do(client: Redis) -> None:
    owner = await an_owner(client)
    since = {f"request|{i}": NOW_MS + i * 1_000 for i in range(-2, 3)}
    await owner.commit(Changes(waiting={"overdue": since}))
    due = await a_feed(client).waiting(["overdue"], until_ms=NOW_MS)
    assert due == {"overdue": Waiting(3, [(f"request|{i}", NOW_MS + i * 1_000) for i in (-2, -1, 0)], [])}
    assert (await a_feed(client).waiting(["overdue"]))["overdue"].number == 5


async def test_how_many_wait_since_each_of_some_times_is_told_of_the_same_moment(client: Redis) -> None:
    owner = await an_owner(client)
    since = {f"lead|{i}": NOW_MS - i * 1_000 for i in range(30)}
    await owner.commit(Changes(waiting={"leads_waiting": since}))
    times_ms = [NOW_MS, NOW_MS - 10_000, NOW_MS - 10_001, NOW_MS - 30_000]
    found = await a_feed(client).waiting(["leads_waiting", "tickets_open"], 1, NOW_MS - 25_000, times_ms)
    assert (found["leads_waiting"].number, found["leads_waiting"].by_time) == (5, [30, 20, 19, 0])
    assert found["tickets_open"].by_time == [0, 0, 0, 0]


async def test_a_partition_is_alive_while_its_owner_beats(client: Redis) -> None:
    owner = await an_owner(client)
    assert not await a_feed(client).alive()
    await owner.store.beat()
    assert await a_feed(client).alive()


async def test_a_reader_writes_nothing(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    before = await dump(client)
    snapshot = await a_feed(client).snapshot()
    await entries(a_feed(client), snapshot)
    assert await dump(client) == before
