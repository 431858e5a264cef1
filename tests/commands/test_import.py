"""`kpi import` as people and scripts meet it."""

import json
from pathlib import Path

import pytest

from tests.commands.runs import Running, Say
from tests.imports.runs import event, mapping

MAPPING = mapping(event(id="{id}"))
CSV = "id,customer,day\nD0,c,2024-01-01\nD1,,2024-01-02\nD2,c\nD3,c,2024-01-03\n"


@pytest.fixture(autouse=True)
def files(directory: Path) -> None:
    (directory / "mapping.yaml").write_text(MAPPING)
    (directory / "deals.csv").write_text(CSV)


def imported(said: Say, *arguments: str) -> tuple[int, str]:
    done = said("import", "deals.csv", "--mapping", "mapping.yaml", *arguments)
    assert done.out == ""
    return done.status, done.err


def test_what_is_good_is_written_and_what_is_not_is_told_by_row_and_column(
    said: Say, directory: Path
) -> None:
    status, told = imported(said, "--out", "events.ndjson")
    assert status == 3
    written = [json.loads(line)["id"] for line in (directory / "events.ndjson").read_bytes().splitlines()]
    assert written == ["D0", "D3"]
    assert "deals.csv: 3 rows, 2 events, 2 skipped" in told
    assert "row 2: data.customer_id: nothing in column customer" in told
    assert "deals.csv, line 4: Expected Number of Columns: 3 Found: 2" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "deals.csv"], "--out deals.csv is a file that is imported"),
        (["--out", "e.ndjson", "--rejects", "./deals.csv"], "--rejects deals.csv is a file that is imported"),
        (["--out", "e.ndjson", "--rejects", "linked.csv"], "--rejects linked.csv is a file that is imported"),
        (["--out", "mapping.yaml"], "--out mapping.yaml is the mapping"),
        (["--out", "names.csv"], "--out names.csv is a table of the mapping"),
        (["--out", "e.ndjson", "--rejects", "e.ndjson"], "--rejects e.ndjson is the file of --out"),
    ],
)
def test_nothing_that_is_read_is_written_over(
    said: Say, directory: Path, arguments: list[str], told: str
) -> None:
    text = mapping(event(id="{id}"), files={"names": "names.csv"}, rows="FROM input")
    for name, content in (("mapping.yaml", text), ("names.csv", "id,name\n")):
        (directory / name).write_text(content)
    (directory / "linked.csv").hardlink_to(directory / "deals.csv")
    before = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    status, why = imported(said, *arguments)
    assert status != 0 and f"{told}: choose another name" in why
    assert {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()} == before


def test_equal_rows_without_an_id_are_told(said: Say, directory: Path) -> None:
    (directory / "mapping.yaml").write_text(mapping(event()))
    (directory / "deals.csv").write_text("id,customer,day\n" + "D0,c,2024-01-01\n" * 3)
    status, told = imported(said, "--out", "events.ndjson")
    assert status == 0 and "2  of them have the id of an earlier one: only one of each counts" in told


def test_with_nothing_skipped_all_is_well(said: Say, directory: Path) -> None:
    (directory / "deals.csv").write_text("id,customer,day\nD0,c,2024-01-01\n")
    status, told = imported(said, "--out", "events.ndjson")
    assert status == 0
    assert "1 rows, 1 events, 0 skipped" in told


def test_what_is_skipped_is_written_to_a_file_for_whoever_mends_it(said: Say, directory: Path) -> None:
    imported(said, "--out", "events.ndjson", "--rejects", "rejects.ndjson")
    refused, unreadable = map(json.loads, (directory / "rejects.ndjson").read_bytes().splitlines())
    assert (refused["file"], refused["row"], refused["reason"]) == ("deals.csv", 2, "missing_field")
    assert refused["event"]["data"] == {"deal_id": "D1"}
    assert (unreadable["line"], unreadable["text"]) == (4, "D2,c")


def test_the_events_of_several_files_go_into_one(said: Say, directory: Path) -> None:
    (directory / "more.csv").write_text("id,customer,day\nD9,c,2024-01-01\n")
    imported(said, "more.csv", "--out", "events.ndjson")
    written = [json.loads(line)["id"] for line in (directory / "events.ndjson").read_bytes().splitlines()]
    assert written == ["D0", "D3", "D9"]


def test_a_file_that_is_not_there_leaves_none_behind(said: Say, directory: Path) -> None:
    status, told = imported(said, "none.csv", "--out", "events.ndjson")
    assert (status, "none.csv: No such file" in told) == (1, True)
    assert sorted(path.name for path in directory.iterdir()) == ["deals.csv", "mapping.yaml"]


def test_where_the_events_go_must_be_said(said: Say) -> None:
    status, told = imported(said)
    assert (status, "--out FILE.ndjson, or KPI_BROKER" in told) == (1, True)


def test_a_mapping_must_be_given_and_how_to_begin_one_is_said(said: Say) -> None:
    done = said("import", "rows.csv", "--out", "o.ndjson")
    assert done.status == 1 and "`kpi import --guess rows.csv` writes a first one" in done.err


def test_a_guess_is_of_one_file(said: Say) -> None:
    done = said("import", "rows.csv", "more.csv", "--guess")
    assert done.status == 1 and "--guess looks at one file" in done.err


def test_a_kafka_that_does_not_answer_is_said(said: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_BROKER", "kafka://127.0.0.1:1")
    status, told = imported(said)
    assert (status, told.startswith("kpi: Kafka: ")) == (1, True)


def test_ctrl_c_stops_it_in_good_order_and_nothing_is_written(directory: Path) -> None:
    rows = "".join(f"D{number},c,2024-01-01\n" for number in range(400_000))
    (directory / "deals.csv").write_text(f"id,customer,day\n{rows}")
    running = Running(directory, "import", "deals.csv", "--mapping", "mapping.yaml", "--out", "events.ndjson")
    running.wait_until((directory / "events.ndjson.part").exists)
    running.interrupt()
    assert running.ended() == 130
    assert "stopped; nothing was written" in running.said()
    assert sorted(path.name for path in directory.iterdir()) == ["deals.csv", "mapping.yaml"]
