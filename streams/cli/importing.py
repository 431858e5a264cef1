"""The command that reads files of the past."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.cli.common import CatalogOption, err, read_catalog, settings_of
from streams.cli.common import out as stdout
from streams.clock import clock_ms
from streams.engine.plan import Plan
from streams.errors import SettingsError

if TYPE_CHECKING:
    from streams.imports.run import Job

SKIPPED: Final = 3
"""Exit status of an import that left something out."""


def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV, NDJSON or Parquet; .gz too.", metavar="FILE...")],
    mapping: Annotated[
        Path | None, typer.Option(help="Which column is what: see docs/importing.md.", metavar="M.yaml")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the events to this file, a line each.", metavar="FILE.ndjson")
    ] = None,
    catalog: CatalogOption = None,
    guess: Annotated[bool, typer.Option("--guess", help="Write a first mapping to standard output.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be written, and what skipped.")
    ] = False,
) -> None:
    """Make events of the rows of files, by a mapping."""
    from streams.commands.imports import mapping_of, print_imported, watched
    from streams.imports.ndjson import ndjson
    from streams.imports.run import Job, import_file

    plan = read_catalog(settings_of(catalog))
    if guess:
        _guess(files, plan)
        return
    if mapping is None:
        raise SettingsError(f"--mapping is missing; `kpi import --guess {files[0]}` writes a first one")
    job = Job(mapping_of(mapping, plan), mapping.parent, plan, clock_ms())
    if dry_run:
        _preview(files, job)
        return
    if out is None:
        raise SettingsError("--out is missing: where the events go")
    with ndjson(out) as sink, watched(err) as watcher:
        done = [import_file(path, job, sink, watcher, lambda: True) for path in files]
    for one in done:
        print_imported(err, one)
    if any(one.skipped for one in done):
        raise typer.Exit(SKIPPED)


def _guess(files: list[Path], plan: Plan) -> None:
    from streams.imports.guess import guess

    for path in files:
        sys.stdout.write(guess(path, plan))


def _preview(files: list[Path], job: "Job") -> None:
    from streams.commands.imports import watched
    from streams.commands.previews import print_preview
    from streams.imports.preview import preview

    for path in files:
        with watched(err) as watcher:
            found = preview(path, job, watcher)
        print_preview(stdout, path, found)
