"""The same KPIs, computed a second time: DuckDB SQL over the same lines, written from KPIS.md alone.

It knows nothing of facts, panes or contributions that are taken back: it reads a whole history at once and
looks, subject by subject, at what was true at the as-of time. Where it and the engine agree to the last
integer, two very different roads led to one number.

The files, in the order they run:

1. `events.sql`    lines -> valid events, each once
2. `subjects.sql`  events -> who they are about, less what was removed; dimensions. `switches.sql`: what is on
   and off, moment by moment
3. `windows.sql`   local days, the windows and the ones before, their edges
4. `leads.sql` .. `operations.sql`: a subject's events -> what it contributes (measure, time, value);
   `business.sql`: durations by the business clock
5. `sums.sql`      contributions -> sums and levels per window and slice
6. `kpis.sql`, `readings.sql`: sums -> KPIs
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

import duckdb
import holidays
import numpy as np

SUBJECTS = (
    *("leads", "deals", "customers", "orders", "campaigns", "tickets", "surveys", "operations"),
    "business",
)
SCRIPTS = ("events", "subjects", "switches", "windows", *SUBJECTS, "sums", "kpis", "readings")
YEARS = range(2015, 2035)
"""Years whose holidays the business clock knows."""

Form = Literal[
    "ratio", "points", "score", "price", "cost", "count", "money", "seconds", "mean", "quantile", "oldest",
    "formula",
]  # fmt: skip

# From whole numbers to the gauge's unit: minor units to major ones, milliseconds to seconds.
UNITS: dict[Form, Fraction] = {
    "ratio": Fraction(1),
    "points": Fraction(100),
    "score": Fraction(1),
    "price": Fraction(1, 100),
    "cost": Fraction(1, 100),
    "count": Fraction(1),
    "money": Fraction(1, 100),
    "seconds": Fraction(1, 1000),
    "mean": Fraction(1, 1000),
    "quantile": Fraction(1, 1000),
    "oldest": Fraction(1, 1000),
}
Labels = tuple[tuple[str, str], ...]


class Key(NamedTuple):
    """Which reading: the gauge's name, its own labels sorted by name, the window and the slice."""

    gauge: str
    labels: Labels
    window: str
    dimension: str
    member: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What a reading is made of, in whole numbers: minor units of USD, milliseconds, or counts.

    `samples` and `duration_ms` (the exact duration at rank ceil(q * n)) belong to quantiles only, `composed`
    (in the gauge's unit) to formulas of more than one ratio; there numerator and denominator are None. The
    numerator of an `oldest` is an age, None if nothing is open. `lower` and `upper` are the bounds of a
    proportion or a score, in the gauge's unit.
    """

    form: Form
    numerator: int | None
    denominator: int | None
    samples: int | None
    duration_ms: int | None
    composed: float | None
    lower: float | None
    upper: float | None

    @property
    def value(self) -> float | None:
        """In the gauge's unit: a ratio, points, a count, major units or seconds; None where there is none."""
        if self.form == "formula":
            return self.composed
        number = self.duration_ms if self.form == "quantile" else self.numerator
        per = 1 if self.denominator is None else self.denominator
        if number is None or per == 0 or (self.form == "cost" and number == 0):
            return None
        return float(Fraction(number, per) * UNITS[self.form])


@dataclass(frozen=True, slots=True)
class Expected:
    """A reading: of the window that ends now and, where such can be compared, of the window before."""

    kpi: str
    now: Figures
    whole: Figures | None = None
    before: Figures | None = None

    @property
    def previous(self) -> float | None:
        """The value over the window before; None where there is none."""
        return None if self.before is None else self.before.value

    @property
    def change(self) -> float | None:
        """Of whole panes against as many before, relative to those; a difference where points are counted."""
        ours, theirs = None if self.whole is None else self.whole.value, self.previous
        if ours is None or theirs is None:
            return None
        if self.now.form in ("points", "score"):
            return ours - theirs
        return None if theirs == 0 else (ours - theirs) / abs(theirs)


def readings(path: Path, as_of_ms: int, time_zone: str = "UTC") -> dict[Key, Expected]:
    """Every reading of the CloudEvents in an NDJSON file (`.gz` too), as of a time; later ones are left out.

    The whole of every KPI is there in each of its windows, even over nothing; a member of a dimension is
    there if anything was counted in it.
    """
    connection = evaluate(path, as_of_ms, time_zone)
    rows = connection.execute(
        'SELECT gauge, labels, "window", dimension, member, kpi, side,'
        " form, numerator, denominator, samples, duration_ms, value, lower, upper FROM reading"
    ).fetchall()
    sides: dict[Key, dict[str, Any]] = {}
    for gauge, labels, window, dimension, member, kpi, side, *figures in rows:
        key = Key(gauge, parse_labels(labels), window, dimension, member)
        sides.setdefault(key, {"kpi": kpi})[side] = Figures(*figures)
    return {key: Expected(**of_key) for key, of_key in sides.items()}


def evaluate(
    path: Path, as_of_ms: int, time_zone: str = "UTC", scripts: Sequence[str] = SCRIPTS
) -> duckdb.DuckDBPyConnection:
    """Run the files in order; the connection holds every table in between, for whoever wants to look."""
    connection = duckdb.connect()
    _give(connection, "line", list(text_lines(path)))
    _give(connection, "holiday", [day.isoformat() for day in holidays.country_holidays("US", years=YEARS)])
    connection.execute("SET VARIABLE as_of_ms = ?::BIGINT", [as_of_ms])
    connection.execute("SET VARIABLE time_zone = ?", [time_zone])
    for script in scripts:
        connection.execute(Path(__file__).with_name(f"{script}.sql").read_text())
    return connection


def _give(connection: duckdb.DuckDBPyConnection, table: str, texts: Sequence[str]) -> None:
    """A table of texts, in a column of its name, and their numbers."""
    connection.register("given", {"text": np.array(texts, dtype=object), "n": np.arange(len(texts))})
    connection.execute(f"CREATE TABLE {table} AS SELECT text::VARCHAR AS {table}, n FROM given")
    connection.unregister("given")


def text_lines(path: Path) -> Iterator[str]:
    """The file's lines; one that is not UTF-8 is no JSON and is left out."""
    content = path.read_bytes()
    for line in (gzip.decompress(content) if path.suffix == ".gz" else content).split(b"\n"):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            continue


def parse_labels(text: str) -> Labels:
    """`quantile=0.5 clock=calendar` as pairs, sorted by name."""
    names_and_values = (pair.split("=") for pair in text.split())
    return tuple(sorted((name, value) for name, value in names_and_values))
