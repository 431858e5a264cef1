"""A dry run says what would become of a file: what comes out, what does not and why, and what is not used."""

import re
from io import StringIO
from pathlib import Path

from rich.console import Console

from streams.commands.previews import print_preview
from streams.imports.preview import Preview, preview
from tests.imports.runs import Nobody, event, job, mapping

ROWS = """id,customer,day,note
A,a,2024-01-05,x
B,b,2024-01-03,x
,c,2024-01-04,x
D,d,tomorrow,x
E,e,2029-01-04,x
skip,e,2024-01-04,x
"""
MAPPING = mapping(event(when="id != 'skip'"))


def previewed(directory: Path, content: str, text: str) -> Preview:
    file = directory / "rows.csv"
    file.write_text(content)
    return preview(file, job(text, directory), Nobody())


def printed(found: Preview, width: int = 80) -> list[str]:
    said = StringIO()
    print_preview(Console(file=said, width=width), Path("rows.csv"), found)
    return said.getvalue().splitlines()


def test_the_first_event_of_each_type_is_the_one_of_the_first_row(tmp_path: Path) -> None:
    won = event("crm.deal.won", when="id == 'B'", data={"amount_minor": {"constant": 1}})
    found = previewed(tmp_path, ROWS, mapping(event(when="id != 'A'"), won, currency="EUR"))
    assert {type_: row for type_, (row, _) in found.seen.firsts.items()} == {
        "crm.deal.created": 2,
        "crm.deal.won": 2,
    }


def test_events_rows_without_one_and_the_time_range_are_counted(tmp_path: Path) -> None:
    found = previewed(tmp_path, ROWS, MAPPING)
    assert found.counts.rows == 6 and found.counts.events == {"crm.deal.created": 3}
    assert found.no_event == 1
    assert "- From 2024-01-03T12:00:00.000Z to 2029-01-04T12:00:00.000Z." in printed(found)


def test_what_is_skipped_is_said_with_its_row_and_cell(tmp_path: Path) -> None:
    said = printed(previewed(tmp_path, ROWS, MAPPING))
    told = [re.sub(r"\s+", " ", line).strip() for line in said]
    assert "1 x crm.deal.created: missing_field (data.deal_id)" in told
    assert "row 3: data.deal_id: nothing in column id" in told
    assert "1 x crm.deal.created: bad_time (time)" in told
    assert any("row 4: time: 'tomorrow' in column day is not a time" in line for line in told)


def test_columns_that_no_event_reads_are_named_but_not_those_of_a_condition(tmp_path: Path) -> None:
    assert list(previewed(tmp_path, ROWS, MAPPING).unused) == ["note"]
    assert not previewed(tmp_path, ROWS, mapping(event(when="note == 'x'"))).unused


def test_events_that_would_be_taken_for_the_same_one_are_counted(tmp_path: Path) -> None:
    twice = mapping(event(id="{customer}", when="day != 'tomorrow' and id != None"))
    found = previewed(tmp_path, ROWS, twice)
    assert found.counts.repeated == 1
    assert "- 1 events have the id of an earlier one: only one of each counts." in printed(found)


def test_history_that_a_worker_does_not_remember_is_pointed_out(tmp_path: Path) -> None:
    found = previewed(tmp_path, ROWS, MAPPING)  # judged in 2030
    assert found.seen.old == 2


def test_nothing_in_a_cell_is_obeyed_by_the_terminal(tmp_path: Path) -> None:
    found = previewed(tmp_path, f"{ROWS}\x1b[31mF,f,\x1b]0;bad\x07,[red]\n", MAPPING)
    said = "\n".join(printed(found))
    assert "\x1b" not in said and "\x07" not in said and "bad_time" in said


def test_all_of_it_fits_into_80_columns(tmp_path: Path) -> None:
    found = previewed(tmp_path, ROWS, MAPPING)
    assert max(map(len, printed(found))) <= 80
