"""Commands that look: at the state, at a catalog, at the settings."""

import asyncio
import json
import sys
from typing import Annotated

import typer

from streams.cli.common import JsonOption, out, read_catalog, say, say_settings, settings_of
from streams.engine.kpis.guardrails import guardrail_notes
from streams.engine.kpis.sizes import sizes
from streams.errors import SettingsError
from streams.naming import ALL


def waiting(
    measure: Annotated[str, typer.Argument(help="An open measure, such as leads_waiting.")],
    older: Annotated[str, typer.Option(help="Only who waits at least so long: 15m, 1h, 2d.")] = "",
    limit: Annotated[str, typer.Option(help="So many at most, the oldest.", metavar="NUMBER")] = "20",
    json_: JsonOption = False,
) -> None:
    """List who is waiting: the subjects behind an open measure's number, the oldest first."""
    from streams.commands.asking import ask_waiting
    from streams.commands.waiters import print_waiting
    from streams.serve.waiting import Question

    settings = settings_of()
    plan = read_catalog(settings)
    found = asyncio.run(ask_waiting(settings, plan, Question.checked(plan, measure, older, limit)))
    if json_:
        _write_json(found.document())
    else:
        print_waiting(out, found)


def explain(
    kpi: Annotated[str, typer.Argument(help="A KPI of the catalog, such as win_rate.", metavar="KPI")],
    window: Annotated[
        str, typer.Option(help="A window of the KPI: 24h, 30d, mtd; a usual one by default.")
    ] = "",
    dimension: Annotated[str, typer.Option(help="The dimension of a slice.")] = ALL,
    member: Annotated[str, typer.Option(help="Its member.")] = ALL,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Of a KPI with several series: quantile=0.9.", metavar="NAME=VALUE"),
    ] = None,
    gauge: Annotated[
        str, typer.Option(help="Of a KPI with several gauges: crm_leads_waiting_oldest_seconds.")
    ] = "",
    json_: JsonOption = False,
) -> None:
    """Say why a number is what it is: formula, sums, panes, definition, bounds, verdict."""
    from streams.commands.asking import ask_why
    from streams.commands.explained import print_explanation
    from streams.serve.explaining import Which

    settings = settings_of()
    plan = read_catalog(settings)
    which = Which(kpi, window, dimension, member, dict(_label(text) for text in label or ()), gauge)
    found = asyncio.run(ask_why(settings, plan, which))
    if json_:
        _write_json(found.document())
    else:
        print_explanation(out, found)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--label {text}: write NAME=VALUE, such as quantile=0.9")
    return name, value


def _write_json(document: object) -> None:
    sys.stdout.write(f"{json.dumps(document)}\n")


def check(catalog: Annotated[str | None, typer.Argument(help="The shipped one by default.")] = None) -> None:
    """Validate a catalog: every fault with path, line, and what would be right. And say how large it is."""
    settings = settings_of(catalog)
    plan = read_catalog(settings)
    counts = f"{len(plan.catalog.kpis)} KPIs, {len(plan.series)} series, {len(plan.measures)} measures"
    source = settings.catalog_text()[1]
    found, partitions = sizes(plan), settings.topic_partitions
    say(f"{source}: {found}; {found.cells * partitions:,} in the {partitions} of KPI_TOPIC_PARTITIONS")
    for note in guardrail_notes(plan):
        say(f"{source}: note: {note}")
    say(f"{source}: {counts}: fine")


def catalog() -> None:
    """Print the catalog in force, to begin a catalog of your own with."""
    sys.stdout.write(settings_of().catalog_text()[0])


def settings() -> None:
    """Print the settings in force, secrets hidden."""
    say_settings(settings_of())
