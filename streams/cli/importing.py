"""The command that reads files of the past."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.cli.common import INTERRUPTED, CatalogOption, err, read_catalog, settings_of, time_ms
from streams.cli.common import out as stdout
from streams.clock import clock_ms
from streams.engine.plan import Plan
from streams.errors import SettingsError

if TYPE_CHECKING:
    from streams.commands.imports import Wanted
    from streams.imports.job import Job
    from streams.imports.run import Imported
    from streams.settings import Settings

SKIPPED: Final = 3
"""Exit status of an import that left something out."""


def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV, NDJSON or Parquet; .gz too.", metavar="FILE...")],
    mapping: Annotated[
        Path | None, typer.Option(help="Which column is what: see docs/importing.md.", metavar="M.yaml")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the events to this file, and not into Kafka.", metavar="FILE.ndjson"),
    ] = None,
    catalog: CatalogOption = None,
    guess: Annotated[bool, typer.Option("--guess", help="Write a first mapping to standard output.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be written, and what skipped.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Write what is skipped to this file.", metavar="FILE.ndjson")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Leave out events from before.", metavar="TIME")] = None,
    again: Annotated[bool, typer.Option("--again", help="From the beginning, whatever is done.")] = False,
) -> None:
    """Make events of the rows of files, by a mapping: into Kafka (KPI_BROKER), or into a file."""
    from streams.commands.imports import Wanted, mapping_of
    from streams.imports.job import Job

    settings = settings_of(catalog)
    plan = read_catalog(settings)
    if guess:
        _guess(files, plan)
        return
    if mapping is None:
        raise SettingsError(f"--mapping is missing; `kpi import --guess {files[0]}` writes a first one")
    job = Job(mapping_of(mapping, plan), mapping.parent, plan, clock_ms(), time_ms(since))
    if dry_run:
        _preview(files, job)
        return
    _import(Wanted(files, job, mapping, rejects), settings, out, again)


def _import(wanted: "Wanted", settings: "Settings", out: Path | None, again: bool) -> None:
    from streams.commands.import_report import print_imported, print_interrupted
    from streams.commands.imports import Interrupted

    try:
        done = _imported(wanted, settings, out, again)
    except (KeyboardInterrupt, Interrupted):
        print_interrupted(err, into_kafka=out is None)
        raise typer.Exit(INTERRUPTED) from None
    for one in done:
        print_imported(err, one)
    if not all(one.is_complete for one in done):
        print_interrupted(err, into_kafka=True)
        raise typer.Exit(INTERRUPTED)
    if any(one.skipped for one in done):
        raise typer.Exit(SKIPPED)


def _imported(wanted: "Wanted", settings: "Settings", out: Path | None, again: bool) -> "list[Imported]":
    from streams.commands.import_report import watched
    from streams.commands.imports import import_into_file, import_into_kafka

    if out is None and settings.broker is None:
        raise SettingsError(
            "say where the events go: --out FILE.ndjson, or KPI_BROKER=kafka://localhost:9092"
        )
    with watched(err) as watcher:
        if out is not None:
            return import_into_file(wanted, out, watcher)
        return import_into_kafka(wanted, settings, watcher, again=again)


def _guess(files: list[Path], plan: Plan) -> None:
    from streams.imports.guess import guess

    if len(files) > 1:
        raise SettingsError("--guess looks at one file; several that are written alike share its mapping")
    sys.stdout.write(guess(files[0], plan))


def _preview(files: list[Path], job: "Job") -> None:
    from streams.commands.import_report import watched
    from streams.commands.previews import print_preview
    from streams.imports.preview import preview

    found = []
    for path in files:
        with watched(err) as watcher:
            found.append(preview(path, job, watcher))
        print_preview(stdout, path, found[-1])
    if any(one.counts.faults or one.unreadable for one in found):
        raise typer.Exit(SKIPPED)
