"""Rows that nothing needs any more are forgotten; what comes for them afterwards is refused. About 3 s."""

import time
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from redis.asyncio import Redis

from streams.naming import COUNTER, ROW_SHARDS, row_shard
from streams.worker import pace as pace_module
from streams.worker import sweeper as sweeper_module
from streams.worker.sweeper import Sweeper
from tests.builders import (
    Event,
    customer_activated,
    days,
    deal_won,
    lead_contacted,
    lead_converted,
    lead_created,
    record,
    shipped,
    ticket_created,
    ticket_resolved,
)
from tests.services.recount import stored
from tests.worker.builders import Bench, MemoryLog, a_bench, after, engine

THEN = time.time_ns() // 1_000_000 - days(1)  # panes of this time expire in Redis by its own clock, not now
LATER = THEN + days(802)  # a lead is remembered for 800 days
SWEPT_KINDS = [kind for kind, plan in shipped().subjects.items() if plan.keep_ms is not None]
SLICES = len(SWEPT_KINDS) * ROW_SHARDS

EVENTS = [
    lead_created("answered", at=THEN),
    lead_contacted("answered", at=THEN + 60_000),
    lead_created("waiting", at=THEN),
    deal_won("won", at=THEN),
    ticket_created("resolved", at=THEN),
    ticket_resolved("resolved", at=THEN + 60_000),
    ticket_created("open", at=THEN),
    customer_activated("customer-1", at=THEN),
]
NEEDED = {("lead", "waiting"), ("ticket", "open"), ("customer", "customer-1")}
FORGOTTEN = {("lead", "answered"), ("deal", "won"), ("ticket", "resolved")}


@pytest.fixture(autouse=True)
def _each_commit_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper_module, "EVERY_S", 0.0)
    monkeypatch.setattr(pace_module, "MIN_COMMIT_S", 0.0)


@dataclass(slots=True)
class Company:
    """A table whose windows end at a clock that stands at `now_ms`."""

    client: Redis
    now_ms: int = THEN + days(1)
    log: MemoryLog = field(default_factory=lambda: MemoryLog([]))
    bench: Bench = field(init=False)

    async def opened(self) -> Self:
        self.bench = a_bench(self.client, self.log, now_ms=lambda: self.now_ms, ends_at="wall")
        await self.bench.table.open()
        return self

    async def take(self, *events: Event) -> None:
        """Commit these events, as published now; without any, an empty batch."""
        new = [record(event, at=self.now_ms, offset=self.log.end + at) for at, event in enumerate(events)]
        self.log.records = [*self.log.records, *new]
        self.log.end += max(1, len(new))
        await self.bench.take()

    async def sweep(self, commits: int = SLICES) -> None:
        """Each commit sweeps a slice; the log's time goes on by a repeated event, which changes nothing."""
        for _ in range(commits):
            await self.take(EVENTS[-1])

    async def rows(self) -> set[tuple[str, str]]:
        return set((await stored(self.client, self.bench.store, engine())).rows)


@pytest.fixture
async def company(client: Redis) -> Company:
    """It has taken `EVENTS`."""
    company = await Company(client).opened()
    await company.take(*EVENTS)
    return company


async def test_nothing_is_forgotten_before_its_keep(company: Company) -> None:
    company.now_ms = THEN + days(799)
    await company.sweep()
    assert await company.rows() == NEEDED | FORGOTTEN


async def test_rows_that_count_or_are_kept_for_ever_stay_and_the_others_go(company: Company) -> None:
    company.now_ms = LATER
    await company.sweep()
    assert await company.rows() == NEEDED


async def test_what_is_still_counted_does_not_change_when_rows_go(company: Company) -> None:
    before = await stored(company.client, company.bench.store, engine())
    company.now_ms = LATER
    await company.sweep()
    now = await stored(company.client, company.bench.store, engine())
    assert (levels(now.totals), now.waiting) == (levels(before.totals), before.waiting)
    assert now.waiting["leads_waiting"] and now.waiting["tickets_open"]


def levels(totals: dict[str, int]) -> dict[str, int]:
    return {cell: value for cell, value in totals.items() if not cell.startswith(COUNTER)}


async def test_panes_that_have_left_their_tier_go(company: Company) -> None:
    company.now_ms = LATER
    await company.take()
    assert (await stored(company.client, company.bench.store, engine())).panes == {}
    assert await company.bench.store.panes_before(LATER) == []


async def test_a_row_that_is_changed_in_the_same_commit_stays(company: Company) -> None:
    company.now_ms = LATER
    place = SWEPT_KINDS.index("lead") * ROW_SHARDS + row_shard("answered")
    await company.sweep((place - len(company.bench.commits)) % SLICES)
    seen: list[str] = []
    after(company.bench.store, "scan_rows", lambda found, *_: seen.extend(id_ for id_, _ in found[1]))
    await company.take(lead_converted("answered", at=LATER))
    assert "answered" in seen, "the sweeper was to look at that row in this commit"
    assert ("lead", "answered") in await company.rows()
    await company.sweep()
    assert ("lead", "answered") in await company.rows()


async def test_an_event_for_a_forgotten_row_is_too_late_and_one_for_a_kept_row_is_not(
    company: Company,
) -> None:
    company.now_ms = LATER
    await company.sweep()
    await company.take(
        lead_contacted("answered", at=THEN + 120_000),
        lead_contacted("waiting", at=THEN + 120_000),
        lead_created("new", at=LATER),
    )
    refused = [(reject.reason, reject.record.offset) for _, reject in company.bench.letters.written]
    assert refused == [("too_late", company.log.end - 3)]
    assert await company.rows() == (NEEDED | {("lead", "new")})
    state = await stored(company.client, company.bench.store, engine())
    assert set(state.waiting["leads_waiting"]) == {"new"}
    assert state.totals["!rejects.too_late"] == 1


async def test_where_windows_end_at_events_nothing_is_forgotten(client: Redis) -> None:
    log = MemoryLog([record(event, at=LATER, offset=at) for at, event in enumerate(EVENTS)])
    bench = await a_bench(client, log, now_ms=lambda: LATER).opened()
    await bench.run()
    for _ in range(SLICES):
        log.end += 1
        await bench.take()
    assert set((await stored(client, bench.store, engine())).rows) == NEEDED | FORGOTTEN


async def test_a_slice_is_looked_at_no_more_often_than_every_second(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper_module, "EVERY_S", 3_600.0)
    slices: list[Any] = []
    after(company.bench.store, "scan_rows", lambda found, *_: slices.append(found))
    sweeper = Sweeper(company.bench.store, engine(sweeps=True))
    for _ in range(3):
        await sweeper.expired(LATER)
    assert len(slices) == 1


async def test_a_large_shard_is_swept_over_several_slices(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper_module, "SLICE_ROWS", 10)
    company = await Company(client).opened()
    ids = [f"lead-{number}" for number in range(20_000) if row_shard(f"lead-{number}") == 5][:700]
    await company.take(*(lead_created(id_, at=THEN, origin="outbound") for id_ in ids))
    sweeper, found = Sweeper(company.bench.store, engine(sweeps=True)), []
    for _ in range(SLICES + len(ids)):
        found += await sweeper.expired(LATER)
    assert {id_ for _, id_ in found} == set(ids)
