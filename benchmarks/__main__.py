"""`python -m benchmarks`: measures what is asked for, prints it, and keeps it in RESULTS.md."""

import gc
import shlex
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import pytest
import typer
from rich.console import Console

from benchmarks import board, customers, engine, imports, intake, latency, readings, report, throughput
from benchmarks.company import FOUNDING, SHAPES, Company
from benchmarks.results import Section, save
from benchmarks.sampled import read_samples
from benchmarks.sampler import Samples
from benchmarks.site import Site, site
from benchmarks.throughput import Run
from streams.clock import clock_ms

out = Console(soft_wrap=True)


class Benchmark(StrEnum):
    """What can be measured."""

    ENGINE = "engine"
    READINGS = "readings"
    THROUGHPUT = "throughput"
    SPLIT = "split"
    LATENCY = "latency"
    CUSTOMERS = "customers"
    INTAKE = "intake"
    IMPORTS = "imports"
    BOARD = "board"


ALL: Final[list[Benchmark]] = [one for one in Benchmark if one is not Benchmark.BOARD]
"""By default; an hour of the board is asked for by name."""

ALONE: Final = frozenset({Benchmark.ENGINE, Benchmark.READINGS})
"""What needs neither Kafka nor Redis."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    events: int
    seconds: int
    per_s: int
    customers: int
    minutes: float
    pages: int
    rows: int


def main(
    only: Annotated[list[Benchmark], typer.Argument(help="All but `board` by default.")] = ALL,
    events: Annotated[int, typer.Option(min=1_000, help="Of each shape, for throughput.")] = 400_000,
    seconds: Annotated[int, typer.Option(min=1, help="For latency and intake.")] = 30,
    rate: Annotated[int, typer.Option(min=1, help="Events a second, for latency, intake and board.")] = 1_000,
    of_customers: Annotated[int, typer.Option("--customers", min=1, help="For their memory.")] = 1_000_000,
    minutes: Annotated[float, typer.Option(min=1, help="Of the board.")] = 60,
    pages: Annotated[int, typer.Option(min=1, help="Open pages of the board.")] = 10,
    rows: Annotated[int, typer.Option(min=1_000, help="Of the file that is imported.")] = 1_000_000,
    keep: Annotated[bool, typer.Option(help="Write RESULTS.md, or only print.")] = True,
) -> None:
    """One worker, a board and webhooks on a real Kafka and a real Redis: speed, CPU, latency and memory."""
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    sizes = Sizes(events, seconds, rate, of_customers, minutes, pages, rows)
    needs_servers = not set(only) <= ALONE
    try:
        with site() if needs_servers else nullcontext() as there:
            servers = there.versions() if there else ""
            for section in _sections(only, sizes, there):
                out.print(section.markdown(), markup=False, highlight=False)
                if keep:
                    save(section, command, servers)
    except pytest.skip.Exception as missing:  # tests/servers.py says so what is not installed
        out.print(f"[bold red]bench:[/] {missing}")
        raise typer.Exit(1) from None


def _sections(only: list[Benchmark], sizes: Sizes, there: Site | None) -> Iterator[Section]:
    if Benchmark.ENGINE in only:
        yield report.engine_section(engine.measure(engine.EVENTS))
    if Benchmark.READINGS in only:
        yield report.readings_section(readings.measure())
    if there is None:
        return
    if Benchmark.THROUGHPUT in only or Benchmark.SPLIT in only:
        yield from _runs(only, sizes.events, there)
    if Benchmark.LATENCY in only:
        yield report.latency_section(latency.measure(there, sizes.seconds, sizes.per_s), sizes.per_s)
    if Benchmark.CUSTOMERS in only:
        yield report.customers_section(customers.measure(there, sizes.customers))
    if Benchmark.INTAKE in only:
        yield report.intake_section(intake.measure(there, sizes.seconds, sizes.per_s))
    if Benchmark.IMPORTS in only:
        yield report.imports_section(imports.measure(there, sizes.rows))
    if Benchmark.BOARD in only:
        yield report.board_section(board.measure(there, sizes.minutes, sizes.pages, sizes.per_s))


def _runs(only: list[Benchmark], events: int, there: Site) -> Iterator[Section]:
    company = Company(FOUNDING + events, clock_ms())
    gc.freeze()  # else our own collector looks through all of it, again and again
    if Benchmark.THROUGHPUT in only:
        runs: dict[str, Run] = {
            shape: throughput.measure(there, shape, company.lines(shape), founding=FOUNDING)
            for shape in SHAPES
        }
        yield report.throughput_section(runs)
    if Benchmark.SPLIT in only:
        samples = there.directory / "samples.json"
        command = (sys.executable, "-m", "benchmarks.sampled", str(samples))
        split: dict[str, tuple[Run, Samples]] = {}
        for shape in SHAPES:
            lines = company.lines(shape)[: FOUNDING + events // 2]
            run = throughput.measure(there, f"{shape}-split", lines, command, founding=FOUNDING, verify=False)
            split[shape] = run, read_samples(samples)
        yield report.split_section(split)


if __name__ == "__main__":
    typer.run(main)
