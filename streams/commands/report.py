"""What `kpi replay` prints: a table for people, JSON for programs, dead letters for whoever made them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Final, TextIO, get_args

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from schemas.words import Window
from streams.commands.replay import FILE_HEADER, Outcome, line_of
from streams.engine.kpis.guardrails import breaches
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.errors import SettingsError
from streams.human import format_value, rfc3339, series_name
from streams.naming import ALL
from streams.serve.documents import reading_documents


@dataclass(frozen=True, slots=True)
class Filters:
    """Which readings are wanted; an empty set wants all of them."""

    windows: frozenset[str]
    kpis: frozenset[str]
    dimensions: frozenset[str]

    @classmethod
    def checked(
        cls, plan: Plan, windows: list[str] | None, kpis: list[str] | None, dimensions: list[str] | None
    ) -> "Filters":
        """SettingsError for a name that the catalog does not have."""
        declared = {name for series in plan.series for name in series.windows}
        return cls(
            _known("--window", windows, [name for name in _ORDER if name in declared]),
            _known("--kpi", kpis, plan.catalog.kpis),
            _known("--dimension", dimensions, [ALL, *plan.catalog.dimensions]),
        )

    def keep(self, readings: Iterable[Reading]) -> list[Reading]:
        return [
            reading
            for reading in readings
            if reading.window in (self.windows or {reading.window})
            and reading.kpi in (self.kpis or {reading.kpi})
            and reading.dimension in (self.dimensions or {reading.dimension})
        ]


def _known(option: str, names: list[str] | None, known: Iterable[str]) -> frozenset[str]:
    given = frozenset(names or ())
    if unknown := given.difference(known):
        raise SettingsError(
            f"{option} {', '.join(sorted(unknown))}: not in the catalog, which has {', '.join(sorted(known))}"
        )
    return given


# -- For programs -----------------------------------------------------------------------------------------


def print_json(file: TextIO, outcome: Outcome, plan: Plan, filters: Filters) -> None:
    """One object: as_of, events, readings."""
    document = {
        "as_of": None if outcome.as_of_ms is None else rfc3339(outcome.as_of_ms),
        "events": asdict(outcome.counts),
        "readings": reading_documents(plan, filters.keep(outcome.readings), breaches(plan, outcome.readings)),
    }
    json.dump(document, file)  # the standard library's: numerators may be larger than 64 bits
    file.write("\n")


# -- For people -------------------------------------------------------------------------------------------


def print_table(console: Console, outcome: Outcome, plan: Plan, filters: Filters) -> None:
    """KPIs down, windows across; slices only of the dimensions that were asked for."""
    wanted = filters if filters.dimensions else replace(filters, dimensions=frozenset({ALL}))
    readings = wanted.keep(outcome.readings)
    windows = _windows(readings, console.width, all_=bool(filters.windows))
    table = Table(title=_title(outcome), title_justify="left", box=SIMPLE_HEAD)
    for heading in ("KPI", ""):
        table.add_column(heading, overflow="fold")
    for heading in windows:
        table.add_column(heading, justify="right", no_wrap=True)
    for cells in _rows(readings, plan, windows):
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console.print(table)
    print_counts(console, outcome)
    if hidden := {reading.window for reading in readings}.difference(windows):
        console.print(f"also there: --window {', '.join(sorted(hidden, key=_ORDER.index))}", highlight=False)


def print_counts(console: Console, outcome: Outcome) -> None:
    """What became of the lines."""
    console.print(_summary(outcome), highlight=False)


_ORDER: Final = get_args(Window)
_FIRST: Final = ("now", "30d", "7d", "24h", "90d", "365d")
"""The windows that are shown first where there is room for a few only."""
_NAMES_WIDTH: Final = 44
_WINDOW_WIDTH: Final = 15


def _windows(readings: Sequence[Reading], width: int, *, all_: bool) -> list[str]:
    """The windows to show, shortest first: all that there are, or as many as fit."""
    there = {reading.window for reading in readings}
    room = len(there) if all_ else max(2, (width - _NAMES_WIDTH) // _WINDOW_WIDTH)
    first = [name for name in (*_FIRST, *_ORDER) if name in there]
    return sorted(list(dict.fromkeys(first))[:room], key=_ORDER.index)


def _rows(readings: Sequence[Reading], plan: Plan, windows: Sequence[str]) -> Iterator[list[str]]:
    units = {(series.gauge, *sorted(series.labels.items())): series.unit for series in plan.series}
    values: dict[tuple[str, str], dict[str, str]] = {}
    for reading in readings:
        unit = units[(reading.gauge, *sorted(reading.labels.items()))]
        text = format_value(reading.value, unit, plan.catalog.currency.report)
        values.setdefault(_row_key(reading, plan), {})[reading.window] = text
    for names, by_window in values.items():
        yield [*names, *(by_window.get(name, "") for name in windows)]


def _row_key(reading: Reading, plan: Plan) -> tuple[str, str]:
    kpi = plan.catalog.kpis[reading.kpi]
    series = series_name(kpi, reading.gauge, reading.labels)
    slice_ = "" if reading.dimension == ALL else f"{reading.dimension}={reading.member}"
    return kpi.title, " ".join(filter(None, (series, slice_)))


def _title(outcome: Outcome) -> str:
    return "no events" if outcome.as_of_ms is None else f"Readings as of {rfc3339(outcome.as_of_ms)}"


def _summary(outcome: Outcome) -> str:
    counts = outcome.counts
    text = f"{counts.published:,} published: {counts.applied:,} applied, {counts.unchanged:,} changed nothing"
    later = f"; {counts.skipped:,} later lines skipped" if counts.skipped else ""
    return f"{text}, {counts.dead_letters:,} dead letters{later}"


def print_dead_letters(console: Console, outcome: Outcome) -> None:
    """Each refused line with file, number and reason."""
    for letter in outcome.dead_letters:
        place = f"{letter.header(FILE_HEADER)}:{line_of(letter)}"
        console.print(Text(plain(f"{place}: {letter.reason}: {letter.message}")))
    if more := outcome.counts.dead_letters - len(outcome.dead_letters):
        console.print(f"and {more:,} more that the broker no longer keeps", highlight=False)


def plain(text: str) -> str:
    """Text that may stem from events, with nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[int], None]]:
    """A function to advance a bar with; there is no bar where nobody watches."""
    if not console.is_terminal:
        yield lambda lines: None
        return
    columns = (
        TextColumn("replaying"),
        BarColumn(),
        TextColumn("{task.completed:,} lines"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda lines: bar.advance(task, lines)
