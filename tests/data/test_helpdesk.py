"""A real help desk through `kpi replay`, against SQL over the rows as they stand in the file."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from streams.settings import Settings
from tests.data import helpdesk
from tests.data.lines import Converted
from tests.replays import Readings, replay

BUCKET = 0.10
"""A quantile is at most so far from the exact one."""
ROME = ZoneInfo("Europe/Rome")
MOMENTS = ("2010-06-01 09:30", "2011-04-20 16:00", "2012-03-26 00:30")
"""Local times; the last is the night after the clocks have changed."""
WINDOWS = {"30d": 30, "90d": 90, "365d": 365}

# Every step of a case, a millisecond apart where the second is the same: local and since the epoch.
STEPS = f"""
    WITH numbered AS (
        SELECT row_number() OVER () AS n, * FROM read_csv('{helpdesk.FILE}')
    )
    SELECT
        CaseID AS ticket,
        n,
        ActivityID = 6 AS resolves,
        epoch_ms(timezone('Europe/Rome', CompleteTimestamp))
            + row_number() OVER (PARTITION BY CaseID, CompleteTimestamp ORDER BY n) - 1 AS at_ms
    FROM numbered
"""
# At a moment: since when each stands resolved, which is the first 6 of the last run of them; NULL while open.
STANDING = """
    WITH told AS (SELECT * FROM steps WHERE at_ms <= ?),
    worked AS (SELECT ticket, max(n) AS last FROM told WHERE NOT resolves GROUP BY ticket)
    SELECT
        told.ticket,
        min(at_ms) AS created_ms,
        min(at_ms) FILTER (WHERE resolves AND n > coalesce(last, 0)) AS resolved_ms
    FROM told LEFT JOIN worked USING (ticket)
    GROUP BY told.ticket
"""


def since_epoch_ms(local: datetime) -> int:
    return round(local.replace(tzinfo=ROME).timestamp() * 1000)


@pytest.fixture(scope="module")
def converted() -> Converted:
    return helpdesk.converted(ROME)


@pytest.fixture(scope="module", params=MOMENTS)
def read_at(
    request: pytest.FixtureRequest, converted: Converted, tmp_path_factory: pytest.TempPathFactory
) -> tuple[datetime, Readings]:
    """A local moment, and the readings at it with the shipped catalog in the company's time zone."""
    folder = tmp_path_factory.mktemp("helpdesk")
    moment = datetime.fromisoformat(request.param)
    utc = moment.replace(tzinfo=ROME).astimezone(ZoneInfo("UTC"))
    options = ("--catalog", str(_catalog(folder)))
    return moment, replay(folder, converted.lines, f"{utc:%Y-%m-%d %H:%M}", *options)


def _catalog(folder: Path) -> Path:
    text, _ = Settings().catalog_text()
    assert text.count("time_zone: UTC ") == 1
    path = folder / "catalog.yaml"
    path.write_text(text.replace("time_zone: UTC ", "time_zone: Europe/Rome "))
    return path


@pytest.fixture(scope="module")
def rows() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE steps AS {STEPS}")
        yield connection


def resolutions(rows: duckdb.DuckDBPyConnection, moment: datetime, days: int) -> list[int]:
    """Milliseconds from creation to resolution, of the tickets resolved in the window, in order."""
    start = moment.replace(hour=0, minute=0) - timedelta(days=days)
    query = f"SELECT resolved_ms - created_ms FROM ({STANDING}) WHERE resolved_ms >= ? ORDER BY 1"
    given = [since_epoch_ms(moment), since_epoch_ms(start)]
    return [found[0] for found in rows.execute(query, given).fetchall()]


def test_every_row_is_told_once_and_of_the_two_that_begin_with_their_end_twice(converted: Converted) -> None:
    found = converted.found
    told = {name: number for name, number in found.items() if name != "rows"}
    assert found["rows"] == 13_710
    assert sum(told.values()) == len(converted.lines) == 13_710 + 2
    assert told["crm.ticket.created"] == 3_804 and told["crm.ticket.resolved"] == 4_150


def test_resolution_is_in_the_middle_at_its_tenth_and_on_average_that_of_the_rows(
    read_at: tuple[datetime, Readings], rows: duckdb.DuckDBPyConnection
) -> None:
    moment, readings = read_at
    for window, days in WINDOWS.items():
        took_ms = resolutions(rows, moment, days)
        assert len(took_ms) > 50
        mean = readings.reading("crm_resolution_seconds_mean", window)
        assert (mean["numerator"], mean["denominator"]) == (sum(took_ms), len(took_ms))
        for label, rank in (("0.5", -(-len(took_ms) * 5 // 10)), ("0.9", -(-len(took_ms) * 9 // 10))):
            value = readings.value("crm_resolution_seconds", window, quantile=label)
            assert value == pytest.approx(took_ms[rank - 1] / 1000, rel=BUCKET)


def test_the_backlog_is_what_stood_open_and_its_age_that_of_the_oldest(
    read_at: tuple[datetime, Readings], rows: duckdb.DuckDBPyConnection
) -> None:
    moment, readings = read_at
    now_ms = since_epoch_ms(moment)
    query = f"SELECT count(*), min(created_ms) FROM ({STANDING}) WHERE resolved_ms IS NULL"
    open_, oldest_ms = rows.execute(query, [now_ms]).fetchall()[0]
    assert open_ > 20
    assert readings.value("crm_tickets_open", "now") == open_
    assert readings.value("crm_tickets_open_oldest_seconds", "now") == (now_ms - oldest_ms) / 1000


def test_in_the_end_no_ticket_is_open(
    converted: Converted, rows: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    readings = replay(tmp_path, converted.lines, "2012-11-07")
    assert readings.value("crm_tickets_open", "now") == 0
    assert readings.value("crm_tickets_open_oldest_seconds", "now") is None


def test_a_reopened_ticket_is_no_first_contact_and_a_second_end_is_no_reopening(converted: Converted) -> None:
    reopened = converted.found["crm.ticket.reopened"]
    repeated = converted.found["crm.ticket.resolved"] - 3_804 - reopened
    assert (reopened, repeated) == (138, 208)
