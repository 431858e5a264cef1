"""The commit: everything or nothing, by one owner at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from streams.errors import Held
from streams.naming import row_shard
from streams.state import Changes, Outcome, PartitionStore, Position, connect
from streams.state.store import FEED_BYTES, FEED_ENTRIES, LINGER_MS, FeedCap
from tests.servers import RedisServer
from tests.state.builders import (
    DAY_MS,
    HOUR_MS,
    META,
    NOW_MS,
    TIERS,
    a_store,
    an_owner,
    cells_of,
    dump,
    some_of_each,
)

KEYS = {
    "offset": "{crm:3}:offset",
    "meta": "{crm:3}:meta",
    "totals": "{crm:3}:totals",
    "index": "{crm:3}:panes",
    "feed": "{crm:3}:changes",
    "pane": f"{{crm:3}}:panes:day:{NOW_MS}",
    "dropped pane": "{crm:3}:panes:hour:0",
    "waiting": "{crm:3}:waiting:leads_waiting",
    "rows": f"{{crm:3}}:rows:lead:{row_shard('lead-39')}",
}


# -- owning a partition -----------------------------------------------------------------------------------


async def test_a_new_partition_begins_where_its_first_claim_says(client: Redis) -> None:
    store = a_store(client)
    assert await store.position() is None
    assert await store.meta() == {}
    claimed = await store.claim(120, META)
    assert claimed.offset == 120
    assert await store.position() == claimed
    assert await store.meta() == {"fingerprint": "v1", "partitions": "4"}


async def test_a_claim_keeps_the_offset_and_the_meta_that_are_there(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(Changes(record_ms=NOW_MS, record_offset=53), to=55)
    claimed = await a_store(client).claim(0, {"partitions": "8", "topic": "crm.events"})
    assert claimed.offset == 55 and claimed.token != owner.position.token
    made = {"fingerprint": "v1", "partitions": "4", "topic": "crm.events"}
    assert await owner.store.meta() == {**made, "record_ms": str(NOW_MS), "record_offset": "53"}


async def test_of_many_claims_at_once_exactly_one_owns_the_partition(client: Redis) -> None:
    stores = [a_store(client) for _ in range(8)]
    claimed = await asyncio.gather(*(store.claim(0, META) for store in stores))
    commits = [
        store.commit(at, at.at(10), some_of_each(), NOW_MS) for store, at in zip(stores, claimed, strict=True)
    ]
    outcomes = await asyncio.gather(*commits)
    assert sorted(outcome.name for outcome in outcomes) == ["COMMITTED"] + ["FENCED"] * 7


async def test_a_claim_that_lost_its_race_reads_again(client: Redis) -> None:
    owner = await an_owner(client)
    late = OvertakenStore(owner.store)
    claimed = await late.store.claim(0, META)
    assert claimed.offset == 7
    assert await owner.store.position() == claimed


class OvertakenStore:
    """A store that is overtaken by a commit between its first read and its compare-and-set."""

    def __init__(self, overtaker: PartitionStore) -> None:
        self.store = a_store(overtaker.client)
        self._overtaker, self._read = overtaker, self.store.position
        self.store.position = self._overtaken  # type: ignore[method-assign]

    async def _overtaken(self) -> Position | None:
        read = await self._read()
        self.store.position = self._read  # type: ignore[method-assign]
        assert read is not None
        assert await self._overtaker.commit(read, read.at(7), Changes(), NOW_MS) is Outcome.COMMITTED
        return read


async def test_a_fenced_commit_changes_nothing(client: Redis) -> None:
    first = await an_owner(client)
    await first.commit(some_of_each(1))
    await an_owner(client)
    before = await dump(client)
    outcome = await first.store.commit(first.position, first.position.at(9), some_of_each(2), NOW_MS)
    assert outcome is Outcome.FENCED
    assert await dump(client) == before


async def test_a_worker_that_wakes_is_fenced_although_the_other_reached_the_same_offset(
    client: Redis,
) -> None:
    first = await an_owner(client)
    second = await an_owner(client)
    await second.commit(some_of_each(1), to=10)
    before = await dump(client)
    outcome = await first.store.commit(first.position, first.position.at(10), some_of_each(2), NOW_MS)
    assert outcome is Outcome.FENCED
    assert await dump(client) == before


async def test_a_state_with_another_fingerprint_is_neither_claimed_nor_written(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    before = await dump(client)
    other = a_store(client, fingerprint="v2")
    with pytest.raises(Held, match="kpi rebuild") as held:
        await other.claim(0, META)
    assert held.value.reason == "fingerprint"
    outcome = await other.commit(owner.position, owner.position.at(9), some_of_each(2), NOW_MS)
    assert outcome is Outcome.FOREIGN
    assert await dump(client) == before


# -- resending --------------------------------------------------------------------------------------------


async def test_our_own_resend_is_a_success_and_writes_once(client: Redis) -> None:
    owner = await an_owner(client)
    before, after = owner.position, owner.position.at(40)
    assert await owner.store.commit(before, after, some_of_each(), NOW_MS) is Outcome.COMMITTED
    written = await dump(client)
    assert await owner.store.commit(before, after, some_of_each(), NOW_MS) is Outcome.COMMITTED
    assert await dump(client) == written


async def test_a_commit_whose_reply_is_lost_is_resent_and_counts_once(
    redis_server: RedisServer, client: Redis
) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    hasty = connect(f"{redis_server.url}?socket_timeout=0.1")
    await hasty.ping()  # so that what the pause delays is the commit, not the connection
    owner.store = a_store(hasty)
    await client.config_resetstat()
    redis_server.pause()
    try:
        commit = asyncio.create_task(owner.commit(some_of_each(2)))
        await asyncio.sleep(0.2)
    finally:
        redis_server.resume()
    await commit
    await hasty.aclose()
    statistics = await client.info("commandstats")
    assert statistics["cmdstat_evalsha"]["calls"] == 2
    assert statistics["cmdstat_xadd"]["calls"] == 1


async def test_a_server_that_forgot_the_scripts_is_told_again(client: Redis) -> None:
    owner = await an_owner(client)
    await client.script_flush()
    await owner.commit(some_of_each())


# -- all or nothing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KEYS)
async def test_a_key_of_a_wrong_type_refuses_the_commit_before_anything_is_written(
    client: Redis, kind: str
) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    changes = replace(some_of_each(2), dropped=[("hour", 0)])
    async with refused_for_its_type(client, KEYS[kind]):
        await owner.store.commit(owner.position, owner.position.at(9), changes, NOW_MS)


@asynccontextmanager
async def refused_for_its_type(client: Redis, key: str) -> AsyncIterator[None]:
    """With a list under this key what is done is refused, and nothing is written."""
    await client.delete(key)
    await client.rpush(key, "not what it was")
    before = await dump_without(client, key)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        yield
    assert await client.lrange(key, 0, -1) == [b"not what it was"]
    assert await dump_without(client, key) == before


async def dump_without(client: Redis, key: str) -> dict[str, object]:
    """The dump of all keys but one, which is not of a kind that ours are."""
    aside: Any = await client.dump(key)
    await client.delete(key)
    rest = await dump(client)
    await client.restore(key, 0, aside)
    return rest


@pytest.mark.parametrize("headroom", [-1, 0, 10_000, 100_000, 300_000, 1_000_000, 10_000_000])
async def test_a_full_memory_refuses_the_commit_before_anything_is_written(
    client: Redis, headroom: int
) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    before = await dump(client)
    following = owner.position.at(9)
    memory = await client.info("memory")
    await client.config_set("maxmemory", memory["used_memory"] + headroom)
    try:
        outcome = await owner.store.commit(owner.position, following, large_changes(2_000), NOW_MS)
    except ResponseError as error:
        assert "when used memory > 'maxmemory'" in str(error)
        assert headroom < 1_000_000
        assert await dump(client) == before
    else:
        assert headroom > 0
        assert outcome is Outcome.COMMITTED
        assert await owner.store.position() == following
        await assert_written(owner.store, large_changes(2_000))
    finally:
        await client.config_set("maxmemory", 0)


@pytest.mark.parametrize("kind", ["offset", "meta", "feed"])
async def test_a_key_of_a_wrong_type_refuses_a_claim_before_anything_is_written(
    client: Redis, kind: str
) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    async with refused_for_its_type(client, KEYS[kind]):
        await a_store(client).claim(0, {"partitions": "4", "one": "more"})


@pytest.mark.parametrize("headroom", [-1, 0, 5_000, 20_000, 100_000, 10_000_000])
@pytest.mark.parametrize("is_new", [True, False])
async def test_a_full_memory_refuses_a_claim_before_anything_is_written(
    client: Redis, headroom: int, is_new: bool
) -> None:
    if not is_new:
        await (await an_owner(client)).commit(some_of_each(1))
    before = await dump(client)
    store = a_store(client)
    meta = {"partitions": "4", "one": "m" * 10_000}
    memory = await client.info("memory")
    await client.config_set("maxmemory", memory["used_memory"] + headroom)
    try:
        claimed = await store.claim(7, meta)
    except ResponseError as error:
        assert "when used memory > 'maxmemory'" in str(error)
        assert headroom < 10_000_000
        assert await dump(client) == before
    else:
        assert headroom > 0
        assert await store.position() == claimed
        assert (await store.meta()).items() >= meta.items()
    finally:
        await client.config_set("maxmemory", 0)


def large_changes(size: int) -> Changes:
    return Changes(
        rows={("lead", f"lead-{i}"): b"%075d" % i for i in range(size)},
        panes={("day", NOW_MS): {f"leads|team|{i}": i + 1 for i in range(size // 2)}},
        totals={f"leads|team|{i}": i + 1 for i in range(size // 2)},
        waiting={"leads_waiting": {f"lead-{i}": NOW_MS + i for i in range(size)}},
    )


async def assert_written(store: PartitionStore, changes: Changes) -> None:
    assert await store.load_rows(changes.rows) == changes.rows
    assert await store.load_panes(changes.panes) == changes.panes
    assert (await store.load_totals()).items() >= changes.totals.items()
    for measure, since in changes.waiting.items():
        assert await store.client.zcard(store.keys.waiting(measure)) == len(since)


async def test_twenty_thousand_rows_and_a_pane_of_nine_thousand_cells_are_one_commit(client: Redis) -> None:
    owner = await an_owner(client)
    changes = replace(large_changes(20_000), waiting={})
    await owner.commit(changes)
    await assert_written(owner.store, changes)
    gone = Changes(
        rows=dict.fromkeys(changes.rows),
        panes={("day", NOW_MS): dict.fromkeys(changes.panes["day", NOW_MS], 0)},
    )
    await owner.commit(gone)
    assert not set((await owner.store.load_rows(changes.rows)).values()) - {None}
    assert not await client.exists(KEYS["pane"])


async def test_a_commit_that_does_not_move_on_is_a_mistake(client: Redis) -> None:
    owner = await an_owner(client)
    for following in (owner.position, Position(5, "somebody else's")):
        with pytest.raises(ValueError, match="does not follow"):
            await owner.store.commit(owner.position, following, Changes(), NOW_MS)


# -- what is written --------------------------------------------------------------------------------------


async def test_everything_written_is_loaded_again(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each())
    await assert_written(owner.store, some_of_each())
    assert (await owner.store.meta())["record_ms"] == str(NOW_MS + 1)


async def test_what_is_not_there_is_loaded_as_nothing(client: Redis) -> None:
    store = a_store(client)
    assert await store.load_rows([("lead", "a"), ("deal", "a")]) == {("lead", "a"): None, ("deal", "a"): None}
    assert await store.load_panes({("day", 0): ["leads"], ("hour", 0): []}) == {
        ("day", 0): {"leads": 0},
        ("hour", 0): {},
    }
    assert await store.load_totals() == {}
    assert await store.load_rows([]) == {}


async def test_rows_are_loaded_in_their_thousands_and_of_any_kind(client: Redis) -> None:
    owner = await an_owner(client)
    rows = {(kind, str(i)): f"{kind} {i}".encode() for kind in ("lead", "ticket") for i in range(18_000)}
    await owner.commit(Changes(rows=rows))
    assert await owner.store.load_rows(rows) == rows


async def test_a_row_may_hold_any_bytes(client: Redis) -> None:
    owner = await an_owner(client)
    rows = {("lead", f"{size}"): bytes(range(256)) * size for size in (0, 1, 2, 300)}
    await owner.commit(Changes(rows=rows))
    assert await owner.store.load_rows(rows) == rows


async def test_a_deleted_row_is_gone_and_its_neighbours_stay(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each(1))
    await owner.commit(Changes(rows={("lead", "lead-1"): None, ("lead", "never-there"): None}))
    rows = await owner.store.load_rows(some_of_each().rows)
    assert rows.pop(("lead", "lead-1")) is None
    assert None not in rows.values()


async def test_ids_and_members_may_be_any_text(client: Redis) -> None:
    owner = await an_owner(client)
    names = ["a|b|c", "ünïcödé", "日本|語", "😀", " ", "\n\r\t\0", "{x}:y", "0", "x" * 70_000]
    changes = Changes(
        rows={("lead", name): name.encode() for name in names},
        panes={("day", NOW_MS): {f"leads|team|{name}": 7 for name in names}},
        totals={f"leads|team|{name}": -7 for name in names},
        waiting={"leads_waiting": {name: NOW_MS for name in names}},
    )
    await owner.commit(changes)
    await assert_written(owner.store, changes)


async def test_a_cell_that_becomes_zero_is_deleted(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(cells_of("day", NOW_MS, leads=3, deals=5))
    await owner.commit(replace(cells_of("day", NOW_MS, leads=0), totals={"leads": 0, "deals": 1}))
    assert await client.hgetall(KEYS["pane"]) == {b"deals": b"5"}
    assert await client.hgetall(KEYS["totals"]) == {b"deals": b"1"}


async def test_a_pane_without_cells_leaves_the_index(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(cells_of("day", NOW_MS, leads=3))
    assert await client.zrange(KEYS["index"], 0, -1) == [b"day:%d" % NOW_MS]
    await owner.commit(cells_of("day", NOW_MS, leads=0))
    assert not await client.exists(KEYS["index"], KEYS["pane"])


@pytest.mark.parametrize("amount", [2**53 + 1, -(2**53) - 1, 2**63 + 1, 10**40 + 1])
async def test_sums_beyond_what_a_double_or_64_bits_hold_are_exact(client: Redis, amount: int) -> None:
    owner = await an_owner(client)
    await owner.commit(replace(cells_of("day", NOW_MS, revenue=amount), totals={"revenue": amount}))
    assert await owner.store.load_panes({("day", NOW_MS): ["revenue"]}) == {
        ("day", NOW_MS): {"revenue": amount}
    }
    assert await owner.store.load_totals() == {"revenue": amount}


async def test_who_no_longer_waits_leaves_the_list(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each())
    await owner.commit(Changes(waiting={"leads_waiting": {"lead-1": None, "lead-3": 5}}))
    left = await client.zrange(KEYS["waiting"], 0, -1, withscores=True)
    assert left == [(b"lead-3", 5), (b"lead-2", NOW_MS - 1)]


async def test_an_advance_without_records_moves_the_offset_and_nothing_else(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each())
    before = await dump(client)
    await owner.commit(Changes(), to=500)
    after = await dump(client)
    assert after.pop(KEYS["offset"]) == str(owner.position).encode()
    changed = {name for name, content in after.items() if content != before[name]}
    assert changed == {KEYS["feed"]}


async def test_rows_can_be_scanned_in_slices(client: Redis) -> None:
    owner = await an_owner(client)
    rows = {("lead", str(i)): b"%d" % i for i in range(20_000)}
    await owner.commit(Changes(rows=rows))
    cursor, seen = await owner.store.scan_rows("lead", 3, 0, 100)
    assert 0 < len(seen) < 500
    while cursor:
        cursor, more = await owner.store.scan_rows("lead", 3, cursor, 100)
        seen += more
    assert dict(seen) == {str(i): b"%d" % i for i in range(20_000) if row_shard(str(i)) == 3}


# -- panes come and go ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", TIERS)
async def test_panes_expire_after_their_tiers_keep_when_windows_end_at_the_wall_clock(
    client: Redis, tier: str
) -> None:
    now_ms = time.time_ns() // 1_000_000
    owner = await an_owner(client, wall=True)
    await owner.commit(cells_of(tier, now_ms, leads=3), now_ms=now_ms)
    await owner.commit(cells_of(tier, now_ms, leads=4), now_ms=now_ms)
    left_ms = await client.pttl(f"{KEYS['index']}:{tier}:{now_ms}")
    stays_ms = TIERS[tier] + LINGER_MS[tier]
    assert stays_ms - 5_000 < left_ms <= stays_ms
    assert await client.zrange(KEYS["index"], 0, -1, withscores=True) == [
        (f"{tier}:{now_ms}".encode(), now_ms + stays_ms)
    ]


async def test_a_pane_of_the_future_expires_after_its_own_time_and_not_after_ours(client: Redis) -> None:
    """Due dates, spread costs and windows over days lie there."""
    now_ms = time.time_ns() // 1_000_000
    owner, start_ms = await an_owner(client, wall=True), now_ms + 365 * DAY_MS
    await owner.commit(cells_of("day", start_ms, leads=3), now_ms=now_ms)
    stays_ms = 365 * DAY_MS + TIERS["day"] + LINGER_MS["day"]
    assert stays_ms - 5_000 < await client.pttl(f"{KEYS['index']}:day:{start_ms}") <= stays_ms
    assert await owner.store.panes_before(start_ms) == []


async def test_nothing_but_panes_expires(client: Redis) -> None:
    now_ms = time.time_ns() // 1_000_000
    owner = await an_owner(client, wall=True)
    await owner.commit(replace(some_of_each(), panes={("hour", now_ms): {"leads": 1}}), now_ms=now_ms)
    expiring = [key async for key in client.scan_iter() if await client.pttl(key) != -1]
    assert expiring == [f"{KEYS['index']}:hour:{now_ms}".encode()]


async def test_nothing_expires_when_windows_end_at_events(client: Redis) -> None:
    owner = await an_owner(client, wall=False)
    await owner.commit(some_of_each())
    assert [key async for key in client.scan_iter() if await client.pttl(key) != -1] == []


async def test_panes_that_have_left_their_tier_are_listed_and_dropped(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each())
    stays_ms = TIERS["minute"] + LINGER_MS["minute"]
    assert await owner.store.panes_before(NOW_MS + stays_ms - 1) == []
    left = await owner.store.panes_before(NOW_MS + stays_ms)
    assert left == [("minute", NOW_MS)]
    await owner.commit(Changes(dropped=left))
    assert await owner.store.panes_before(NOW_MS + stays_ms) == []
    assert await client.zrange(KEYS["index"], 0, -1) == [b"day:%d" % NOW_MS]
    assert not await client.exists(f"{KEYS['index']}:minute:{NOW_MS}")


async def test_a_pane_that_expired_by_itself_is_dropped_from_the_index(client: Redis) -> None:
    owner = await an_owner(client, wall=True)
    await owner.commit(cells_of("minute", NOW_MS, leads=1))  # NOW_MS is long ago, so it expires at once
    assert not await client.exists(f"{KEYS['index']}:minute:{NOW_MS}")
    await owner.commit(Changes(dropped=await owner.store.panes_before(NOW_MS + DAY_MS)))
    assert not await client.exists(KEYS["index"])


async def test_of_the_panes_that_left_the_oldest_are_listed_first(client: Redis) -> None:
    owner = await an_owner(client)
    starts = [NOW_MS + i * HOUR_MS for i in range(5)]
    await owner.commit(Changes(panes={("hour", start): {"leads": 1} for start in reversed(starts)}))
    assert await owner.store.panes_before(NOW_MS + 900 * DAY_MS, limit=2) == [
        ("hour", start) for start in starts[:2]
    ]


async def test_a_pane_that_has_left_its_tier_is_not_written(client: Redis) -> None:
    owner = await an_owner(client)
    now_ms = NOW_MS + TIERS["minute"] + LINGER_MS["minute"]
    await owner.commit(some_of_each(), now_ms=now_ms)
    assert await client.zrange(KEYS["index"], 0, -1) == [b"day:%d" % NOW_MS]
    assert not await client.exists(f"{KEYS['index']}:minute:{NOW_MS}")


async def test_a_pane_that_is_dropped_is_not_written_by_the_same_commit(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(replace(cells_of("day", NOW_MS, leads=3), dropped=[("day", NOW_MS)]))
    assert not await client.exists(KEYS["index"], KEYS["pane"])


# -- the feed's size, the heartbeat -----------------------------------------------------------------------


async def test_the_feed_keeps_its_newest_entries_only(client: Redis) -> None:
    owner = await an_owner(client)
    for _ in range(FEED_ENTRIES + 5):
        await owner.commit(Changes())
    assert await client.xlen(KEYS["feed"]) == FEED_ENTRIES


async def test_the_feed_keeps_to_its_size(client: Redis) -> None:
    owner = await an_owner(client)
    large = Changes(panes={("day", NOW_MS): {"x" * (FEED_BYTES // 3): 1}})
    for _ in range(5):
        await owner.commit(large)
    assert await client.xlen(KEYS["feed"]) == 2
    await owner.commit(Changes(totals={"x" * (2 * FEED_BYTES): 1}))
    assert await client.xlen(KEYS["feed"]) == 1


async def test_a_new_owner_counts_only_what_it_wrote_itself(client: Redis) -> None:
    owner = await an_owner(client)
    for _ in range(5):
        await owner.commit(Changes())
    await owner.claim_again()
    assert await client.xlen(KEYS["feed"]) == 7
    await owner.commit(Changes())
    assert await client.xlen(KEYS["feed"]) == 2


def test_the_newest_entry_is_admitted_however_large() -> None:
    cap = FeedCap()
    assert [cap.admit(size) for size in (10, FEED_BYTES * 2, 10, FEED_BYTES - 10)] == [2, 1, 1, 2]


async def test_an_owner_that_stops_beating_is_not_alive_for_long(client: Redis) -> None:
    store = a_store(client)
    await store.beat()
    assert 14_000 < await client.pttl(store.keys.alive) <= 15_000


async def test_partitions_and_namespaces_do_not_touch_each_other(client: Redis) -> None:
    owner = await an_owner(client)
    await owner.commit(some_of_each())
    before = await dump(client)
    for other in (a_store(client, partition=4), a_store(client, namespace="crm2")):
        at = await other.claim(0, META)
        assert await other.commit(at, at.at(1), some_of_each(2), NOW_MS) is Outcome.COMMITTED
    after = await dump(client)
    assert {name: after[name] for name in before} == before


async def test_a_redis_that_does_not_answer_is_an_error_within_seconds(redis_server: RedisServer) -> None:
    client = connect(f"{redis_server.url}?socket_timeout=0.05")
    redis_server.pause()
    try:
        with pytest.raises(RedisError):
            await a_store(client).position()
    finally:
        redis_server.resume()
        await client.aclose()
