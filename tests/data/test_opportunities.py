"""Real opportunities through `kpi replay`, against SQL over the rows as they stand in the file."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.data import opportunities
from tests.data.lines import Converted
from tests.replays import Readings, replay

BUCKET = 0.10
"""A quantile is at most so far from the exact one."""
PIPELINE = f"""
    SELECT
        replace(product, 'GTXPro', 'GTX Pro') AS product,
        deal_stage AS stage,
        strptime(engage_date, '%m/%d/%Y')::date AS engaged,
        strptime(close_date, '%m/%d/%Y')::date AS closed,
        close_value AS value,
        account
    FROM read_csv(
        '{opportunities.FOLDER / "sales_pipeline.csv"}',
        types = {{'engage_date': 'VARCHAR', 'close_date': 'VARCHAR'}}
    )
"""

# Read at the first instant of a day: a window of so many days begins so many days before it.
MOMENTS = {
    "2018-01-01": (("90d", "2017-10-03"), ("365d", "2017-01-01"), ("30d", "2017-12-02")),
    "2017-07-15": (("90d", "2017-04-16"), ("365d", "2016-07-15"), ("mtd", "2017-07-01")),
}


@pytest.fixture(scope="module")
def converted() -> Converted:
    return opportunities.converted()


@pytest.fixture(scope="module", params=MOMENTS)
def read_at(
    request: pytest.FixtureRequest, converted: Converted, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Readings]:
    """A moment, and the readings at it."""
    moment: str = request.param
    return moment, replay(tmp_path_factory.mktemp("opportunities"), converted.lines, moment)


@pytest.fixture(scope="module")
def rows() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE pipeline AS {PIPELINE}")
        yield connection


def asked(rows: duckdb.DuckDBPyConnection, query: str, *given: Any) -> list[Any]:
    """The first column."""
    return [found[0] for found in rows.execute(query, given).fetchall()]


def test_rows_that_lack_something_are_counted(converted: Converted, rows: duckdb.DuckDBPyConnection) -> None:
    for what, condition in (
        ("rows", "true"),
        ("without engage date", "engaged IS NULL"),
        ("without account", "account IS NULL"),
        ("without value", "value IS NULL AND engaged IS NOT NULL"),
    ):
        assert [converted.found[what]] == asked(rows, f"SELECT count(*) FROM pipeline WHERE {condition}")
    assert converted.found["respelled"] == 1_480
    closed = asked(rows, "SELECT count(*) FROM pipeline WHERE closed IS NOT NULL")[0]
    engaged = converted.found["rows"] - converted.found["without engage date"]
    assert len(converted.lines) == engaged + closed


def test_the_win_rate_is_that_of_the_deals_closed_in_the_window(
    read_at: tuple[str, Readings], rows: duckdb.DuckDBPyConnection
) -> None:
    moment, readings = read_at
    for window, since in MOMENTS[moment]:
        count = "SELECT count(*) FROM pipeline WHERE stage = ? AND closed >= ? AND closed < ?"
        won, lost = (asked(rows, count, stage, since, moment)[0] for stage in ("Won", "Lost"))
        assert won > 100
        assert readings.fraction("crm_win_ratio", window) == (won, won + lost)
        assert readings.value("crm_win_ratio", window) == won / (won + lost)


def test_the_sales_cycle_is_in_the_middle_at_its_tenth_and_on_average_that_of_the_rows(
    read_at: tuple[str, Readings], rows: duckdb.DuckDBPyConnection
) -> None:
    moment, readings = read_at
    won = "FROM pipeline WHERE stage = 'Won' AND closed >= ? AND closed < ?"
    for window, since in MOMENTS[moment]:
        days = asked(rows, f"SELECT closed - engaged {won} ORDER BY 1", since, moment)
        mean = readings.reading("crm_sales_cycle_seconds_mean", window)
        assert (mean["numerator"], mean["denominator"]) == (sum(days) * 86_400_000, len(days))
        for label, rank in (("0.5", -(-len(days) * 5 // 10)), ("0.9", -(-len(days) * 9 // 10))):
            value = readings.value("crm_sales_cycle_seconds", window, quantile=label)
            assert value == pytest.approx(days[rank - 1] * 86_400, rel=BUCKET)


def test_revenue_by_product_adds_up_to_the_whole(
    read_at: tuple[str, Readings], rows: duckdb.DuckDBPyConnection
) -> None:
    moment, readings = read_at
    by_product = """
        SELECT product, sum(value)::bigint FROM pipeline
        WHERE stage = 'Won' AND closed >= ? AND closed < ? GROUP BY product
    """
    for window, since in MOMENTS[moment]:
        expected = {name: value * 100 for name, value in rows.execute(by_product, [since, moment]).fetchall()}
        members = readings.members("crm_revenue", window, "product_id")
        assert {name: one["numerator"] for name, one in members.items() if one["numerator"]} == expected
        assert "GTX Pro" in expected and "GTXPro" not in expected
        assert readings.reading("crm_revenue", window)["numerator"] == sum(expected.values())
        assert readings.value("crm_revenue", window) == sum(expected.values()) / 100


def test_the_pipeline_is_what_stood_open_at_list_price(
    read_at: tuple[str, Readings], rows: duckdb.DuckDBPyConnection
) -> None:
    moment, readings = read_at
    worth = asked(
        rows,
        f"""
        SELECT sum(sales_price)::bigint * 100
        FROM pipeline JOIN read_csv('{opportunities.FOLDER / "products.csv"}') USING (product)
        WHERE engaged < ? AND (closed IS NULL OR closed >= ?)
        """,
        *(moment, moment),
    )
    assert [readings.reading("crm_pipeline", "now")["numerator"]] == worth
