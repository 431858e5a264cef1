"""The same KPIs, computed a second time: DuckDB SQL over the same lines, written from KPIS.md alone.

It knows nothing of facts, panes or contributions that are taken back: it reads a whole history at once and
looks, subject by subject, at what was true at the as-of time. Where it and the engine agree to the last
integer, two very different roads led to one number.

The files, in the order they run:

1. `events.sql`    lines -> valid events, each once
2. `windows.sql`   the edges of the windows
3. `leads.sql`, `deals.sql`, `customers.sql`, `costs.sql`, `tickets.sql`, `surveys.sql`: events -> one row per
   subject with its times -> what it contributes (measure, time, value, dimensions)
4. `readings.sql`  contributions -> windows and slices -> KPIs
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb
import numpy as np

SUBJECTS = ("leads", "deals", "customers", "costs", "tickets", "surveys")
SCRIPTS = ("events", "windows", *SUBJECTS, "readings")

Form = Literal["ratio", "points", "cost", "count", "money", "mean", "quantile", "oldest"]
Labels = tuple[tuple[str, str], ...]


class Key(NamedTuple):
    """Which reading: the gauge's name, its own labels sorted by name, the window and the slice."""

    gauge: str
    labels: Labels
    window: str
    dimension: str
    member: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the reading must be made of, in whole numbers: minor units of USD, milliseconds, or counts.

    `samples` and `duration_ms` (the exact duration at rank ceil(q * n)) belong to quantiles only; there
    numerator and denominator are None. The numerator of an `oldest` is an age, None if nothing is open.
    """

    kpi: str
    form: Form
    numerator: int | None
    denominator: int | None
    samples: int | None
    duration_ms: int | None


def readings(path: Path, as_of_ms: int) -> dict[Key, Expected]:
    """Every reading of the CloudEvents in an NDJSON file (`.gz` too), as of a time; later ones are left out.

    The whole of every KPI is there in each of its windows, even over nothing; a member of a dimension is
    there if anything was counted in it.
    """
    connection = evaluate(path, as_of_ms)
    rows = connection.execute(
        'SELECT gauge, labels, "window", dimension, member,'
        " kpi, form, numerator, denominator, samples, duration_ms FROM reading ORDER BY ALL"
    ).fetchall()
    return {
        Key(gauge, parse_labels(labels), window, dimension, member): Expected(*expected)
        for gauge, labels, window, dimension, member, *expected in rows
    }


def evaluate(path: Path, as_of_ms: int, scripts: Sequence[str] = SCRIPTS) -> duckdb.DuckDBPyConnection:
    """Run the files in order; the connection holds every table in between, for whoever wants to look."""
    connection = duckdb.connect()
    connection.register("lines", {"line": np.array(list(text_lines(path)), dtype=object)})
    connection.execute("CREATE TABLE line AS SELECT line::VARCHAR AS line FROM lines")
    connection.unregister("lines")
    connection.execute("SET VARIABLE as_of_ms = ?::BIGINT", [as_of_ms])
    for script in scripts:
        connection.execute(Path(__file__).with_name(f"{script}.sql").read_text())
    return connection


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
