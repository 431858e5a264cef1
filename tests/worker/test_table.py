"""A table on a real Redis: whatever comes in between, the state is the recount of its log.

About 20 s, half of it for Redis servers that are killed and started again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode
from streams.naming import partition_keys_pattern, row_shard
from streams.state import connect, erase
from streams.worker import table as table_module
from tests.builders import lead_contacted, lead_created
from tests.company import told
from tests.servers import RedisServer, redis_binary
from tests.worker.builders import (
    NAMESPACE,
    NEVER_BY_ITSELF,
    PUBLISHED_MS,
    Bench,
    Letters,
    MemoryLog,
    a_bench,
    after,
    before,
    engine,
    history,
    is_held,
    records,
    under_way,
    until,
)

pytestmark = pytest.mark.usefixtures("impatient")


# -- The way of a batch -----------------------------------------------------------------------------------


async def test_the_state_equals_a_recount_of_the_log(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.run()
    assert await bench.is_exact()
    assert bench.errors() == {}


@pytest.mark.parametrize("number", [1, 7, 1_000])
async def test_the_state_is_the_same_in_batches_of_any_size(client: Redis, number: int) -> None:
    bench = await a_bench(client, history()[:150], commit_events=11).opened()
    await bench.run(number)
    assert await bench.is_exact()


async def test_so_it_is_of_a_log_of_every_type_of_event_and_for_every_measure(client: Redis) -> None:
    """Over eleven months, so that panes go meanwhile; customers are erased and records removed in it."""
    lines = messy(map(encode, told()), Mess(window=200, farthest=2_000), 3)
    bench = await a_bench(client, records(lines)).opened()
    await bench.run(400)
    assert await bench.is_exact()


async def test_events_that_are_applied_and_not_committed_count_in_those_that_follow(client: Redis) -> None:
    bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await bench.run(3)
    assert bench.commits == [bench.log.end]
    assert await bench.is_exact()


async def test_a_cache_that_overflows_costs_reads_and_no_errors(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "CACHED_CELLS", 100)
    bench = await a_bench(client, commit_events=20).opened()
    await bench.run(20)
    assert await bench.is_exact()
    assert bench.errors() == {}


async def test_a_batch_of_another_epoch_is_dropped(client: Redis) -> None:
    bench = await a_bench(client).opened()
    stale = bench.log.fetch(40)
    await bench.table.open()
    await bench.table.take(stale)
    assert (bench.table.reached, await bench.offset()) == (0, 0)
    await bench.run()
    assert await bench.is_exact()


async def test_a_gap_opens_again_and_loses_nothing(client: Redis) -> None:
    bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await bench.take(10)
    bench.log.fetch(10)  # lost on its way
    epoch = bench.table.epoch
    await bench.take(10)
    assert bench.table.epoch > epoch
    assert bench.log.next == 0  # what was not committed is fetched again
    await bench.run()
    assert await bench.is_exact()


async def test_a_batch_that_comes_twice_is_a_gap_and_counts_once(client: Redis) -> None:
    bench = await a_bench(client).opened()
    batch = bench.log.fetch(10)
    await bench.table.take(batch)
    await bench.table.take(batch)
    await bench.run()
    assert await bench.is_exact()


async def test_an_empty_batch_moves_the_position_and_nothing_else(client: Redis) -> None:
    bench = await a_bench(client, MemoryLog([], end=7)).opened()
    await bench.take()
    assert await bench.offset() == 7
    assert bench.table.reached == 7
    stored = [key async for key in client.scan_iter(match=partition_keys_pattern(NAMESPACE))]
    assert {key.rpartition(b":")[2] for key in stored} == {b"offset", b"meta", b"changes"}
    assert "record_ms" not in await bench.store.meta()


async def test_holes_in_the_log_are_passed_over(client: Redis) -> None:
    holey = [one for one in history() if one.offset % 5]
    bench = await a_bench(client, MemoryLog(holey, end=len(history()) + 9)).opened()
    await bench.run(13)
    assert await bench.is_exact()


async def test_meta_knows_the_timestamp_of_the_newest_record(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.run()
    assert (await bench.store.meta())["record_ms"] == str(PUBLISHED_MS)


# -- When it commits --------------------------------------------------------------------------------------


async def test_it_commits_at_so_many_events(client: Redis) -> None:
    bench = await a_bench(client, history()[:100], **{**NEVER_BY_ITSELF, "commit_events": 40}).opened()
    await bench.run(15)
    assert bench.commits == [45, 90, 100]


async def test_it_commits_at_so_many_bytes(client: Redis) -> None:
    log = records(["x" * 600 for _ in range(10)])
    bench = await a_bench(client, log, **{**NEVER_BY_ITSELF, "commit_bytes": 1_500}).opened()
    await bench.run(1)
    assert bench.commits == [3, 6, 9, 10]


async def test_it_commits_after_so_many_milliseconds(client: Redis) -> None:
    bench = await a_bench(client, **{**NEVER_BY_ITSELF, "commit_ms": 1}).opened()
    while not bench.commits:
        assert bench.log.next < bench.log.end - 1, "only having caught up made it commit"
        await bench.take(1)


async def test_what_is_pending_is_committed_in_time_when_no_further_batch_comes(client: Redis) -> None:
    bench = await a_bench(client, **{**NEVER_BY_ITSELF, "commit_ms": 30}).opened()
    await bench.take(100)
    await until(lambda: bench.commits)
    assert bench.commits == [100]
    await bench.run()
    assert await bench.is_exact()


@pytest.fixture
def chunks_of_10(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "CHUNK_EVENTS", 10)


def hang_in_the_middle(bench: Bench) -> tuple[asyncio.Event, asyncio.Event]:
    """From now on the third chunk hangs; (it does, it may go on)."""
    reached, go_on, chunks = asyncio.Event(), asyncio.Event(), iter(range(1, 100))

    async def hang(*_: Any) -> None:
        if next(chunks) == 3:
            reached.set()
            await go_on.wait()

    before(bench.store, "load_rows", hang)
    return reached, go_on


@pytest.mark.usefixtures("chunks_of_10")
async def test_a_deadline_waits_for_the_batch_in_hand(client: Redis) -> None:
    """A commit in the middle of a batch would write half of it."""
    bench = await a_bench(client, **{**NEVER_BY_ITSELF, "commit_ms": 40}).opened()
    await bench.take(50)
    reached, go_on = hang_in_the_middle(bench)
    async with under_way(bench.take(50)):
        await reached.wait()
        await asyncio.sleep(0.1)
        assert await bench.differences() == []
        go_on.set()
    await bench.run()
    assert await bench.is_exact()


async def test_a_deadline_that_fails_opens_again(client: Redis) -> None:
    letters = Letters([KafkaTimeoutError()])
    bench = await a_bench(client, letters=letters, **{**NEVER_BY_ITSELF, "commit_ms": 20}).opened()
    epoch = bench.table.epoch
    await bench.take(100)
    await until(lambda: bench.errors() and bench.table.epoch > epoch)
    assert bench.log.next == 0
    await bench.run()
    assert await bench.is_exact()


async def test_it_commits_at_once_when_it_has_caught_up(client: Redis) -> None:
    bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await bench.take(100)
    assert bench.commits == []
    await bench.take()
    assert bench.commits == [bench.log.end]


async def test_it_commits_at_most_every_twenty_milliseconds_when_it_keeps_up(client: Redis) -> None:
    bench = await a_bench(client, MemoryLog([], end=1)).opened()
    times: list[float] = []
    after(bench.store, "commit", lambda *_: times.append(asyncio.get_running_loop().time()))
    for end in range(1, 8):
        bench.log.end = end
        await bench.take()
    assert bench.commits == [1, 2, 3, 4, 5, 6, 7]
    assert min(later - sooner for sooner, later in zip(times, times[1:], strict=False)) >= 0.0199


# -- Dead letters -----------------------------------------------------------------------------------------


async def test_dead_letters_are_acknowledged_before_the_commit(client: Redis) -> None:
    order: list[str] = []
    bench = await a_bench(client).opened()
    after(bench.letters, "write", lambda *_: order.append("letters"))
    before(bench.store, "commit", lambda *_: order.append("commit"))
    await bench.run()
    assert order == ["letters", "commit"] * (len(order) // 2)
    rejected = [reject.record.offset for _, reject in bench.letters.written]
    assert rejected == sorted(set(rejected)) != []


async def test_errors_that_go_on_are_met_with_pauses(client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each opening takes a place in the feed: in a tight loop it would push out all that boards follow."""
    monkeypatch.setattr(table_module, "RETRY_S", (0, 0, 3_600))
    bench = await a_bench(client, letters=Letters([KafkaTimeoutError()] * 3)).opened()
    await bench.take()
    assert bench.table.state == "open"
    second = asyncio.ensure_future(bench.take())
    await until(lambda: bench.table.state == "opening")
    position = await bench.store.position()
    second.cancel()
    await asyncio.wait([second])
    assert (bench.errors(), await bench.store.position()) == ({"KafkaTimeoutError": 2}, position)


async def test_nothing_is_committed_while_dead_letters_cannot_be_written(client: Redis) -> None:
    bench = await a_bench(client, letters=Letters([KafkaTimeoutError(), KafkaTimeoutError()])).opened()
    await bench.take()
    await bench.take()
    assert (await bench.offset(), bench.commits, bench.letters.written) == (0, [], [])
    assert bench.errors() == {"KafkaTimeoutError": 2}
    await bench.run()
    assert await bench.is_exact()
    assert bench.metric("crm_dead_letters_total", reason="bad_value") > 0


@pytest.mark.parametrize("number", [100, 1_000])
async def test_too_many_dead_letters_hold_the_partition_before_they_are_written(
    client: Redis, number: int
) -> None:
    """Also when the batch is taken again and again, and when it opens again in between."""
    log = records([*(one.value for one in history()), *(["nonsense"] * 1_500)])
    bench = await a_bench(client, log, commit_events=100).opened()
    async with under_way(bench.run(number)):
        await is_held(bench, "dead_letters")
        written, offset = len(bench.letters.written), await bench.offset()
        assert "not_json" in bench.table.condition.message
        await asyncio.sleep(0.1)
        assert (len(bench.letters.written), await bench.offset()) == (written, offset)
        assert await bench.differences() == []
        assert (offset or 0) < 1_000, "it was to be held at the thousandth record"
        assert all(reject.record.offset < (offset or 0) for _, reject in bench.letters.written)
        await bench.table.close(0.05)
    share_of_one = await a_bench(client, log, dead_letter_share=1).opened()
    await share_of_one.run()
    assert await share_of_one.is_exact()


async def test_a_batch_that_is_taken_again_and_again_counts_once_in_the_share_of_bad_ones(
    client: Redis,
) -> None:
    """900 good ones, then 400 bad ones that Kafka takes only at the fourth time."""
    log = records([lead_created(f"lead-{number}", at=PUBLISHED_MS) for number in range(900)])
    log += records(["nonsense"] * 400, first=900)
    bench = await a_bench(client, log).opened()
    await bench.take(900)
    bench.letters.failing = [KafkaTimeoutError() for _ in range(3)]
    await bench.run(400)
    assert await bench.is_exact()
    assert bench.errors() == {"KafkaTimeoutError": 3}


# -- Faults of our own code -------------------------------------------------------------------------------


def valid_offsets() -> list[int]:
    events, _ = engine().decode(history())
    return [event.record.offset for event in events]


@pytest.mark.parametrize("number", [1, 40, 1_000])
async def test_events_that_the_engine_fails_at_become_dead_letters_and_cost_their_neighbours_nothing(
    client: Redis, number: int
) -> None:
    """In batches of their own, and several in one."""
    poison = set(valid_offsets()[60:180:50])
    bench = await a_bench(client, poison=poison, commit_events=50).opened()
    await bench.run(number)
    assert await bench.is_exact(poison=poison)
    written = [reject for _, reject in bench.letters.written if reject.reason == "engine_error"]
    letters = [reject.record.offset for reject in written]
    assert letters == sorted(poison)
    assert bench.metric("crm_dead_letters_total", reason="engine_error") == len(poison) == 3
    assert bench.metric("crm_partition_errors_total", cause="code", error="ZeroDivisionError") >= 3


async def test_an_event_is_poison_only_when_it_has_failed_three_times(client: Redis) -> None:
    """What fails once or twice was a moment's, whatever it was."""
    bench = await a_bench(client, poison={valid_offsets()[70]}).opened()
    for failures in (1, 2):
        await bench.take(200)
        assert bench.errors() == {"ZeroDivisionError": failures}
    bench.table._engine = engine()  # it is well again
    await bench.run()
    assert await bench.is_exact()


async def test_a_redis_that_fails_makes_no_event_a_dead_letter(client: Redis) -> None:
    bench = await a_bench(client).opened()
    failing = iter(range(5))

    def fail(*_: Any) -> None:
        if next(failing, None) is not None:
            raise RedisConnectionError

    before(bench.store, "load_rows", fail)
    await bench.run()
    assert bench.errors() == {"ConnectionError": 5}
    assert await bench.is_exact()


async def test_a_row_that_cannot_be_read_costs_the_events_about_it_and_no_others(client: Redis) -> None:
    """Found by what fails, whatever that is: here a row that somebody has overwritten."""
    lead = [lead_created("broken", at=PUBLISHED_MS), lead_contacted("broken", at=PUBLISHED_MS)]
    log = records([*(one.value for one in history()), *lead])
    bench = await a_bench(client, log[:-1]).opened()
    await bench.run()
    store = bench.store
    row = store.keys.rows("lead", row_shard("broken"))
    kept = await client.hget(row, "broken")
    await client.hset(row, "broken", b"nonsense")
    bench.log.records, bench.log.end = log, len(log)
    await bench.run()
    assert bench.letters.written[-1][1].reason == "engine_error"
    await client.hset(row, "broken", kept or b"")
    assert await bench.is_exact(poison={len(log) - 1})


# -- Others -----------------------------------------------------------------------------------------------


async def test_a_fenced_table_opens_again_and_nothing_is_lost_or_counted_twice(client: Redis) -> None:
    one, two = await a_bench(client).opened(), await a_bench(client).opened()
    for _ in range(5):
        for bench in (one, two):  # in turn: each finds that the other was there
            await bench.take(30)
            await bench.take(30)
    for bench in (one, two):
        assert bench.metric("crm_fenced_total") > 3
        await bench.run()
    assert await one.is_exact()
    assert sorted(one.commits + two.commits) == sorted({*one.commits, *two.commits})


async def test_a_fenced_table_forgets_what_it_had_applied_and_cached(client: Redis) -> None:
    zombie = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await zombie.take(100)
    owner = await a_bench(client, commit_events=10).opened()
    for _ in range(10):
        await owner.take(10)
    await zombie.take()  # to the end, from a state that is no longer
    assert zombie.metric("crm_fenced_total") == 1
    assert await owner.offset() == 100
    assert await owner.differences() == []
    await zombie.run()
    assert await zombie.is_exact()


@pytest.mark.parametrize("owner_got", [60, 100, 140])
async def test_a_zombie_that_wakes_to_close_writes_nothing_and_takes_nothing(
    client: Redis, owner_got: int
) -> None:
    """Wherever the owner stands: behind the zombie, beside it or past it."""
    zombie = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await zombie.take(100)
    owner = await a_bench(client, commit_events=20).opened()
    for _ in range(owner_got // 20):
        await owner.take(20)
    await zombie.table.close(1.0)
    assert await owner.offset() == owner_got
    await owner.run()
    assert await owner.is_exact()
    assert owner.metric("crm_fenced_total") == 0, "the zombie took the partition once more"


async def test_a_commit_whose_answer_was_lost_is_found_again(client: Redis) -> None:
    bench = await a_bench(client).opened()

    def lose(*_: Any) -> None:
        if len(bench.commits) == 2:
            raise RedisConnectionError

    after(bench.store, "commit", lose)
    await bench.run()
    assert bench.errors() == {"ConnectionError": 1}
    assert await bench.is_exact()


# -- Redis fails ------------------------------------------------------------------------------------------


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis with AOF of one's own, to be killed."""
    with RedisServer(redis_binary("installed"), tmp_path, aof=True) as server:
        yield server


def killed(server: RedisServer, times: int) -> Callable[..., Awaitable[None]]:
    """A fault for `before` and `after`: the server is killed, for the first so many calls."""
    left = iter(range(times))

    async def kill(*_: Any) -> None:
        if next(left, None) is not None:
            await asyncio.to_thread(server.kill9)

    return kill


TAKING = [(before, "load_rows"), (before, "load_panes"), (before, "commit"), (after, "commit")]
OPENING = [(before, "claim"), (after, "claim"), (before, "load_totals")]


@pytest.mark.parametrize(("when", "step"), TAKING, ids=lambda at: getattr(at, "__name__", at))
async def test_redis_killed_while_a_batch_is_applied(redis: RedisServer, when: Any, step: str) -> None:
    async with connect(redis.url) as client:
        bench = await a_bench(client).opened()
        await bench.take(100)
        when(bench.store, step, killed(redis, 1))
        async with under_way(bench.run()):
            await until(lambda: bench.errors())
            await asyncio.to_thread(redis.restart)
        assert await bench.is_exact()


@pytest.mark.parametrize(("when", "step"), OPENING, ids=lambda at: getattr(at, "__name__", at))
async def test_redis_killed_while_a_table_opens(redis: RedisServer, when: Any, step: str) -> None:
    async with connect(redis.url) as client:
        await (await a_bench(client).opened()).take(100)
        bench = a_bench(client)
        when(bench.store, step, killed(redis, 1))
        async with under_way(bench.table.open()):
            await until(lambda: bench.errors())
            assert bench.table.state == "opening"
            await asyncio.to_thread(redis.restart)
        await bench.run()
        assert await bench.is_exact()


async def test_a_table_that_closes_while_redis_is_away_gives_up(redis: RedisServer) -> None:
    async with connect(redis.url) as client:
        bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
        await bench.take(10)
        await asyncio.to_thread(redis.kill9)
        await bench.table.close(0.1)
        await asyncio.to_thread(redis.restart)
        successor = await a_bench(client).opened()
        await successor.run()
        assert await successor.is_exact()


# -- Held -------------------------------------------------------------------------------------------------


async def test_another_catalogs_state_holds_the_partition_until_it_is_gone(client: Redis) -> None:
    other = await a_bench(client, fingerprint="another").opened()
    await other.run()
    told = await client.get(other.store.keys.offset)
    bench = a_bench(client)
    async with under_way(bench.table.open()):
        await is_held(bench, "fingerprint")
        assert await client.get(other.store.keys.offset) == told, "a held partition was claimed"
        await erase(client, NAMESPACE)
    await bench.run()
    assert await bench.is_exact()


async def test_a_catalog_that_changes_under_an_open_table_holds_it(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.take(50)
    await client.hset(bench.store.keys.meta, "fingerprint", "another")
    async with under_way(bench.run()):
        await is_held(bench, "fingerprint")
        await client.hset(bench.store.keys.meta, "fingerprint", bench.store.fingerprint)
    assert await bench.is_exact()


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_a_redis_that_would_evict_holds_the_partition(client: Redis, policy: str) -> None:
    bench = a_bench(client)
    await client.config_set("maxmemory-policy", policy)
    try:
        async with under_way(bench.table.open()):
            await is_held(bench, "eviction")
            await client.config_set("maxmemory-policy", "noeviction")
    finally:
        await client.config_set("maxmemory-policy", "noeviction")
    await bench.run()
    assert await bench.is_exact()


async def test_another_number_of_partitions_holds_the_partition(client: Redis) -> None:
    before_ = await a_bench(client).opened()
    await before_.take(50)
    bench = a_bench(client)
    bench.log.count = 8
    async with under_way(bench.table.open()):
        await is_held(bench, "partitions")
        bench.log.count = 4
    await bench.run()
    assert await bench.is_exact()


async def test_a_topic_whose_partitions_are_not_known_yet_is_not_remembered_as_having_none(
    client: Redis,
) -> None:
    bench = a_bench(client)
    bench.log.count = 0
    async with under_way(bench.table.open()):
        await until(lambda: bench.errors())
        assert await bench.store.meta() == {}
        bench.log.count = 4
    assert (await bench.store.meta())["partitions"] == "4"


async def test_an_offset_beyond_the_end_of_the_topic_holds_the_partition(client: Redis) -> None:
    await (await a_bench(client).opened()).run()
    anew = MemoryLog(history(), end=100)
    bench = a_bench(client, anew)
    async with under_way(bench.table.open()):
        await is_held(bench, "topic")
        assert await bench.offset() == len(history())
        anew.end = len(history())
    assert await bench.is_exact()


async def test_a_held_partition_is_held_all_the_time_and_not_only_between_two_looks(client: Redis) -> None:
    await (await a_bench(client).opened()).take(50)
    bench = a_bench(client)
    bench.log.count = 8
    states: list[str] = []
    before(bench.store, "meta", lambda: states.append(bench.table.state))
    async with under_way(bench.table.open()):
        await until(lambda: len(states) > 3)
        bench.log.count = 4
    assert states[:4] == ["opening", *["held"] * 3]


async def test_a_held_partition_can_be_closed(client: Redis) -> None:
    bench = a_bench(client)
    bench.log.count = 8
    await (await a_bench(client).opened()).take(50)
    opening = asyncio.ensure_future(bench.table.open())
    await is_held(bench, "partitions")
    await bench.table.close(0.05)
    opening.cancel()
    await asyncio.wait([opening])
    assert bench.metric("crm_partition_state", partition="3", state="held") == 0


# -- Lost records -----------------------------------------------------------------------------------------


async def test_records_that_retention_deleted_are_counted_and_it_goes_on(client: Redis) -> None:
    await (await a_bench(client).opened()).take(100)
    bench = a_bench(client, MemoryLog(history(), earliest=150))
    bench.log.records = [one for one in history() if one.offset >= 150]
    await bench.table.open()
    assert bench.metric("crm_records_lost_total", partition="3") == 50
    await bench.run()
    assert await bench.is_exact([one for one in history() if not 100 <= one.offset < 150])


async def test_lost_records_are_counted_once_however_often_it_opens(client: Redis) -> None:
    await (await a_bench(client).opened()).take(100)
    bench = a_bench(client, MemoryLog(history(), earliest=150))
    for _ in range(3):
        await bench.table.open()
    assert bench.metric("crm_records_lost_total", partition="3") == 50


async def test_a_new_table_begins_where_the_topic_does_and_has_lost_nothing(client: Redis) -> None:
    late = [one for one in history() if one.offset >= 150]
    bench = await a_bench(client, MemoryLog(late, earliest=150)).opened()
    assert bench.metric("crm_records_lost_total", partition="3") == 0
    await bench.run()
    assert await bench.is_exact()


# -- The end ----------------------------------------------------------------------------------------------


async def test_closing_commits_what_is_pending(client: Redis) -> None:
    bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await bench.take(100)
    assert bench.commits == []
    await bench.table.close(5.0)
    assert bench.commits == [100]
    assert await bench.differences() == []


async def test_closing_waits_for_the_batch_in_hand(client: Redis) -> None:
    bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def dawdle(*_: Any) -> None:
        reached.set()
        await go_on.wait()

    before(bench.store, "load_rows", dawdle)
    async with under_way(bench.take(100)):
        await reached.wait()
        async with under_way(bench.table.close(5.0)):
            go_on.set()
    assert bench.commits == [100]
    assert await bench.differences() == []


async def test_closing_leaves_what_takes_longer_to_whoever_comes_next(client: Redis) -> None:
    bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await bench.take(100)
    before(bench.letters, "write", lambda *_: asyncio.Event().wait())
    await bench.table.close(0.05)
    assert bench.commits == []
    successor = await a_bench(client).opened()
    await successor.run()
    assert await successor.is_exact()


async def test_a_table_that_fails_while_it_closes_commits_no_half_batch(client: Redis) -> None:
    """The batch in hand fails when some of its chunks are applied: what is applied must not be written."""
    bench = await a_bench(client, **NEVER_BY_ITSELF).opened()
    await bench.take(20)
    closing: list[asyncio.Future[None]] = []

    async def fail(*_: Any) -> None:
        closing.append(asyncio.ensure_future(bench.table.close(5.0)))
        await asyncio.sleep(0)
        raise RedisConnectionError

    before(bench.store, "load_rows", fail)
    await bench.take(100)
    await closing[0]
    assert bench.commits == []
    successor = await a_bench(client).opened()
    await successor.run()
    assert await successor.is_exact()


@pytest.mark.usefixtures("chunks_of_10")
async def test_a_batch_that_is_cancelled_half_way_is_not_committed(client: Redis) -> None:
    """By whoever stops the agent; neither by closing nor by a deadline."""
    bench = await a_bench(client, **{**NEVER_BY_ITSELF, "commit_ms": 50}).opened()
    await bench.take(20)
    reached, _ = hang_in_the_middle(bench)
    taking = asyncio.ensure_future(bench.take(100))
    await reached.wait()
    taking.cancel()
    await asyncio.wait([taking])
    await asyncio.sleep(0.1)
    await bench.table.close(1.0)
    assert await bench.differences() == []
    successor = await a_bench(client).opened()
    await successor.run()
    assert await successor.is_exact()


async def test_after_the_end_nothing_is_taken(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.table.close(5.0)
    await bench.take()
    assert bench.commits == []
    assert await bench.offset() == 0


async def test_a_table_that_never_opened_closes_in_silence(client: Redis) -> None:
    bench = a_bench(client)
    await bench.table.close(1.0)
    assert await bench.offset() is None


# -- The heartbeat ----------------------------------------------------------------------------------------


async def test_an_open_table_beats(client: Redis) -> None:
    bench = a_bench(client)
    await bench.table.beat()
    assert not await client.exists(bench.store.keys.alive)
    await bench.table.open()
    await bench.table.beat()
    assert await client.exists(bench.store.keys.alive)


async def test_a_closed_table_is_silent(client: Redis) -> None:
    """Its partition is somebody else's: a series left behind would tell of it for ever."""
    bench = await a_bench(client).opened()
    await bench.table.close(1.0)
    await bench.table.beat()
    bench.table.tell_lag(12)
    assert not await client.exists(bench.store.keys.alive)
    assert b'partition="3"' not in bench.telemetry.text()


async def test_an_idle_table_finds_out_that_redis_was_rolled_back(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.take(30)
    old: dict[bytes, Any] = {key: await client.dump(key) async for key in client.scan_iter()}
    await bench.take(30)
    await client.flushdb()
    for key, data in old.items():
        await client.restore(key, 0, data)
    await bench.table.beat()
    assert (bench.table.state, bench.log.next) == ("open", 30), "nothing has come to be committed"
    assert bench.metric("crm_fenced_total") == 1
    await bench.run()
    assert await bench.is_exact()


async def test_an_idle_table_finds_out_that_redis_was_emptied(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.take(30)
    bench.log.group = 30
    await client.flushdb()
    async with under_way(bench.table.beat()):
        await is_held(bench, "emptied")
        bench.log.group = None
    await bench.run()
    assert await bench.is_exact()


async def test_an_idle_table_finds_out_that_redis_is_gone(client: Redis) -> None:
    bench = await a_bench(client).opened()
    failing: list[Exception] = [RedisConnectionError("refused")] * 2
    before(bench.store, "beat", lambda: fail_with(failing))
    before(bench.store, "position", lambda: fail_with(failing))
    await bench.table.beat()
    assert bench.errors() == {"ConnectionError": 2}, "at the beat, and when it opened"
    assert bench.table.state == "open"
    await bench.run()
    assert await bench.is_exact()


def fail_with(errors: list[Exception]) -> None:
    if errors:
        raise errors.pop()


async def test_a_beat_beside_a_commit_takes_our_own_commit_for_no_trouble(client: Redis) -> None:
    """The beat's answer is older, or newer, than what the table knows meanwhile."""
    bench = await a_bench(client).opened()
    epoch = bench.table.epoch
    after(bench.store, "beat", lambda *_: bench.take(10))  # an answer from before the commit
    await bench.table.beat()
    beats: list[asyncio.Task[None]] = []

    async def beat(*_: Any) -> None:
        beats.append(asyncio.create_task(bench.table.beat()))
        await asyncio.sleep(0.05)

    assert bench.commits == [10]
    bench.store.beat = type(bench.store).beat.__get__(bench.store)  # type: ignore[method-assign]
    after(bench.store, "commit", beat)  # an answer from behind the commit, before the table has heard of it
    await bench.take(10)
    await asyncio.gather(*beats)
    assert (bench.commits, bench.table.epoch) == ([10, 20], epoch)
    assert bench.metric("crm_fenced_total") == 0
    await bench.run()
    assert await bench.is_exact()


async def test_a_beat_does_not_wait_for_the_batch_in_hand(client: Redis) -> None:
    """A batch may wait for Kafka's acknowledgement of a dead letter, and has an owner all the while."""
    bench, go_on = await a_bench(client).opened(), asyncio.Event()
    before(bench.store, "commit", lambda *_: go_on.wait())
    async with under_way(bench.take(10)):
        await bench.table.beat()
        assert await client.exists(bench.store.keys.alive)
        go_on.set()
    await bench.run()
    assert await bench.is_exact()


# -- The lag ----------------------------------------------------------------------------------------------


def lag(bench: Bench) -> float | None:
    return bench.telemetry.registry.get_sample_value("crm_partition_lag_records", {"partition": "3"})


async def test_the_lag_counts_from_what_is_committed_to_what_may_be_read(client: Redis) -> None:
    bench = a_bench(client)
    bench.table.tell_lag(100)
    assert lag(bench) is None, "nobody knows yet where it stands"
    await bench.opened()
    bench.table.tell_lag(100)
    assert lag(bench) == 100
    await bench.take(30)
    bench.table.tell_lag(100)
    assert lag(bench) == 70
    bench.table.tell_lag(29)  # Kafka was asked before the commit
    assert lag(bench) == 0
    bench.table.tell_lag(None)
    assert lag(bench) is None


async def test_the_lag_of_a_held_partition_grows(client: Redis) -> None:
    bench = await a_bench(client).opened()
    await bench.take(30)
    await bench.table.close(1.0)
    await client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        again = a_bench(client)
        async with under_way(again.table.open()):
            await is_held(again, "eviction")
            again.table.tell_lag(50)
            assert lag(again) == 20
            again.table.tell_lag(90)
            assert lag(again) == 60
            again.table.tell_lag(10)
            assert lag(again) is None, "it ends before us: another log"
            await client.config_set("maxmemory-policy", "noeviction")
    finally:
        await client.config_set("maxmemory-policy", "noeviction")


# -- Windows that end at the wall clock -------------------------------------------------------------------


# -- What is applied and not committed yet ----------------------------------------------------------------


async def test_what_is_applied_is_committed_before_it_opens_where_the_log_begins(client: Redis) -> None:
    """Retention has passed the next offset to be fetched, not what is in hand."""
    log = MemoryLog(history(60))
    bench = await a_bench(client, log, **NEVER_BY_ITSELF).opened()
    await bench.take(40)
    assert bench.commits == []
    log.earliest = 50
    await bench.table.reopen()
    assert bench.commits == [40]
    assert bench.metric("crm_records_lost_total", partition="3") == 10
    await bench.run()
    counted = [one for one in log.records if not 40 <= one.offset < 50]
    assert await bench.is_exact(counted)


async def test_a_table_that_is_held_ends_at_once(
    client: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(table_module, "HELD_RETRY_S", 3_600.0)
    await client.config_set("maxmemory-policy", "allkeys-lru")
    bench = a_bench(client)
    try:
        async with under_way(bench.table.open()) as opening:
            await is_held(bench, "eviction")
            async with asyncio.timeout(10):
                await bench.table.close(3_600.0)
                await opening
    finally:
        await client.config_set("maxmemory-policy", "noeviction")
    assert "closed without its last commit" not in caplog.text
