"""`python -m benchmarks.peers`: runs all contestants, prints the table, and keeps it in RESULTS.md."""

import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.peers import report
from benchmarks.peers.contestants import Contestant, contestants
from benchmarks.peers.expected import difference, expected
from benchmarks.peers.marks import Sums
from benchmarks.peers.measure import Site
from benchmarks.peers.report import Row
from benchmarks.peers.topic import lines, publish
from benchmarks.results import save
from streams.errors import KpiError
from tests.servers import KafkaServer, kafka_libs

TOPIC: Final = "peers.events"
EVENTS: Final = 400_000

out = Console(soft_wrap=True, highlight=False)


class Broker(KafkaServer):
    """A broker as Kafka's own scripts start it: some peers ask more of it than of themselves."""

    jvm = ("-Xms1g", "-Xmx1g", "-server", "-XX:+UseG1GC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")


def main(
    only: Annotated[
        list[str] | None, typer.Argument(help="Names such as ours or faust; then it only prints.")
    ] = None,
    events: Annotated[int, typer.Option(min=1_000, help="How many.")] = EVENTS,
    keep: Annotated[bool, typer.Option(help="Write RESULTS.md, or only print.")] = True,
) -> None:
    """The same job on the same topic, one system after the other, each alone."""
    chosen = [one for one in contestants() if not only or one.slug in only]
    if not chosen:
        raise typer.BadParameter(f"known: {', '.join(one.slug for one in contestants())}")
    missing = dict(_prepared(chosen))
    with _site(events) as (site, wanted):
        rows = [_row(one, missing.get(one.slug), site, wanted) for one in chosen]
    section = report.section(rows, events)
    out.print(section.markdown(), markup=False)
    if keep and not only:
        save(section, shlex.join(["python", "-m", "benchmarks.peers", *sys.argv[1:]]), report.versions())
    if any(row.wrong for row in rows):
        raise typer.Exit(1)


def _prepared(chosen: Sequence[Contestant]) -> Iterator[tuple[str, str]]:
    """Make every environment before the clock runs; (slug, reason) of those that cannot be made."""
    for one in chosen:
        out.print(f"{one.slug}: environment", markup=False)
        try:
            one.prepare()
        except (KpiError, OSError) as error:
            yield one.slug, str(error)


@contextmanager
def _site(events: int) -> Iterator[tuple[Site, Sums]]:
    """A broker with the topic published, and what everybody must arrive at."""
    with tempfile.TemporaryDirectory(prefix="kpi-peers-") as name:
        directory = Path(name)
        with Broker(directory / "kafka", kafka_libs()) as kafka:
            out.print(f"{events:,} events", markup=False)
            records = lines(events)
            publish(kafka.address, TOPIC, records)
            yield Site(kafka, TOPIC, events, directory), expected((value for _, value in records), directory)


def _row(one: Contestant, missing: str | None, site: Site, wanted: Sums) -> Row:
    """Run it, and compare its sums. One that fails does not stop the others."""
    if missing is not None:
        return Row(one, None, missing)
    out.print(f"{one.slug}: running", markup=False)
    try:
        figures, sums = one.run(site)
    except (KpiError, OSError, ValueError) as error:
        return Row(one, None, str(error))
    return Row(one, figures, difference(wanted, sums, one.numbers))


if __name__ == "__main__":
    typer.run(main)
