"""The comparison as a section of RESULTS.md."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.peers.contestants import Contestant
from benchmarks.peers.measure import Figures
from benchmarks.results import Section
from tests.servers import kafka_libs

_HEAD: Final = (
    *("system", "version", "guarantee", "events/s", "ours is"),
    *("CPU us/event", "of Kafka and Redis", "memory MB", "start s", "sums equal"),
)
BASE: Final = "ours"
_NOTES: Final = (
    "events/s: from the first event to the last one processed; ours to the last one committed.",
    "ours is: how many times as fast ours does the job (the first row).",
    "CPU us/event: of the system's own process, in that time; beside it that of the servers it works with.",
    "sums equal: all numbers of the job, by hour and slice, against a count in SQL of what was published.",
    "What each guarantees and does beside the job: benchmarks/peers/README.md.",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A contestant's run. `wrong` says how it failed, or how its sums differ; empty when all is well."""

    contestant: Contestant
    figures: Figures | None
    wrong: str


def section(rows: Sequence[Row], events: int) -> Section:
    """The table; what went wrong stands below it."""
    base = next((row.figures.work_s for row in rows if row.contestant.slug == BASE and row.figures), None)
    wrong = [f"{row.contestant.slug}: {' '.join(row.wrong.split())[:300]}" for row in rows if row.wrong]
    return Section(
        name="peers",
        title=f"The same job by others, {events:,} events",
        rows=[_HEAD, *(_cells(row, events, base) for row in rows)],
        notes=[*_NOTES, *wrong],
    )


def _cells(row: Row, events: int, base_s: float | None) -> tuple[str, ...]:
    """A line of the table. `base_s`: the seconds that ours took."""
    one, figures = row.contestant, row.figures
    named = (one.name, one.version, one.guarantee)
    if figures is None:
        return (*named, *["-"] * 6, "failed")
    return (
        *named,
        f"{events / figures.work_s:,.0f}",
        f"{figures.work_s / base_s:.1f} x" if base_s else "-",
        f"{figures.cpu_s / events * 1e6:.1f}",
        f"{figures.servers_cpu_s / events * 1e6:.1f}",
        f"{figures.peak_bytes / 1e6:,.0f}",
        f"{figures.start_s:.1f}",
        "no" if row.wrong else "yes",
    )


def versions() -> str:
    """Of what the contestants share."""
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.partition("\n")[0]
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True).stdout.split()[2]
    kafka = next(kafka_libs().glob("kafka_*.jar")).stem.rpartition("-")[2]
    return f"Apache Kafka {kafka}, Redis {redis.removeprefix('v=')}, {java}"
