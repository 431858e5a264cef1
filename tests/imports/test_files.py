"""Files as they come: encodings, delimiters, formats, and what is wrong with them."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from streams.errors import MappingError, MissingPart
from streams.imports.dialect import dialect
from streams.imports.encodings import BadFile
from tests.imports.runs import Result, event, imported, mapping

SIMPLE = mapping(event(data={"stage": "cell"}))
ROWS = "id,customer,day,cell\nD0,c,2024-01-01,{}\nD1,c,2024-01-01,x\n"


def stages(result: Result) -> list[str | None]:
    return [data.get("stage") for data in result.data]


# -- Encodings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "cell"),
    [
        ("utf-8", "żółć €"),
        ("utf-8-sig", "żółć €"),
        ("utf-16", "żółć €"),
        ("utf-16-le", "żółć €"),
        ("utf-16-be", "żółć €"),
        ("utf-32", "żółć €"),
        ("cp1252", "Größe €"),
        ("latin-1", "Größe"),
    ],
)
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str, cell: str) -> None:
    assert stages(imported(tmp_path, ROWS.format(cell).encode(encoding), SIMPLE)) == [cell, "x"]


def test_an_encoding_that_no_file_tells_is_said_by_the_mapping(tmp_path: Path) -> None:
    text = mapping(event(data={"stage": "cell"}), read={"encoding": "cp1250"})
    assert stages(imported(tmp_path, ROWS.format("żółć").encode("cp1250"), text)) == ["żółć", "x"]


def test_one_accent_after_megabytes_of_ascii_is_enough_to_tell(tmp_path: Path) -> None:
    lines = "D,c,2024-01-01,x\n" * 70_000
    raw = ("id,customer,day,cell\n" + lines).encode() + "D,c,2024-01-01,Größe\n".encode("cp1252")
    assert stages(imported(tmp_path, raw, SIMPLE))[-1] == "Größe"


def test_a_file_that_is_not_in_the_encoding_that_the_mapping_says_is_refused(tmp_path: Path) -> None:
    text = mapping(event(), read={"encoding": "ascii"})
    with pytest.raises(BadFile, match="ordinal not in range"):
        imported(tmp_path, ROWS.format("é"), text)


def test_a_gzipped_file_is_unpacked(tmp_path: Path) -> None:
    raw = gzip.compress(ROWS.format("Größe").encode("cp1252"))
    assert stages(imported(tmp_path, raw, SIMPLE, name="x.csv.gz")) == ["Größe", "x"]
    assert stages(imported(tmp_path, gzip.compress(ROWS.format("é").encode()), SIMPLE, name="y.csv.gz")) == [
        "é",
        "x",
    ]


# -- CSV --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    cell = '"' + {",": "a;b;c", ";": "1,5"}.get(delimiter, "a,b;c") + '"'
    assert stages(imported(tmp_path, ROWS.replace(",", delimiter).format(cell), SIMPLE)) == [
        cell.strip('"'),
        "x",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_first_line_that_tells_the_delimiter_is_no_header(tmp_path: Path, newline: str) -> None:
    raw = "sep=;\n" + ROWS.replace(",", ";").format("1,5") + "short\n"
    result = imported(tmp_path, raw.replace("\n", newline), SIMPLE)
    assert stages(result) == ["1,5", "x"]
    assert [line.line for line in result.imported.unreadable] == [5]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newlines_of_every_system_are_read(tmp_path: Path, newline: str) -> None:
    assert stages(imported(tmp_path, ROWS.format("a").replace("\n", newline), SIMPLE)) == ["a", "x"]


def test_newlines_of_two_systems_in_one_file_are_read(tmp_path: Path) -> None:
    raw = ROWS.format('"one\ntwo"').replace("x\n", "x\r\nD2,c,2024-01-01,y\r\n")
    assert stages(imported(tmp_path, raw, SIMPLE)) == ["one\ntwo", "x", "y"]


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    told = {
        "type": "crm.deal.created",
        "time": "column2",
        "data": {"deal_id": "column0", "customer_id": "column1"},
    }
    result = imported(tmp_path, "D0,c,2024-01-01\n", mapping(told, read={"header": False}))
    assert result.data == [{"deal_id": "D0", "customer_id": "c"}]


def test_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    text = mapping(event(data={"stage": "cell_2"}))
    assert stages(
        imported(tmp_path, "id,customer,day,cell,Cell,\nD0,c,2024-01-01,a,b,\n".replace("Cell", "cell"), text)
    ) == ["b"]


def test_rows_with_too_few_or_too_many_cells_are_skipped_and_told_and_no_others(tmp_path: Path) -> None:
    raw = "id,customer,day,cell\nD0,c,2024-01-01,a\nD1,c\nD2,c,2024-01-01,b,more\nD3,c,2024-01-01,d\n"
    result = imported(tmp_path, raw, SIMPLE)
    assert [data["deal_id"] for data in result.data] == ["D0", "D3"]
    assert [(line.line, line.text) for line in result.imported.unreadable] == [
        (3, "D1,c"),
        (4, "D2,c,2024-01-01,b,more"),
    ]
    assert result.imported.skipped == 2


def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    result = imported(
        tmp_path, 'id,customer,day,cell\nD0,c,2024-01-01,a\nD1,c,2024-01-01,"b\nD2,c,2024-01-01,d\n', SIMPLE
    )
    assert [data["deal_id"] for data in result.data] == ["D0"]
    assert result.imported.skipped == 1


def test_nul_bytes_are_text(tmp_path: Path) -> None:
    assert stages(imported(tmp_path, ROWS.format("a\0b"), SIMPLE)) == ["a\0b", "x"]


def test_a_cell_of_a_megabyte_is_an_event_too_many_bytes_long_and_nothing_worse(tmp_path: Path) -> None:
    result = imported(tmp_path, ROWS.format("a" * 3_000_000), SIMPLE)
    assert (stages(result), result.faults) == (["x"], {("too_large", None): 1})


def test_a_header_alone_is_a_file_of_no_rows(tmp_path: Path) -> None:
    result = imported(tmp_path, "id,customer,day,cell\n", SIMPLE)
    assert (result.data, result.imported.is_complete) == ([], True)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"input.csv: is empty"):
        imported(tmp_path, b"", SIMPLE)


def test_a_column_that_is_missing_is_named_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"no column 'cell'; did you mean 'sell'"):
        imported(tmp_path, ROWS.replace("cell", "sell").format("x"), SIMPLE)


def test_a_delimiter_inside_quotes_is_not_counted() -> None:
    assert dialect('a;b\n"1,2,3,4";x\n"1,2,3,4";y\n').delimiter == ";"


# -- Other formats ----------------------------------------------------------------------------------------


def test_the_values_of_ndjson_are_what_they_are(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "007", "customer": "c", "day": "2024-01-01T10:00:00Z", "cell": 12.5},
        {"id": "2024-01-01", "customer": "c", "day": "2024-01-01", "cell": None},
        {"id": "x", "customer": "c", "day": "2024-01-01", "cell": 3, "open": True},
    ]
    text = mapping(
        event(
            data={
                "amount_minor": {"column": "cell", "digits": 2},
                "stage": {"column": "open", "values": {"true": "yes"}},
            }
        ),
        currency="USD",
    )
    result = imported(tmp_path, "\n".join(map(json.dumps, rows)), text, name="x.ndjson")
    assert [data["deal_id"] for data in result.data] == ["007", "2024-01-01", "x"]
    assert [data.get("amount_minor") for data in result.data] == [1250, None, 300]
    assert [data.get("stage") for data in result.data] == [None, None, "yes"]


def test_the_types_of_parquet_are_used(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = duckdb.sql(
        "SELECT '007' AS id, 'c' AS customer, DATE '2024-01-01' AS day, 12.50::DECIMAL(9, 2) AS cell, "
        "TIMESTAMPTZ '2024-01-01 10:00:00+02' AS instant, TIMESTAMP '2024-01-01 10:00:00' AS local"
    )
    assert rows is not None
    rows.write_parquet(str(path))
    told = [
        event(time=column, id=f"{{id}}/{column}", data={"amount_minor": {"column": "cell", "digits": 2}})
        for column in ("day", "instant", "local")
    ]
    text = mapping(*told, currency="USD", time_zone="America/New_York")
    result = imported(tmp_path, path.read_bytes(), text, name="x.parquet")
    assert [one["time"] for one in result.events] == [
        "2024-01-01T17:00:00.000Z",
        "2024-01-01T08:00:00.000Z",
        "2024-01-01T15:00:00.000Z",
    ]
    assert [data["amount_minor"] for data in result.data] == [1250] * 3


def test_a_file_that_is_not_what_its_name_says_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="x.parquet"):
        imported(tmp_path, ROWS, SIMPLE, name="x.parquet")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = mapping(
        event(data={"stage": "cell"}),
        files={"others": "others.csv"},
        rows="SELECT * FROM input JOIN others USING (id)",
    )
    with pytest.raises(BadFile, match=r"others.csv: No such file"):
        imported(tmp_path, ROWS, text)


# -- Locked in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        "SELECT * FROM read_csv('{directory}/other.csv')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM 'http://localhost:1/x.csv'",
        "SELECT * FROM glob('/*')",
        "COPY input TO '{directory}/copy.csv'",
        "SELECT * FROM input; SELECT 1",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "ATTACH '{directory}/x.db'",
    ],
)
def test_a_mapping_can_read_its_files_and_do_nothing_else(tmp_path: Path, rows: str) -> None:
    (tmp_path / "other.csv").write_text("id,customer,day,cell\nD0,c,2024-01-01,secret\n")
    text = mapping(event(data={"stage": "cell"}), rows=rows.format(directory=tmp_path))
    with pytest.raises(BadFile):
        imported(tmp_path, ROWS.format("x"), text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input.csv", "other.csv"]


def test_tables_beside_the_file_are_joined(tmp_path: Path) -> None:
    (tmp_path / "teams.csv").write_text("cell;stage\nx;joined\n")
    text = mapping(
        event(data={"stage": "stage"}),
        files={"teams": "teams.csv"},
        rows="SELECT input.*, teams.stage FROM input LEFT JOIN teams USING (cell)",
    )
    assert stages(imported(tmp_path, ROWS.format("a"), text)) == [None, "joined"]


def test_without_duckdb_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingPart, match=r"pip install 'crm-kpi-streams\[tools\]'"):
        imported(tmp_path, ROWS.format("a"), SIMPLE)


def test_lines_of_ndjson_that_are_no_objects_are_skipped_and_told(tmp_path: Path) -> None:
    lines = [
        '{"id": "D0", "customer": "c", "day": "2024-01-01", "cell": {"a": [1]}}',
        "nonsense",
        "",
        "[1]",
        '{"id": "D1", "customer": "c", "day": "2024-01-01", "CELL": "x", "a/b~c": 1}',
        '{"id": "D2"',
    ]
    text = mapping(event(data={"stage": {"first": ["cell", "CELL_2", "a/b~c"]}}))
    result = imported(tmp_path, "\n".join(lines), text, name="x.jsonl")
    assert stages(result) == ['{"a":[1]}', "x"]
    assert [line.line for line in result.imported.unreadable] == [2, 4, 6]
    assert result.imported.skipped == 3


@pytest.mark.parametrize("separator", [",", ",\n"])
def test_an_array_of_json_is_refused_with_what_makes_lines_of_it(tmp_path: Path, separator: str) -> None:
    objects = separator.join(['{"id": "D0", "customer": "c", "day": "2024-01-01"}'] * 2)
    with pytest.raises(BadFile, match=r"x.json: is a JSON array; .*jq -c"):
        imported(tmp_path, f"\n[\n{objects}]\n", mapping(event()), name="x.json")


def test_a_row_that_cannot_be_read_is_told_with_the_file_it_stands_in(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    beside = tmp_path / "there" / "input.csv"
    beside.write_bytes("cell,stage\na,Größe\nb,c,d\n".encode("cp1252"))
    text = mapping(
        event(data={"stage": "stage"}),
        files={"others": "there/input.csv"},
        rows="SELECT input.*, others.stage FROM input LEFT JOIN others USING (cell)",
    )
    result = imported(tmp_path, ROWS.format("a").encode("utf-16"), text)
    assert stages(result) == ["Größe", None]
    assert [(line.path, line.line) for line in result.imported.unreadable] == [(beside, 3)]
