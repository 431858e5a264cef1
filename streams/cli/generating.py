"""Commands that write files which follow from the catalog, or check that they do."""

from collections.abc import Sequence
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


def rules(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """Prometheus' rules: alerts, and what is recorded, in grafana/prometheus/rules."""
    _generate("rules", catalog, out, check)


def alertmanager(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """Alertmanager's configuration: whom an alert is sent to, in grafana/alertmanager."""
    _generate("alertmanager", catalog, out, check)


def runbooks(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """What to do about each alert: a page for each in docs/runbooks, and an index."""
    _generate("runbooks", catalog, out, check)


def everything(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """All of them."""
    from streams.commands.generate import GENERATORS

    _generate("all", catalog, out, check, tuple(GENERATORS))


def _generate(command: str, catalog: str | None, root: Path, check: bool, names: Sequence[str] = ()) -> None:
    from streams.commands.generate import Files

    plan = read_catalog(settings_of(catalog))
    files = [Files(name, plan, root) for name in names or (command,)]
    if not check:
        say(f"{sum(one.write() for one in files)} files written")
        return
    differences = [difference for one in files for difference in one.differences()]
    if differences:
        fail("\n".join([*differences, f"`kpi generate {command}` makes them anew"]), 1)
    say("all as they should be")
