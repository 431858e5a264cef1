"""An import that was interrupted goes on where it was, and one that is repeated makes the same lines."""

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.imports import database
from streams.imports.journal import Rest, RowDigest
from streams.imports.rejects import RejectsFile
from tests.imports.runs import Kept, Result, event, imported, mapping

BATCH_ROWS = 100
ROWS = 3 * BATCH_ROWS
TEXT = mapping(event(id="{id}"), event("crm.deal.lost", id="{id}/lost", when="cell == 'x'"))
DAY = "2024-01-01"
HEADER = "id,customer,day,cell\n"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH_ROWS", BATCH_ROWS)


def csv(numbers: range = range(ROWS), cell: str = "x") -> str:
    return HEADER + "".join(f"D{number},c,2024-01-01,{cell if number % 2 else ''}\n" for number in numbers)


def stopped_after(batches: int, directory: Path, content: str) -> Result:
    """An import that somebody stops."""
    left = iter([True] * (batches - 1) + [False])
    return imported(directory, content, TEXT, journal=True, go_on=lambda: next(left))


def ids(*results: Result) -> list[str]:
    return [told["id"] for result in results for told in result.events]


def test_it_goes_on_after_what_was_safe_and_nothing_is_missing_or_twice(tmp_path: Path) -> None:
    whole = imported(tmp_path, csv(), TEXT)
    first = stopped_after(1, tmp_path, csv())
    second = imported(tmp_path, csv(), TEXT, journal=True)
    assert not first.imported.is_complete
    assert second.imported.done_before == BATCH_ROWS
    assert ids(first, second) == ids(whole)
    assert second.imported.counts == whole.imported.counts  # of the whole file


def test_what_was_not_safe_when_it_was_killed_comes_again(tmp_path: Path) -> None:
    killed = Kept(fails_after=2 * BATCH_ROWS)
    with pytest.raises(ConnectionError):
        imported(tmp_path, csv(), TEXT, journal=True, sink=killed)
    again = imported(tmp_path, csv(), TEXT, journal=True)
    assert again.imported.done_before == 0
    assert ids(again) == ids(imported(tmp_path, csv(), TEXT))


def test_what_was_written_but_never_acknowledged_does_not_count_as_done(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        imported(tmp_path, csv(), TEXT, journal=True, sink=Kept(fails_to_settle=True))
    again = imported(tmp_path, csv(), TEXT, journal=True)
    assert (again.imported.done_before, again.imported.is_complete) == (0, True)


def test_a_file_that_is_done_is_not_read_again(tmp_path: Path) -> None:
    first = imported(tmp_path, csv(), TEXT, journal=True)
    again = imported(tmp_path, csv(), TEXT, journal=True)
    assert (again.sink.lines, again.imported.is_complete) == ([], True)
    assert again.imported.counts == first.imported.counts


def test_of_a_file_that_has_grown_only_the_new_rows_are_imported(tmp_path: Path) -> None:
    imported(tmp_path, csv(), TEXT, journal=True)
    grown = imported(tmp_path, csv() + csv(range(ROWS, ROWS + 3)).removeprefix(HEADER), TEXT, journal=True)
    assert ids(grown) == [f"D{ROWS}", f"D{ROWS + 1}", f"D{ROWS + 1}/lost", f"D{ROWS + 2}"]


@pytest.mark.parametrize("other", [csv(cell="y"), csv(range(10)), HEADER])
def test_a_file_whose_rows_have_changed_is_imported_from_its_beginning(tmp_path: Path, other: str) -> None:
    stopped_after(1, tmp_path, csv())
    again = imported(tmp_path, other, TEXT, journal=True)
    assert again.imported.done_before == 0
    assert ids(again) == ids(imported(tmp_path, other, TEXT))


def test_a_table_beside_the_file_that_was_corrected_makes_its_events_anew(tmp_path: Path) -> None:
    text = mapping(
        event(data={"stage": "name"}),
        files={"names": "names.csv"},
        rows="SELECT input.*, names.name FROM input LEFT JOIN names USING (cell)",
    )
    names = tmp_path / "names.csv"
    names.write_text("cell,name\nx,wrong\n")
    first = imported(tmp_path, csv(range(2)), text, journal=True)
    names.write_text("cell,name\nx,corrected\n")
    again = imported(tmp_path, csv(range(2)), text, journal=True)
    repeated = imported(tmp_path, csv(range(2)), text, journal=True)
    assert [result.data[-1]["stage"] for result in (first, again)] == ["wrong", "corrected"]
    assert (repeated.sink.lines, repeated.imported.seconds) == ([], 0)  # not read again


BAD = HEADER + "".join(f"D{number},c,{'bad' if number < 5 else DAY},\n" for number in range(ROWS)) + "short\n"


def rejected(directory: Path, content: str, **more: Any) -> tuple[list[bytes], Result]:
    """The lines of the file of what was skipped, and the import."""
    file = BytesIO()
    result = imported(directory, content, TEXT, journal=True, rejects=RejectsFile(file), **more)
    return file.getvalue().splitlines(), result


def test_what_is_skipped_is_written_in_full_when_an_import_goes_on_and_when_it_is_repeated(
    tmp_path: Path,
) -> None:
    stopped, first = rejected(tmp_path, BAD, go_on=lambda: False)
    rest, second = rejected(tmp_path, BAD)
    repeated, third = rejected(tmp_path, BAD)
    assert (len(stopped), first.imported.skipped) == (5, 5)
    assert (second.imported.done_before, len(rest), second.imported.skipped) == (BATCH_ROWS, 6, 6)
    assert (repeated, third.imported.skipped, third.sink.lines) == (rest, 6, [])


def test_a_repeated_import_tells_of_lines_that_are_no_rows_as_the_first_one_did(tmp_path: Path) -> None:
    first, again = (imported(tmp_path, BAD, TEXT, journal=True).imported for _ in range(2))
    assert (first.skipped, again.skipped) == (6, 6)


def test_what_was_skipped_of_rows_that_have_changed_is_not_written_twice(tmp_path: Path) -> None:
    stopped_after(2, tmp_path, BAD)
    lines, result = rejected(tmp_path, BAD.replace(f"D{BATCH_ROWS + 1},", "other,"))
    assert (result.imported.done_before, len(lines)) == (0, 6)


def test_a_place_is_not_that_of_another_mapping(tmp_path: Path) -> None:
    stopped_after(1, tmp_path, csv())
    other = imported(tmp_path, csv(), mapping(event(id="{id}/other")), journal=True)
    assert other.imported.done_before == 0


def test_a_journal_that_was_cut_off_counts_for_nothing(tmp_path: Path) -> None:
    stopped_after(1, tmp_path, csv())
    (journal,) = (tmp_path / "journal").iterdir()
    assert journal.stat().st_mode & 0o777 == 0o600
    os.truncate(journal, 40)
    assert imported(tmp_path, csv(), TEXT, journal=True).imported.done_before == 0


CELLS = st.lists(st.tuples(st.text('ab,"\n é', max_size=4), st.sampled_from(["x", ""])), max_size=30)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CELLS)
def test_the_same_file_makes_the_same_lines(tmp_path: Path, cells: list[tuple[str, str]]) -> None:
    rows = ['"{}",c,2024-01-01,{}\n'.format(text.replace('"', '""'), cell) for text, cell in cells]
    query = "SELECT *, count(*) OVER (PARTITION BY cell) AS many FROM input"
    text = mapping(event(data={"stage": "many"}), rows=query)
    first, again = (imported(tmp_path, HEADER + "".join(rows), text) for _ in range(2))
    assert first.sink.lines == again.sink.lines
    assert first.imported.counts == again.imported.counts


@given(st.lists(st.lists(st.sampled_from([b"a", b"b", None]), max_size=4)), st.integers(0, 9))
def test_the_digest_of_rows_does_not_depend_on_how_they_are_batched(
    batches: list[list[bytes | None]], done: int
) -> None:
    rows = [(line,) for batch in batches for line in batch]
    before, whole = RowDigest(), RowDigest()
    before.add(rows[:done])
    whole.add(rows)
    rest = Rest(min(done, len(rows)), str(before))
    given_rows = [
        row for batch in rest.of([[(line,) for line in batch] for batch in batches]) for row in batch
    ]
    assert (given_rows, str(rest.digest)) == (rows[done:], str(whole))
