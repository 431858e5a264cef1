"""The benchmarks' figures as sections of RESULTS.md, held against what the software must do."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks import board
from benchmarks.customers import Figures
from benchmarks.engine import Split
from benchmarks.imports import Run as Import
from benchmarks.intake import Requests
from benchmarks.latency import Latencies, Stage
from benchmarks.readings import STEPS, Rounds
from benchmarks.results import Section
from benchmarks.sampler import REST, Samples
from benchmarks.throughput import Run

MB: Final = 1_000_000
TOP: Final = 12


@dataclass(frozen=True, slots=True)
class Budget:
    """What a figure must be, and what it would better be; one core's worker, two cores for everything."""

    what: str
    must: float
    aim: float | None = None
    at_least: bool = False

    def __str__(self) -> str:
        aim = "" if self.aim is None else f" (aim {self.aim:,.0f})"
        return f"{'>=' if self.at_least else '<='} {self.must:,.0f}{aim}"

    def missed(self, measured: Mapping[str, float]) -> Iterable[str]:
        """A sentence for each case in which a figure falls short."""
        for case, value in measured.items():
            if value < self.must if self.at_least else value > self.must:
                yield f"**Short of the budget** ({case}): {self.what} is {value:,.1f}, and must be {self}."


EVENTS_PER_S: Final = Budget("events/s", 60_000, 100_000, at_least=True)
WORKER_CPU_US: Final = Budget("worker CPU, us/event", 15, 8)
LATENCY_MS: Final = Budget("event to gauge, p99, ms", 1_000, 300)
PAGE_MS: Final = Budget("event to an open page, p99, ms", 2_000)
PAINT_MS: Final = Budget("first paint, ms", 1_000)
REQUESTS_PER_S: Final = Budget("requests/s", 1_000, at_least=True)
IMPORT_ROWS_PER_S: Final = Budget("rows/s to NDJSON", 100_000, at_least=True)
IMPORT_EVENTS_PER_S: Final = Budget("events/s into Kafka", 40_000, at_least=True)
WORKER_MB: Final = Budget("worker's memory, peak, MB", 300)


# -- Throughput -------------------------------------------------------------------------------------------


def throughput_section(runs: Mapping[str, Run]) -> Section:
    """Speed, CPU, outcomes and Redis' bytes of the shapes."""
    rows = [["", *runs, "budget"]]

    def add(what: str, figure: Callable[[Run], str], budget: object = "") -> None:
        rows.append([what, *(figure(run) for run in runs.values()), str(budget)])

    add("events", lambda run: f"{run.last.committed:,}")
    add("events/s, first to last commit", lambda run: f"{run.events_per_s:,.0f}", EVENTS_PER_S)
    add("events/s, from the process's start", lambda run: f"{run.events_per_s_from_start:,.0f}")
    add("worker CPU, us/event", lambda run: f"{run.cpu_us('worker'):.1f}", WORKER_CPU_US)
    add("Redis CPU, us/event", lambda run: f"{run.cpu_us('redis'):.1f}")
    add("Kafka CPU, us/event", lambda run: f"{run.cpu_us('kafka'):.1f}")
    add("cores that others took meanwhile", lambda run: f"{run.others_share:.2f}")
    add("commits", lambda run: f"{run.commits:,}")
    add("events per commit", lambda run: f"{run.last.committed / run.commits:,.0f}")
    add("ms per commit, waiting included", lambda run: f"{run.commit_s / run.commits * 1000:.1f}")
    for outcome in sorted({outcome for run in runs.values() for outcome in run.outcomes}):
        add(f"{outcome}, % of events", lambda run, of=outcome: f"{_percent(run, of):.1f}")  # type: ignore[misc]
    add("rows in Redis", lambda run: f"{run.stored.rows:,}")
    add("Redis bytes per row", lambda run: f"{run.stored.row_bytes / run.stored.rows:.0f}")
    add("cells of panes in Redis", lambda run: f"{run.stored.cells:,}")
    add("Redis bytes per cell", lambda run: f"{run.stored.cell_bytes / run.stored.cells:.0f}")
    add("worker's memory, peak, MB", lambda run: f"{run.worker_bytes / MB:.0f}", WORKER_MB)
    add("state equals a recount", lambda run: "no" if run.differences else "yes")
    notes = [
        *EVENTS_PER_S.missed({shape: run.events_per_s for shape, run in runs.items()}),
        *WORKER_CPU_US.missed({shape: run.cpu_us("worker") for shape, run in runs.items()}),
        *WORKER_MB.missed({shape: run.worker_bytes / MB for shape, run in runs.items()}),
        *(f"{shape}: {words}" for shape, run in runs.items() for words in run.differences),
    ]
    return Section("throughput", "Throughput of one worker", rows, notes)


def _percent(run: Run, outcome: str) -> float:
    return 100 * run.outcomes.get(outcome, 0) / run.last.committed


# -- Where the CPU goes -----------------------------------------------------------------------------------


def split_section(runs: Mapping[str, tuple[Run, Samples]]) -> Section:
    """The worker's CPU per event, by what it was doing."""
    us = {shape: run.cpu_us("worker") for shape, (run, _) in runs.items()}
    shares = {shape: samples.shares() for shape, (_, samples) in runs.items()}
    parts = list(dict.fromkeys(part for of_shape in shares.values() for part in of_shape if part != REST))
    rows = [["us/event", *runs]]
    for part in [*parts, REST]:
        rows.append([part, *(f"{us[shape] * shares[shape].get(part, 0.0):.2f}" for shape in runs)])
    rows.append(["sum", *(f"{us[shape]:.2f}" for shape in runs)])
    notes = [
        f"{shape}: {samples.taken:,} samples; most time in {_top(samples)}"
        for shape, (_, samples) in runs.items()
    ]
    return Section("split", "What the worker's CPU does", rows, notes)


def _top(samples: Samples) -> str:
    return ", ".join(f"`{share.function}` {share.itself:.1%}" for share in samples.top(TOP))


def engine_section(splits: Mapping[str, Split]) -> Section:
    """The steps between a fetch and a commit, without Kafka and Redis."""
    per_event = {shape: split.per_event_us() for shape, split in splits.items()}
    rows = [["us/event", *splits]]
    for step in next(iter(per_event.values())):
        rows.append([step, *(f"{steps[step]:.2f}" for steps in per_event.values())])
    rows.append(["sum", *(f"{sum(steps.values()):.2f}" for steps in per_event.values())])
    counted: Sequence[tuple[str, Callable[[Split], int]]] = (
        ("rows written per event", lambda split: split.rows_written),
        ("cells written per event", lambda split: split.cells_written),
        ("bytes packed per event", lambda split: split.bytes_packed),
    )
    for what, number in counted:
        rows.append([what, *(f"{number(split) / split.events:.2f}" for split in splits.values())])
    return Section("engine", "The engine alone", rows)


def readings_section(found: Mapping[str, Rounds]) -> Section:
    """CPU of the board's rounds, step by step."""
    rows = [["ms of CPU a round", *found]]
    for step in STEPS:
        rows.append([step, *(f"{rounds.ms(step):.1f}" for rounds in found.values())])
    rows.append(["events", *(str(rounds.events) for rounds in found.values())])
    rows.append(["readings", *(f"{rounds.readings:,}" for rounds in found.values())])
    rows.append(["of them computed", *(f"{rounds.computed:,}" for rounds in found.values())])
    return Section("readings", "The board's rounds", rows, ["Gauges are written for a scrape."])


# -- Latency, board, customers ---------------------------------------------------------------------------


def latency_section(found: Latencies, per_s: int) -> Section:
    """From publishing to the board."""
    rows = [[f"at {per_s:,} events/s", "p50", "p90", "p99", "max", "budget of p99"]]
    stages: Sequence[tuple[str, Stage, str]] = (
        ("event to commit, ms", "committed", ""),
        ("event to gauge, ms", "shown", str(LATENCY_MS)),
        ("event to an open page, ms", "told", str(PAGE_MS)),
    )
    for what, stage, budget in stages:
        quantiles = [f"{1000 * found.quantile(stage, q):.0f}" for q in (0.5, 0.9, 0.99, 1.0)]
        rows.append([what, *quantiles, budget])
    notes = [
        *LATENCY_MS.missed({"p99": 1000 * found.quantile("shown", 0.99)}),
        *PAGE_MS.missed({"p99": 1000 * found.quantile("told", 0.99)}),
        f"{len(found.seconds['shown'])} probes; an answer of the board took {1000 * found.answer_s:.0f} ms.",
        f"Cores in use: worker {found.worker_share:.2f}, board {found.board_share:.2f}, "
        f"processes that are not ours {found.others_share:.2f}.",
    ]
    return Section("latency", "Latency", rows, notes)


def intake_section(found: Mapping[str, Requests]) -> Section:
    """How fast webhooks are answered, and how many there may be."""
    rows = [["requests of one event", *found, "budget"]]

    def add(what: str, figure: Callable[[Requests], str], budget: object = "") -> None:
        rows.append([what, *(figure(one) for one in found.values()), str(budget)])

    add("requests/s", lambda one: f"{one.per_s:,.0f}", REQUESTS_PER_S)
    for q in (0.5, 0.99, 1.0):
        name = f"p{100 * q:.0f}" if q < 1 else "longest"
        add(f"answer, ms, {name}", lambda one, q=q: f"{one.quantile_ms(q):.1f}")  # type: ignore[misc]
    add("answered with 202", lambda one: f"{one.statuses.get('202', 0):,} of {one.number:,}")
    add("server's CPU, of one core", lambda one: f"{one.server_cpu_s / one.seconds:.2f}")
    add("server's CPU, us/request", lambda one: f"{one.cpu_us:,.0f}")
    add("server's memory, MB", lambda one: f"{one.memory_bytes / MB:.0f}")
    add("cores of load, Kafka and others", lambda one: f"{one.others_share:.2f}")
    most = {case: one.per_s for case, one in list(found.items())[-1:]}
    return Section("intake", "Webhooks", rows, list(REQUESTS_PER_S.missed(most)))


def board_section(found: board.Figures) -> Section:
    """What pages wait for, and the board's memory while they are open."""
    sizes = [size / MB for _, size in found.memory]
    rows = [["", "measured", "budget"]]

    def add(what: str, figure: str, budget: object = "") -> None:
        rows.append([what, figure, str(budget)])

    first = found.paints[0]
    add("tiles, and those with a number", f"{first.tiles}, {first.valued}")
    add("first paint, ms: median, longest", _median([one.painted for one in found.paints]), PAINT_MS)
    add("all tiles filled, ms", _median([one.filled for one in found.paints]))
    add("sparklines drawn, ms", _median([one.drawn for one in found.paints]))
    add("minutes, with so many pages open", f"{found.seconds / 60:.0f}, {found.pages}")
    add("events/s meanwhile", f"{found.per_s:,}")
    add("messages to a page", f"{found.told:,}")
    add("longest silence of a page, s", f"{found.longest_s:.1f}")
    add("scrape, ms: median, longest", _median([1000 * one for one in found.scrapes_s]))
    add("a scrape, MB", f"{found.scrape_bytes / MB:.1f}")
    add("board's CPU, of one core", f"{found.board_share:.2f}")
    add("board's memory, MB: at first, at last, most", f"{sizes[0]:.0f}, {sizes[-1]:.0f}, {max(sizes):.0f}")
    add("its growth in the second half, MB an hour", f"{found.growth_per_hour / MB:+.1f}")
    notes = PAINT_MS.missed({"longest": max(one.painted for one in found.paints)})
    return Section("board", "Board", rows, list(notes))


def _median(numbers: Sequence[float]) -> str:
    return f"{median(numbers):.0f}, {max(numbers):.0f}"


def imports_section(runs: Mapping[str, Import]) -> Section:
    """Speed, CPU and memory of `kpi import`, by where the events go."""
    ndjson, kafka = runs["NDJSON"], runs["Kafka"]
    rows = [["", *runs, "budget"]]

    def add(what: str, figure: Callable[[Import], str], budget: str = "") -> None:
        rows.append([what, *(figure(run) for run in runs.values()), budget])

    add("rows", lambda run: f"{run.rows:,}")
    add("events", lambda run: f"{run.events:,}")
    add("rows/s", lambda run: f"{run.rows_per_s:,.0f}", f"NDJSON {IMPORT_ROWS_PER_S}")
    add("events/s", lambda run: f"{run.events_per_s:,.0f}", f"Kafka {IMPORT_EVENTS_PER_S}")
    add("seconds, from the process's start", lambda run: f"{run.seconds_from_start:.1f}")
    add("CPU, us/event", lambda run: f"{run.cpu_s / run.events * 1e6:.1f}")
    add("memory, peak, MB", lambda run: f"{run.peak_bytes / MB:.0f}")
    missed = [
        *IMPORT_ROWS_PER_S.missed({"NDJSON": ndjson.rows_per_s}),
        *IMPORT_EVENTS_PER_S.missed({"Kafka": kafka.events_per_s}),
    ]
    return Section("imports", "Importing a CSV", rows, missed)


def customers_section(found: Figures) -> Section:
    """Memory, with many customers."""
    worker_mb = found.worker_bytes / MB
    rows = [
        ["", "measured", "budget"],
        ["customers", f"{found.customers:,}", ""],
        ["worker's memory, peak, MB", f"{worker_mb:.0f}", str(WORKER_MB)],
        ["rows in Redis", f"{found.stored.rows:,}", ""],
        ["Redis bytes per row", f"{found.stored.row_bytes / found.stored.rows:.0f}", ""],
        ["rows in Redis, MB", f"{found.stored.row_bytes / MB:.0f}", ""],
        ["seconds, from the process's start", f"{found.seconds:.0f}", ""],
    ]
    case = f"{found.customers:,} customers"
    return Section("customers", "Many customers", rows, list(WORKER_MB.missed({case: worker_mb})))
