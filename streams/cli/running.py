"""Commands that run until they are stopped: worker, board, both, and a demonstration."""

from typing import Annotated

import typer

from schemas.intake import Intake
from streams.cli.common import read_catalog, say, say_settings, settings_of, until_interrupted
from streams.engine.kpis.sizes import sizes
from streams.engine.plan import Plan
from streams.errors import SettingsError
from streams.settings import Settings

ProcessesOption = Annotated[
    int,
    typer.Option(
        min=1,
        max=1_000,
        help="So many worker processes, on KPI_WORKER_PORT and the ports behind it (or free ones for 0).",
    ),
]

DaysOption = Annotated[int, typer.Option(min=1, max=700, help="Days of history.")]
PerDayOption = Annotated[float, typer.Option(min=1, help="Events a day in the history.")]
RateOption = Annotated[float, typer.Option(min=0.01, max=5_000, help="Live events a second.")]
SeedOption = Annotated[int, typer.Option(help="Another company.")]


def worker(processes: ProcessesOption = 1) -> None:
    """Run a worker: it keeps the KPI tables of its share of the partitions."""
    from streams.commands.workers import run_workers
    from streams.worker.app import Worker

    settings = settings_of()
    if processes > 1:
        read_catalog(settings)  # what is wrong is said once, not by each of them
        settings.kafka_client()
        settings.redis_url()
        until_interrupted(run_workers(settings, processes, say))
        return
    settings = _with_free_port(settings)
    say_settings(settings)
    plan = read_catalog(settings)
    say(f"catalog: {sizes(plan)}")
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


def board() -> None:
    """Run a board: pages at /, KPI gauges at /metrics, readings as JSON at /api/v1."""
    from streams.generate import reference, runbooks
    from streams.serve.app import run_board

    settings = settings_of()
    say_settings(settings)
    plan = read_catalog(settings)
    say(f"catalog: {sizes(plan)}")
    run_board(settings, plan, {**reference.texts(plan.catalog), **runbooks.texts(plan)})


def intake(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only say what is wrong with the mapping, and which addresses are open."
        ),
    ] = False,
) -> None:
    """Run the webhooks: vendors' requests and CloudEvents over HTTP become events in Kafka."""
    from streams.intake.against_catalog import check_mapping
    from streams.intake.app import run_intake
    from streams.intake.hooks import notes
    from streams.intake.mapping import mapping_text, read_mapping

    settings = settings_of()
    if not check:
        say_settings(settings)
    plan = read_catalog(settings)
    text, source = mapping_text(settings)
    mapping = read_mapping(text, source)
    lacking = [f"{source}: note: {one}" for one in check_mapping(mapping, plan, settings)]
    for note in lacking + notes(settings):
        say(note)
    if check:
        _say_hooks(settings, plan, mapping.intake)
        say(f"{source}: fine")
    else:
        settings.kafka_client()
        run_intake(settings, plan, mapping.intake)


def _say_hooks(settings: Settings, plan: Plan, mapping: Intake) -> None:
    from streams.intake.hooks import hooks

    for path, hook in hooks(settings, mapping, plan.decoder).items():
        say(f"POST {path}: {hook.state}")


def run(processes: ProcessesOption = 1) -> None:
    """Run a worker (or several) and a board, each as a process of its own."""
    from streams.commands.both import run_both

    settings = settings_of()
    read_catalog(settings)  # what is wrong with the catalog is said here, not in a log file
    settings.bootstrap_servers()
    settings.redis_url()
    until_interrupted(run_both(settings, processes))


def demo(
    seconds: Annotated[float | None, typer.Option(help="Stop by itself after so long.")] = None,
    days: DaysOption = 120,
    per_day: PerDayOption = 400,
    rate: RateOption = 10,
    crisis: Annotated[
        bool,
        typer.Option(
            "--crisis", help="All is well, then nobody answers and customers leave (--per-day 1500)."
        ),
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(min=1, help="Let the history pass at so many times real time, not at once."),
    ] = None,
    seed: SeedOption = 1,
) -> None:
    """Run the whole system on this machine, with a company's traffic, embedded broker and Redis."""
    from streams.commands.company import Company
    from streams.commands.demo import demo

    settings = settings_of()
    read_catalog(settings)
    until_interrupted(demo(settings, Company(days, per_day, rate, seed, crisis), speed, seconds, say))


def simulate(
    into: Annotated[str, typer.Option(help="A topic for it alone: empty, or missing.", metavar="TOPIC")],
    days: DaysOption = 120,
    per_day: PerDayOption = 400,
    rate: RateOption = 10,
    seed: SeedOption = 1,
) -> None:
    """Publish a company's invented traffic to KPI_BROKER: history, then live. Started again, it goes on."""
    from streams.commands.company import Company
    from streams.commands.simulate import simulate

    settings = settings_of(topic=into)
    until_interrupted(simulate(settings, Company(days, per_day, rate, seed), say))
