"""The command that reads files of the past."""

from pathlib import Path
from typing import Annotated, Final

import typer

from streams.cli.common import CatalogOption, err, read_catalog, settings_of
from streams.clock import clock_ms

SKIPPED: Final = 3
"""Exit status of an import that left something out."""


def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV, NDJSON or Parquet; .gz too.", metavar="FILE...")],
    mapping: Annotated[
        Path, typer.Option(help="Which column is what: see docs/importing.md.", metavar="M.yaml")
    ],
    out: Annotated[
        Path, typer.Option(help="Write the events to this file, a line each.", metavar="FILE.ndjson")
    ],
    catalog: CatalogOption = None,
) -> None:
    """Make events of the rows of files, by a mapping."""
    from streams.commands.imports import mapping_of, print_imported, watched
    from streams.imports.ndjson import ndjson
    from streams.imports.run import Job, import_file

    plan = read_catalog(settings_of(catalog))
    job = Job(mapping_of(mapping, plan), mapping.parent, plan, clock_ms())
    with ndjson(out) as sink, watched(err) as watcher:
        done = [import_file(path, job, sink, watcher, lambda: True) for path in files]
    for one in done:
        print_imported(err, one)
    if any(one.skipped for one in done):
        raise typer.Exit(SKIPPED)
