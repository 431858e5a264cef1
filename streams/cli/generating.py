"""Commands that write files which follow from the catalog, or check that they do."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.common import CatalogOption, fail, read_catalog, say, settings_of

OutOption = Annotated[Path, typer.Option("--out", help="The directory that they lie in.", metavar="DIR")]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Write nothing: say which are not as they should be, and exit 1.")
]


def asyncapi(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """The event contract: docs/asyncapi.yaml, and a JSON Schema per event type in schemas/json."""
    _generate("asyncapi", catalog, out, check)


def dashboards(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """Grafana's dashboards in grafana/dashboards, and the files that provision them and their alerts."""
    _generate("dashboards", catalog, out, check)


def reference(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """The KPI reference: a page for each KPI in docs/kpis, and an index."""
    _generate("reference", catalog, out, check)


def _generate(name: str, catalog: str | None, root: Path, check: bool) -> None:
    from streams.commands.generate import Files

    files = Files(name, read_catalog(settings_of(catalog)), root)
    if not check:
        say(f"{files.write()} files written")
        return
    differences = files.differences()
    if differences:
        fail("\n".join([*differences, f"`kpi generate {name}` makes them anew"]), 1)
    say("all as they should be")
