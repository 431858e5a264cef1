"""Boards without a Redis, partitions that are written as a worker would write them, and waiting for both."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from redis.asyncio import Redis

from streams.engine.facts import NEVER
from streams.engine.panes import KEEP_MS
from streams.engine.plan import Plan
from streams.naming import NEWEST_MS
from streams.serve.board import Board, Shown
from streams.serve.http.app import make_app
from streams.serve.view import View
from streams.state import Changes, Outcome, PartitionStore, Position, connect
from tests.builders import Event, Ledger, ms, shipped

NAMESPACE = "test"
NOW_MS = ms("18:00")  # the wall clock of these tests; their events happen before it


def clock() -> int:
    return NOW_MS


def board_on(client: Redis, **given: Any) -> Board:
    given = {"plan": shipped(), "ends_at": "wall", "now_ms": clock, **given}
    return Board(client=client, namespace=NAMESPACE, **given)


class StillBoard(Board):
    """A board that shows what it was given, and needs no Redis."""

    def __init__(self, shown: Shown, troubles: Sequence[str] = (), plan: Plan | None = None) -> None:
        client = connect("redis://127.0.0.1:1")
        super().__init__(plan or shipped(), client, NAMESPACE, ends_at="wall", now_ms=clock)
        self._shown, self._troubles = shown, list(troubles)

    def shown(self) -> Shown:
        return self._shown

    def troubles(self, *, in_detail: bool = True) -> list[str]:
        return self._troubles


def showing(*events: Event, plan: Plan | None = None, **given: Any) -> Shown:
    """What is shown after these events."""
    ledger = Ledger(plan).take(*events)
    return Shown(NOW_MS, ledger.readings(NOW_MS), newest_ms=ledger.newest_ms, **given)


def web(board: Board, **given: Any) -> TestClient[Any, Any]:
    """To be entered (`async with`)."""
    return TestClient(TestServer(make_app(board, **given)))


def samples(text: str) -> dict[str, list[Sample]]:
    """Family -> samples of a scrape, checked as Prometheus would: every series once, and nothing is NaN."""
    families = {family.name: family.samples for family in text_string_to_metric_families(text)}
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    assert not re.search(r" (NaN|[+-]Inf)$", text, re.MULTILINE)
    return families


def sample(text: str, name: str, **labels: str) -> float | None:
    """The one series with these labels among others; None when there is none."""
    found = [one.value for one in samples(text)[name] if labels.items() <= one.labels.items()]
    assert len(found) < 2, found
    return found[0] if found else None


def sums_of(view: View, tier: str, start_ms: int, end_ms: int) -> dict[str, int]:
    """The cells of a window that are not 0."""
    numbers = view.window(tier, start_ms, end_ms)
    return exact({cell: numbers[view.key(cell)] for cell in (*view.cells(), "never seen")})


def exact(sums: Mapping[str, int]) -> dict[str, int]:
    """Without those that are 0; all of them Python's integers."""
    assert all(type(number) is int for number in sums.values())
    return {cell: number for cell, number in sums.items() if number}


@dataclass(slots=True)
class Writer:
    """Writes a partition as its worker would: the state of a ledger, through the store."""

    store: PartitionStore
    position: Position
    ledger: Ledger = field(default_factory=Ledger)

    @classmethod
    async def of(
        cls, client: Redis, partition: int = 0, *, partitions: int = 1, fingerprint: str = ""
    ) -> "Writer":
        store = PartitionStore(
            client,
            NAMESPACE,
            partition,
            fingerprint=fingerprint or shipped().fingerprint,
            tiers=KEEP_MS,
            wall=False,
        )
        position = await store.claim(0, {"partitions": str(partitions)})
        await store.beat()
        return cls(store, position)

    async def take(self, *events: Event, record_ms: int = NOW_MS) -> None:
        """Apply events and commit all that the ledger now says, and that what it says no more is gone."""
        panes, running, waiting = self.ledger.panes, self.ledger.running, self.ledger.waiting
        before = ({pane: set(cells) for pane, cells in panes.items()}, set(running), _ids(waiting))
        self.ledger.take(*events)
        await self.commit(self._changes(*before, record_ms))

    async def commit(self, changes: Changes) -> None:
        to = self.position.at(self.position.offset + 1)
        outcome = await self.store.commit(
            self.position, to, changes, NEVER
        )  # which no pane has left its tier by
        assert outcome is Outcome.COMMITTED
        self.position = to

    def _changes(
        self,
        panes: Mapping[tuple[str, int], set[str]],
        totals: set[str],
        waiting: Mapping[str, set[str]],
        record_ms: int,
    ) -> Changes:
        ledger = self.ledger
        empty: dict[str, int] = {}
        return Changes(
            panes={
                pane: {**dict.fromkeys(panes.get(pane, ()), 0), **ledger.panes.get(pane, empty)}
                for pane in panes.keys() | ledger.panes.keys()
            },
            totals={**dict.fromkeys(totals, 0), **ledger.running, NEWEST_MS: ledger.newest_ms},
            waiting={
                measure: {**dict.fromkeys(waiting.get(measure, ())), **since}
                for measure, since in ledger.waiting.items()
            },
            record_ms=record_ms,
        )


def _ids(waiting: Mapping[str, Mapping[str, int]]) -> dict[str, set[str]]:
    return {measure: set(since) for measure, since in waiting.items()}


async def until(holds: Callable[[], bool], timeout_s: float = 10) -> None:
    """Wait until something holds; TimeoutError if it does not."""
    async with asyncio.timeout(timeout_s):
        while not holds():
            await asyncio.sleep(0.02)


def value(shown: Shown, kpi: str, window: str, **where: str) -> float | None:
    """The value of the one reading of the whole (or of `where`) that fits; None when there is none."""
    wanted = {"kpi": kpi, "window": window, "dimension": "all", "member": "all", **where}
    found = [
        reading.value
        for reading in shown.readings
        if wanted.items() <= {**reading.labels, **msgspec.structs.asdict(reading), "labels": None}.items()
    ]
    assert len(found) < 2, found
    return found[0] if found else None
