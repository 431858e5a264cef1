"""The command line: `kpi ...`. Each command reads its options, calls one function, and says how it ended."""

from importlib.metadata import version
from typing import Annotated, Final

import typer

from streams.cli import generating, importing, letters, looking, replaying, running
from streams.cli.common import fail, out
from streams.errors import KpiError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Exact KPIs from CRM events, live: Kafka in, Prometheus gauges out.",
)
generate = typer.Typer(
    no_args_is_help=True, help="Write files that follow from the catalog, or --check that they do."
)
app.add_typer(generate, name="generate")
app.add_typer(letters.app, name="dead-letters")

_COMMANDS: Final = (
    *(running.worker, running.board, running.intake, running.run, running.demo),
    *(running.simulate, replaying.replay, replaying.traffic),
    *(looking.waiting, looking.explain, looking.check, looking.catalog, looking.settings),
)
for _command in _COMMANDS:
    app.command()(_command)
app.command("import")(importing.import_)
_GENERATING: Final = (
    *(generating.asyncapi, generating.dashboards, generating.reference),
    *(generating.rules, generating.alertmanager, generating.runbooks),
)
for _command in _GENERATING:
    generate.command()(_command)
generate.command("all")(generating.everything)


def main() -> None:
    """Run a command; what an operator can act on is said in plain words, without a traceback."""
    try:
        app()
    except KpiError as error:
        fail(str(error), error.status)


def _version(asked: bool) -> None:
    if asked:
        out.print(version("crm-kpi-streams"))
        raise typer.Exit


@app.callback()
def kpi(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Settings come from KPI_... variables or a .env file: see `kpi settings`."""
