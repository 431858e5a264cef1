"""Commands for files of events: replay them, or make some."""

import sys
from typing import Annotated, Any

import typer

from streams.cli.common import (
    INTERRUPTED,
    CatalogOption,
    JsonOption,
    err,
    out,
    read_catalog,
    settings_of,
    time_ms,
    until_interrupted,
)
from streams.clock import clock_ms
from streams.errors import SettingsError


def replay(
    files: Annotated[
        list[str], typer.Argument(help="NDJSON, a CloudEvent a line; .gz and - too.", metavar="FILE...")
    ],
    catalog: CatalogOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="Windows end at this time; later lines are skipped.", metavar="TIME")
    ] = None,
    json_: JsonOption = False,
    window: Annotated[list[str] | None, typer.Option(help="Only these windows.")] = None,
    kpi: Annotated[list[str] | None, typer.Option(help="Only these KPIs.")] = None,
    dimension: Annotated[
        list[str] | None, typer.Option(help="Only these dimensions (`all` is the whole).")
    ] = None,
    board: Annotated[
        bool, typer.Option("--board", help="Show them on a board instead, until Ctrl-C.")
    ] = False,
) -> None:
    """Publish files to Kafka, let a real worker apply them, and print the readings (or show a board)."""
    from streams.commands.replay import replay
    from streams.commands.report import Filters, print_dead_letters, print_json, print_table
    from streams.commands.shown import show

    settings = settings_of(catalog)
    plan = read_catalog(settings)
    if board:
        if json_ or window or kpi or dimension:
            raise SettingsError("a board shows all of it: leave --json, --window, --kpi and --dimension out")
        until_interrupted(show(files, settings, plan, time_ms(as_of), out, err))
        return
    filters = Filters.checked(plan, window, kpi, dimension)
    with _progress() as advance:
        outcome = until_interrupted(replay(files, settings, plan, time_ms(as_of), advance))
        if outcome is None:
            raise typer.Exit(INTERRUPTED)
    print_dead_letters(err, outcome)
    if json_:
        print_json(sys.stdout, outcome, plan, filters)
    else:
        print_table(out, outcome, plan, filters)


def _progress() -> Any:
    """A context that gives a function to advance a bar with; no bar where nobody watches."""
    from streams.commands.report import progress

    return progress(err)


def traffic(
    events: Annotated[int, typer.Option(min=1, help="How many.")] = 10_000,
    days: Annotated[int, typer.Option(min=1, help="Over how many days.")] = 90,
    until: Annotated[str | None, typer.Option(help="When they end; now by default.", metavar="TIME")] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same events.")] = 1,
    mess: Annotated[bool, typer.Option("--mess", help="With duplicates, disorder and bad lines.")] = False,
) -> None:
    """Write believable CRM events as NDJSON to standard output."""
    from streams.embedded.mess import Mess, messy
    from streams.embedded.traffic import encode, spread

    until_ms = time_ms(until) or clock_ms()
    lines = (encode(event) for _, event in spread(seed, events, until_ms, days))
    for line in messy(lines, Mess(), seed) if mess else lines:
        sys.stdout.buffer.write(line + b"\n")
