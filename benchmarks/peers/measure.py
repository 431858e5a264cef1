"""One contestant's run, measured from outside: the same for all of them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from benchmarks.peers.marks import Sums
from benchmarks.site import cpu_s, peak_bytes
from streams.embedded import processes
from tests.servers import KafkaServer

START_S: Final = 60.0
WORK_S: Final = 900.0
SUMS_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """The topic, with so many events, and a directory where everybody may write."""

    kafka: KafkaServer
    topic: str
    events: int
    directory: Path


class Progress(Protocol):
    """How far a contestant is."""

    def started(self) -> bool:
        """Whether it has begun with its first event."""

    def finished(self) -> bool:
        """Whether it is done with its last event."""

    def ready(self) -> bool:
        """Whether its sums can be read."""

    def sums(self) -> Sums:
        """What it arrived at."""


@dataclass(frozen=True, slots=True)
class Figures:
    """`work_s` is from the first event to the last; CPU seconds are of that time."""

    start_s: float
    work_s: float
    cpu_s: float
    servers_cpu_s: float
    peak_bytes: int


def measure(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    site: Site,
    progress: Progress,
    servers: Sequence[int],
) -> tuple[Figures, Sums]:
    """Run it to its last event; StartError when it dies or stalls. `servers`: ids of Kafka and Redis."""
    began = _Moment.now(())
    child = processes.start(name, command, site.directory, environment)
    try:
        child.wait_until(progress.started, START_S)
        first = _Moment.now((child.pid, *servers))
        child.wait_until(progress.finished, WORK_S)
        last = _Moment.now((child.pid, *servers))
        child.wait_until(progress.ready, SUMS_S)
        sums, peak = progress.sums(), peak_bytes(child.pid)
    finally:
        child.stop()
    own, *of_servers = (after - before for before, after in zip(first.cpu_s, last.cpu_s, strict=True))
    figures = Figures(first.at_s - began.at_s, last.at_s - first.at_s, own, sum(of_servers), peak)
    return figures, sums


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time, and the CPU seconds that each process had used until then."""

    at_s: float
    cpu_s: tuple[float, ...]

    @classmethod
    def now(cls, pids: Sequence[int]) -> Self:
        return cls(time.monotonic(), tuple(cpu_s(pid) for pid in pids))
