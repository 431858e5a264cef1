"""CPU of the board's rounds, without Kafka, Redis and HTTP: from changes of panes to the text of the gauges.

    1. Tables in memory (engine.py) count a company's history, and tell a view.
    2. The company goes on, 1,000 events a second: the changes of 200 ms come, then all readings are computed.
    3. Then no event comes, but time goes on.

A step's time is the thread's CPU, so that neighbours on the machine do little to it.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Final, Literal, get_args

from benchmarks.company import LIVE_PER_S, PARTITIONS, Company, Line, as_fetched
from benchmarks.engine import UNTIL_MS, MemoryTable, Split
from streams.engine.engine import Engine
from streams.engine.kpis.guardrails import breaches
from streams.engine.kpis.readings import Reading
from streams.engine.plan import read_plan
from streams.serve.board import Shown
from streams.serve.gauges import Exposition
from streams.serve.view import View
from streams.settings import Settings
from streams.state import PaneChanges, Snapshot

HISTORY: Final = 60_000
ROUNDS: Final = 20
ROUND_MS: Final = 200
_NOTHING: Final = Snapshot(None, "0-0", {}, {}, {})

Step = Literal["changes", "readings", "guardrails", "gauges"]
STEPS: Final[Sequence[Step]] = get_args(Step)


@dataclass(slots=True)
class Rounds:
    """What rounds of one kind took."""

    events: int
    """Of one round."""
    readings: int = 0
    computed: int = 0
    """Readings that were not as before, in the last round."""
    seconds: dict[Step, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})
    """CPU of each round."""

    @contextmanager
    def step(self, name: Step) -> Iterator[None]:
        started_s = time.thread_time()
        yield
        self.seconds[name].append(time.thread_time() - started_s)

    def ms(self, step: Step) -> float:
        """Of a round, the median."""
        return 1000 * median(self.seconds[step])


class _Board:
    """What the board does with changes."""

    def __init__(self) -> None:
        self.plan = read_plan(*Settings().catalog_text())
        self.view = View()
        for partition in range(PARTITIONS):
            self.view.load(partition, _NOTHING)
        self.told: list[Callable[[], None]] = []
        """What was told since the last round."""
        self._shown = Shown()
        self._exposition = Exposition(self.plan, lambda: self._shown)

    def tell(self, partition: int, changes: PaneChanges) -> None:
        self.told.append(partial(self.view.apply, partition, changes))

    def round(self, now_ms: int, rounds: Rounds) -> None:
        with rounds.step("changes"):
            for apply in self.told:
                apply()
        self.told.clear()
        with rounds.step("readings"):
            found = self.view.readings(self.plan, now_ms, ahead=True, folds=True)
        with rounds.step("guardrails"):
            compared = breaches(self.plan, found)
        before: set[int] = set(map(id, self._shown.readings))
        rounds.readings, rounds.computed = len(found), _new(found, before)
        self._shown = Shown(now_ms, found, breaches=compared)
        with rounds.step("gauges"):
            self._exposition.text()


def _new(readings: Sequence[Reading], before: set[int]) -> int:
    """Those that were not there before; both are alive, so that no two have one id."""
    return sum(id(one) not in before for one in readings)


def measure(rounds: int = ROUNDS, history: int = HISTORY) -> dict[str, Rounds]:
    """Rounds in which events come, and rounds in which none does."""
    per_round = LIVE_PER_S * ROUND_MS // 1000
    company = Company(history + rounds * per_round, UNTIL_MS)
    board = _Board()
    engine = Engine(board.plan, sweeps=True)
    tables = [MemoryTable(engine, UNTIL_MS, partial(board.tell, number)) for number in range(PARTITIONS)]
    _count(tables, company.lines("history")[: -rounds * per_round])
    board.round(UNTIL_MS, Rounds(0))  # all of it for the first time
    lines = company.continued(rounds * per_round, UNTIL_MS, LIVE_PER_S)
    gc.collect()
    found = {"events come": Rounds(per_round), "none comes": Rounds(0)}
    for number in range(rounds):
        _count(tables, lines[number * per_round : (number + 1) * per_round])
        board.round(UNTIL_MS + (number + 1) * ROUND_MS, found["events come"])
    for number in range(rounds):
        board.round(UNTIL_MS + (rounds + number + 1) * ROUND_MS, found["none comes"])
    return found


def _count(tables: Sequence[MemoryTable], lines: Sequence[Line]) -> None:
    for table, records in zip(tables, as_fetched(lines), strict=True):
        table.count(records, Split())
