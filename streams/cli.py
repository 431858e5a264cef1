"""The command line: `kpi ...`. Each command reads its options, calls one function, and says how it ended."""

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from rich.console import Console

from schemas.events import YEARS
from streams.clock import clock_ms
from streams.engine.limits import guardrail_notes
from streams.engine.plan import Plan, read_plan
from streams.engine.sizes import check_series, sizes
from streams.errors import KpiError, SettingsError
from streams.naming import ALL
from streams.settings import Settings

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
out = Console()
err = Console(stderr=True, soft_wrap=True)

INTERRUPTED: Final = 130

ProcessesOption = Annotated[
    int,
    typer.Option(
        min=1,
        max=1_000,
        help="So many worker processes, on KPI_WORKER_PORT and the ports behind it (or free ones for 0).",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]

CatalogOption = Annotated[
    str | None, typer.Option("--catalog", help="A catalog of your own.", metavar="PATH")
]

OutOption = Annotated[Path, typer.Option("--out", help="The directory that they lie in.", metavar="DIR")]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Write nothing: say which are not as they should be, and exit 1.")
]


def main() -> None:
    """Run a command; what an operator can act on is said in plain words, without a traceback."""
    try:
        app()
    except KpiError as error:
        _fail(str(error), error.status)


def _fail(text: str, status: int) -> NoReturn:
    err.print("[bold red]kpi:[/] ", end="")
    err.print(text, markup=False, highlight=False)
    raise SystemExit(status)


def _plan(settings: Settings) -> Plan:
    plan = read_plan(*settings.catalog_text())
    check_series(sizes(plan), settings.series_limit)
    return plan


def _settings(catalog: str | None = None, **given: Any) -> Settings:
    if catalog is not None:
        given["catalog"] = catalog
    return Settings.read(**given)


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


# -- Running ----------------------------------------------------------------------------------------------


@app.command()
def worker(processes: ProcessesOption = 1) -> None:
    """Run a worker: it keeps the KPI tables of its share of the partitions."""
    from streams.commands.workers import run_workers
    from streams.worker.app import Worker

    settings = _settings()
    if processes > 1:
        _plan(settings)  # what is wrong is said once, not by each of them
        settings.kafka_client()
        settings.redis_url()
        _until_interrupted(run_workers(settings, processes, _say))
        return
    settings = _with_free_port(settings)
    _say_settings(settings)
    plan = _plan(settings)
    _say(f"catalog: {sizes(plan)}")
    Worker(settings, plan).run()


def _with_free_port(settings: Settings) -> Settings:
    """Several workers on one machine: who finds the usual port taken takes a free one."""
    from streams.embedded.processes import free_port, is_free

    if settings.worker_port and is_free(settings.worker_port):
        return settings
    if settings.worker_port and "worker_port" in settings.model_fields_set:
        raise SettingsError(
            f"KPI_WORKER_PORT={settings.worker_port} is taken; give another one, or 0 for any"
        )
    return settings.model_copy(update={"worker_port": free_port()})


@app.command()
def board() -> None:
    """Run a board: KPI gauges at /metrics, readings at /api/v1/readings, a page at /."""
    from streams.serve.app import run_board

    settings = _settings()
    _say_settings(settings)
    plan = _plan(settings)
    _say(f"catalog: {sizes(plan)}")
    run_board(settings, plan)


@app.command()
def run(processes: ProcessesOption = 1) -> None:
    """Run a worker (or several) and a board, each as a process of its own."""
    from streams.commands.both import run_both

    settings = _settings()
    _plan(settings)  # what is wrong with the catalog is said here, not in a log file
    settings.bootstrap_servers()
    settings.redis_url()
    _until_interrupted(run_both(settings, processes))


@app.command()
def demo(
    seconds: Annotated[float | None, typer.Option(help="Stop by itself after so long.")] = None,
    days: Annotated[int, typer.Option(min=1, max=700, help="Days of history.")] = 120,
    per_day: Annotated[float, typer.Option(min=1, help="Events a day in the history.")] = 400,
    rate: Annotated[float, typer.Option(min=0.01, max=5_000, help="Live events a second.")] = 10,
    speed: Annotated[
        float | None,
        typer.Option(min=1, help="Let the history pass at so many times real time, not at once."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another company.")] = 1,
) -> None:
    """Run the whole system on this machine, with a company's traffic, embedded broker and Redis."""
    from streams.commands.demo import Company, demo

    settings = _settings()
    _plan(settings)
    _until_interrupted(demo(settings, Company(days, per_day, rate, speed, seed), seconds, _say))


def _say(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)


_T = TypeVar("_T")


def _until_interrupted(work: Coroutine[Any, Any, _T]) -> _T | None:
    """Run a coroutine; SIGTERM and Ctrl-C cancel it, it stops in good order, and there is no result."""

    async def interruptible() -> _T | None:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            err.print("stopped")
            return None

    return asyncio.run(interruptible())


# -- Replaying --------------------------------------------------------------------------------------------


@app.command()
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
) -> None:
    """Publish files to Kafka, let a real worker apply them, and print the readings."""
    from streams.commands.replay import replay
    from streams.commands.report import Filters, print_dead_letters, print_json, print_table

    settings = _settings(catalog)
    plan = _plan(settings)
    filters = Filters.checked(plan, window, kpi, dimension)
    with _progress() as advance:
        outcome = _until_interrupted(replay(files, settings, plan, _time_ms(as_of), advance))
        if outcome is None:
            raise typer.Exit(INTERRUPTED)
    print_dead_letters(err, outcome)
    if json_:
        print_json(sys.stdout, outcome, plan, filters)
    else:
        print_table(out, outcome, plan, filters)


def _time_ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SettingsError(f"{text}: write a time as RFC 3339 with a zone, e.g. 2026-01-31T12:00:00Z")
    if moment.year not in YEARS:
        raise SettingsError(f"{text}: the year is not one of {YEARS[0]} to {YEARS[-1]}")
    return round(moment.timestamp() * 1000)


def _progress() -> Any:
    """A context that gives a function to advance a bar with; no bar where nobody watches."""
    from streams.commands.report import progress

    return progress(err)


@app.command()
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

    until_ms = _time_ms(until) or clock_ms()
    lines = (encode(event) for _, event in spread(seed, events, until_ms, days))
    for line in messy(lines, Mess(), seed) if mess else lines:
        sys.stdout.buffer.write(line + b"\n")


# -- Looking ----------------------------------------------------------------------------------------------


@app.command()
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

    settings = _settings()
    plan = _plan(settings)
    found = asyncio.run(ask_waiting(settings, plan, Question.checked(plan, measure, older, limit)))
    if json_:
        _write_json(found.document())
    else:
        print_waiting(out, found)


@app.command()
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
    json_: JsonOption = False,
) -> None:
    """Say why a number is what it is: formula, sums, panes, definition, bounds, verdict."""
    from streams.commands.asking import ask_why
    from streams.commands.explained import print_explanation
    from streams.serve.explaining import Which

    settings = _settings()
    plan = _plan(settings)
    which = Which(kpi, window, dimension, member, dict(_label(text) for text in label or ()))
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


@app.command()
def check(catalog: Annotated[str | None, typer.Argument(help="The shipped one by default.")] = None) -> None:
    """Validate a catalog: every fault with path, line, and what would be right. And say how large it is."""
    settings = _settings(catalog)
    plan = _plan(settings)
    counts = f"{len(plan.catalog.kpis)} KPIs, {len(plan.series)} series, {len(plan.measures)} measures"
    source = settings.catalog_text()[1]
    _say(f"{source}: {sizes(plan)}")
    for note in guardrail_notes(plan.catalog):
        _say(f"{source}: note: {note}")
    _say(f"{source}: {counts}: fine")


@app.command()
def catalog() -> None:
    """Print the catalog in force, to begin a catalog of your own with."""
    sys.stdout.write(_settings().catalog_text()[0])


@app.command()
def settings() -> None:
    """Print the settings in force, secrets hidden."""
    _say_settings(_settings())


def _say_settings(settings: Settings) -> None:
    for name, value in settings.redacted().items():
        _say(f"{name}={value}")


# -- Generating -------------------------------------------------------------------------------------------


@generate.command()
def asyncapi(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """The event contract: docs/asyncapi.yaml, and a JSON Schema per event type in schemas/json."""
    _generate("asyncapi", catalog, out, check)


@generate.command()
def reference(catalog: CatalogOption = None, out: OutOption = Path(), check: CheckOption = False) -> None:
    """The KPI reference: a page for each KPI in docs/kpis, and an index."""
    _generate("reference", catalog, out, check)


def _generate(name: str, catalog: str | None, root: Path, check: bool) -> None:
    from streams.commands.generate import Files

    files = Files(name, _plan(_settings(catalog)), root)
    if not check:
        _say(f"{files.write()} files written")
        return
    differences = files.differences()
    if differences:
        _fail("\n".join([*differences, f"`kpi generate {name}` makes them anew"]), 1)
    _say("all as they should be")


if __name__ == "__main__":
    main()
