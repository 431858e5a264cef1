"""What commands share: options that several have, settings and plan, and how they talk."""

import asyncio
import signal
from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from rich.console import Console

from schemas.events import YEARS
from streams.engine.kpis.sizes import check_size, sizes
from streams.engine.plan import Plan, read_plan
from streams.errors import SettingsError
from streams.settings import Settings

out = Console()
err = Console(stderr=True, soft_wrap=True)

INTERRUPTED: Final = 130

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]

CatalogOption = Annotated[
    str | None, typer.Option("--catalog", help="A catalog of your own.", metavar="PATH")
]


# -- What is in force -------------------------------------------------------------------------------------


def read_catalog(settings: Settings) -> Plan:
    plan = read_plan(*settings.catalog_text())
    check_size(sizes(plan), settings.series_limit)
    return plan


def settings_of(catalog: str | None = None, **given: Any) -> Settings:
    if catalog is not None:
        given["catalog"] = catalog
    return Settings.read(**given)


# -- Reading what was written -----------------------------------------------------------------------------


def time_ms(text: str | None) -> int | None:
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


# -- Talking ----------------------------------------------------------------------------------------------


def fail(text: str, status: int) -> NoReturn:
    err.print("[bold red]kpi:[/] ", end="")
    err.print(text, markup=False, highlight=False)
    raise SystemExit(status)


def say(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def say_settings(settings: Settings) -> None:
    for name, value in settings.redacted().items():
        say(f"{name}={value}")


# -- Running ----------------------------------------------------------------------------------------------

_T = TypeVar("_T")


def until_interrupted(work: Coroutine[Any, Any, _T]) -> _T | None:
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
