"""`python -m benchmarks.engine`: CPU per event without Kafka and Redis, step by step. About a minute.

What the worker's table does between a fetch and a commit, over records that are made beforehand: in chunks of
1,000, five to a commit, with rows kept as bytes in a dict and panes in another. A step's CPU time is
taken around the whole chunk, so that the clock costs nothing, nor do neighbours on the machine.

The company's founding (benchmarks/company.py) is counted first, and not measured.
"""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.company import FOUNDING, SHAPES, Company, as_fetched
from benchmarks.sampler import Sampler, Samples
from streams.engine.engine import Engine
from streams.engine.panes import KEEP_MS, Pane
from streams.engine.plan import read_plan
from streams.engine.work import RowKey, Work
from streams.naming import PartitionKeys, partition_prefix
from streams.settings import Settings
from streams.state.changes import Changes, PaneChanges, pack_private, pack_public
from streams.state.store import LINGER_MS
from streams.worker.app import calm_collector
from streams.worker.pending import PaneCache
from streams.worker.table import CACHED_CELLS, CHUNK_EVENTS

UNTIL_MS: Final = 1_795_305_600_000  # 22 November 2026, midnight UTC; any moment will do
EVENTS: Final = 80_000
COMMIT_CHUNKS: Final = 5
TOP: Final = 25
_STAY_MS: Final = {tier: keep_ms + LINGER_MS[tier] for tier, keep_ms in KEEP_MS.items()}
_KEYS: Final = PartitionKeys(partition_prefix("bench", 0))


@dataclass(slots=True)
class Split:
    """What a shape took."""

    events: int = 0
    rejects: int = 0
    rows_written: int = 0
    cells_written: int = 0
    bytes_packed: int = 0
    steps: dict[str, float] = field(default_factory=dict)
    """Step -> seconds of CPU, in the order in which they come."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.thread_time()
        yield
        self.steps[name] = self.steps.get(name, 0.0) + time.thread_time() - started

    def per_event_us(self) -> dict[str, float]:
        return {step: seconds / self.events * 1e6 for step, seconds in self.steps.items()}


class MemoryTable:
    """One partition's table, without its I/O. `tell` gets what a commit would tell the feed."""

    def __init__(
        self, engine: Engine, now_ms: int, tell: Callable[[PaneChanges], object] = lambda changes: None
    ) -> None:
        self._engine = engine
        self._tell = tell
        self._split = Split()
        self._now_ms = now_ms
        self._rows: dict[RowKey, bytes] = {}
        self._totals: Counter[str] = Counter()
        self._cache = PaneCache(CACHED_CELLS)

    def count(self, records: Sequence[Any], split: Split) -> None:
        """Count the records, and note in `split` what that took."""
        self._split = split
        chunks = _slices(records, CHUNK_EVENTS)
        for first in range(0, len(chunks), COMMIT_CHUNKS):
            self._commit(chunks[first : first + COMMIT_CHUNKS])

    def _commit(self, chunks: Sequence[Sequence[Any]]) -> None:
        """Apply the chunks and make of them what a commit sends."""
        work = self._engine.begin()
        for records in chunks:
            self._merge(records, work)
        self._pack(work)

    def _merge(self, records: Sequence[Any], work: Work) -> None:
        engine, split = self._engine, self._split
        with split.step("decode"):
            events, rejects = engine.decode(records)
        with split.step("keys"):
            keys = work.missing(events)
        loaded = {key: self._rows.get(key) for key in keys}
        with split.step("decode rows"):
            rows = {
                key: None if data is None else engine.decode_row(key[0], data) for key, data in loaded.items()
            }
        with split.step("merge"):
            work.rejects += rejects
            work.merge(events, rows)
            work.receive(records)
        split.events += len(records)
        split.rejects += len(rejects)

    def _pack(self, work: Work) -> None:
        split = self._split
        with split.step("effect"):
            effect = work.effect({tier: self._now_ms - stay_ms for tier, stay_ms in _STAY_MS.items()})
        with split.step("sum panes"):
            panes = self._sums(effect.panes)
            self._totals.update(effect.totals)
            totals = {cell: self._totals[cell] for cell in effect.totals}
        with split.step("pack"):
            leaves_ms = {(tier, start): start + _STAY_MS[tier] for tier, start in panes}
            changes = PaneChanges(panes, totals, ())
            public = pack_public(changes, leaves_ms)
            private = pack_private(Changes(rows=effect.rows, waiting=effect.waiting), _KEYS)
        self._rows.update(effect.rows)
        split.rows_written += len(effect.rows)
        split.cells_written += sum(map(len, panes.values()))
        split.bytes_packed += len(public) + len(private)
        self._tell(changes)

    def _sums(self, differences: Mapping[Pane, Mapping[str, int]]) -> dict[Pane, dict[str, int]]:
        """As the table does, but that what is not cached is 0."""
        missing = self._cache.missing(differences)
        self._cache.put({pane: dict.fromkeys(cells, 0) for pane, cells in missing.items()})
        sums = self._cache.sums(differences)
        self._cache.put(sums)
        return sums


def _slices(records: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [records[first : first + size] for first in range(0, len(records), size)]


def as_profile(title: str, samples: Samples) -> Table:
    """The functions with most self time."""
    table = Table("itself", "within", f"{title}: {samples.taken} samples")
    for share in samples.top(TOP):
        table.add_row(f"{share.itself:.1%}", f"{share.within:.1%}", share.function)
    return table


def measure(
    events: int, founding: int = FOUNDING, profiled: Callable[[str, Samples], None] | None = None
) -> dict[str, Split]:
    """Both shapes, of so many events after the first `founding`; `profiled` is told the samples of each."""
    company = Company(founding + events, UNTIL_MS)
    engine = Engine(read_plan(*Settings().catalog_text()), sweeps=True)
    splits: dict[str, Split] = {}
    for shape in SHAPES:
        lines = company.lines(shape)
        founded, partitions = as_fetched(lines[:founding]), as_fetched(lines[founding:])
        tables = [MemoryTable(engine, UNTIL_MS) for _ in partitions]
        _count(tables, founded, Split())
        gc.collect()
        calm_collector()  # as in a worker
        splits[shape] = Split()
        with Sampler({}) if profiled else nullcontext() as sampler:
            _count(tables, partitions, splits[shape])
        if profiled and sampler:
            profiled(shape, sampler.samples)
    return splits


def _count(tables: Iterable[MemoryTable], partitions: Iterable[Sequence[Any]], split: Split) -> None:
    for table, records in zip(tables, partitions, strict=True):
        table.count(records, split)


def main(
    events: Annotated[int, typer.Option(min=1_000, help="Of each shape.")] = EVENTS,
    profile: Annotated[
        bool, typer.Option("--profile", help="Also the functions with most self time.")
    ] = False,
) -> None:
    """CPU per event of everything between a fetch and a commit."""
    from benchmarks.report import engine_section

    out = Console(soft_wrap=True)
    profiled = (lambda shape, samples: out.print(as_profile(shape, samples))) if profile else None
    splits = measure(events, profiled=profiled)
    out.print(engine_section(splits).markdown(), markup=False, highlight=False)


if __name__ == "__main__":
    typer.run(main)
