"""A guessed mapping runs as it is, whatever the file; what it cannot know it says, and nothing personal."""

import csv
import json
from contextlib import suppress
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.imports.encodings import BadFile
from streams.imports.guess import guess
from streams.imports.preview import Preview, preview
from tests.builders import shipped
from tests.data import helpdesk, opportunities
from tests.imports.runs import Nobody, job

DEALS = """Deal ID;Deal Name;Amount;Deal Stage;Create Date;Close Date;Owner Email
1;Müller;1234.50;Closed Won;03.01.2024 10:00;05.02.2024 11:00;a@example.org
2;Größe;12.00;Closed Lost;04.01.2024 10:00;06.02.2024 11:00;b@example.org
3;Straße;;Negotiation;25.01.2024 10:00;;a@example.org
"""
TICKETS = [
    {"id": 35436, "status": "solved", "created_at": "2024-05-01T10:00:00Z", "requester": {"name": "Ann Lee"}},
    {"id": 35437, "status": "open", "created_at": "2024-05-01T11:00:00Z", "requester": {"name": "Bob Ray"}},
]


def written(directory: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    file = directory / name
    file.write_bytes(text.encode(encoding))
    return file


def previewed(file: Path, text: str) -> Preview:
    return preview(file, job(text, file.parent), Nobody())


def events(file: Path) -> dict[str, int]:
    """Of each type how many a guessed mapping gives; none is skipped."""
    found = previewed(file, guess(file, shipped()))
    assert not found.counts.faults and not found.unreadable
    return found.counts.events


def todos(text: str) -> list[str]:
    return [line.partition("TODO: ")[2] for line in text.splitlines() if "TODO: " in line]


# -- What is proposed -------------------------------------------------------------------------------------


def test_the_pipeline_is_guessed_to_be_deals_won_and_lost() -> None:
    counts = events(opportunities.FOLDER / "sales_pipeline.csv")
    assert counts == {"crm.deal.created": 8_300, "crm.deal.won": 4_238, "crm.deal.lost": 2_473}


def test_the_help_desk_is_guessed_to_be_tickets_and_what_is_not_known_is_said() -> None:
    assert events(helpdesk.FILE) == {"crm.ticket.created": 13_710}
    said = todos(guess(helpdesk.FILE, shipped()))
    assert "a CaseID stands in several rows: of which of them is an event made?" in said
    assert "no column says which rows are crm.ticket.resolved." in said


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "utf-16"])
def test_delimiter_encoding_and_format_of_times_are_found(encoding: str, tmp_path: Path) -> None:
    file = written(tmp_path, "deals.csv", DEALS, encoding)
    text = guess(file, shipped())
    assert 'delimiter: ";"' in text and 'format: "%d.%m.%Y %H:%M"' in text
    assert events(file) == {"crm.deal.created": 3, "crm.deal.won": 1, "crm.deal.lost": 1}


def test_a_file_without_a_header_has_columns_by_number(tmp_path: Path) -> None:
    rows = "A1,2024-01-03,Won,100.50\nA2,2024-02-03,Lost,12\nA3,2024-02-04,Won,13\n"
    file = written(tmp_path, "rows.csv", rows)
    assert "header: false" in guess(file, shipped())
    assert events(file) == {"crm.deal.created": 3, "crm.deal.won": 2, "crm.deal.lost": 1}


@pytest.mark.parametrize(
    ("name", "columns", "row", "type_"),
    [
        (
            "a.csv",
            "Case Number,Date/Time Opened",
            "00001026,1/14/2024 9:30 AM",
            "crm.ticket.created",
        ),
        ("b.csv", "lead_id,created_at,lead_source", "L1,2024-01-14T09:30:00Z,web", "crm.lead.created"),
        ("c.csv", "order_id,paid_at,total", "O1,1714557600,12.50", "crm.order.paid"),
        ("d.csv", "Response ID,Score,Responded at", "R1,9,2024-01-14", "crm.survey.answered"),
        ("opportunities.csv", "Number,On", "N1,2024-01-14", "crm.deal.created"),
    ],
)
def test_the_names_of_the_columns_or_of_the_file_say_what_a_row_is(
    name: str, columns: str, row: str, type_: str, tmp_path: Path
) -> None:
    assert events(written(tmp_path, name, f"{columns}\n{row}\n")) == {type_: 1}


def test_a_time_that_can_be_read_in_two_ways_is_for_a_person_to_decide(tmp_path: Path) -> None:
    file = written(tmp_path, "leads.csv", "lead id,created\n1,01/02/2024\n2,03/04/2024\n")
    assert "%m/%d/%Y, or %d/%m/%Y? Both fit every cell." in todos(guess(file, shipped()))


def test_a_column_that_can_be_read_in_one_way_only_says_how_the_others_are_read(tmp_path: Path) -> None:
    columns = "deal id,stage,created,closed\n1,won,01/02/2024,13/02/2024\n2,lost,03/04/2024,14/04/2024\n"
    text = guess(written(tmp_path, "deals.csv", columns), shipped())
    assert text.count('format: "%d/%m/%Y"') == 3 and "Both fit" not in text


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("1234.5", 123_450),
        ("1,234.50", 123_450),
        ("$1,234", 123_400),
        ("1.234,50", 123_450),
        ("1234,50 €", 123_450),
        ("EUR 12,00", 1_200),
        ("-0,50", -50),
    ],
)
def test_amounts_are_read_as_people_write_them(cell: str, minor: int, tmp_path: Path) -> None:
    file = written(tmp_path, "orders.csv", f"order id;paid;total\nO1;2024-01-14;{cell}\n")
    found = previewed(file, guess(file, shipped()))
    if minor < 0:
        assert [fault.field for fault in found.counts.faults] == ["data.amount_minor"]
        return
    _, line = found.seen.firsts["crm.order.paid"]
    assert json.loads(line)["data"]["amount_minor"] == minor


def test_a_guess_of_cells_with_blanks_around_them_finds_its_rows(tmp_path: Path) -> None:
    stages = ("Closed Won", "Closed Lost", "Closed Won", "Open")
    rows = [f"D-{at}, acme-{at}, {stage}, 12.50,2026-01-15, 2026-02-03" for at, stage in enumerate(stages)]
    text = "\n".join(["Deal ID, Account No,Deal Stage, Amount,Create Date,Close Date", *rows, ""])
    assert events(written(tmp_path, "deals.csv", text)) == {
        "crm.deal.created": 4,
        "crm.deal.won": 2,
        "crm.deal.lost": 1,
    }


def test_an_id_with_signs_in_it_stays_as_it_is(tmp_path: Path) -> None:
    file = written(tmp_path, "deals.csv", "deal id,created\nD-1,2024-01-14\nD-2,2024-01-15\n")
    _, line = previewed(file, guess(file, shipped())).seen.firsts["crm.deal.created"]
    assert json.loads(line)["data"]["deal_id"] == "D-1"


# -- Files of all kinds -----------------------------------------------------------------------------------


def test_ndjson_and_parquet_are_guessed_like_csv(tmp_path: Path) -> None:
    lines = written(tmp_path, "tickets.ndjson", "".join(json.dumps(one) + "\n" for one in TICKETS))
    parquet = tmp_path / "tickets.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM read_ndjson('{lines}')) TO '{parquet}'")
    for file in (lines, parquet):
        assert events(file) == {"crm.ticket.created": 2, "crm.ticket.resolved": 1}


@pytest.mark.parametrize(
    "text",
    [
        "email\na@example.org\nb@example.org\n",
        '"a ""b""","{x}",select,yes,"two\nlines"\n1,2,3,4,5\n2,3,4,5,6\n',
        'id,status\n1,"it\'s ""won"""\n2,it\'s won\n3,it\'s won\n4,"it\'s ""won"""\n',
        "on,null,true,time\n1,2,3,4\n",
        "a;b\n1\n;\n",
        "# TODO: x,- y,'z\n1,2,3\n",
    ],
)
def test_whatever_columns_are_called_the_guess_runs(text: str, tmp_path: Path) -> None:
    file = written(tmp_path, "odd.csv", text)
    found = previewed(file, guess(file, shipped()))
    assert found.counts.events["crm.deal.created"] > 0


@pytest.mark.parametrize("text", ["", "a,b,c\n"])
def test_a_file_without_rows_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no rows|is empty"):
        guess(written(tmp_path, "empty.csv", text), shipped())


# -- Personal data ----------------------------------------------------------------------------------------


def test_nothing_personal_is_shown_or_mapped(tmp_path: Path) -> None:
    deals = guess(written(tmp_path, "deals.csv", DEALS), shipped())
    tickets = guess(
        written(tmp_path, "tickets.ndjson", "".join(json.dumps(one) + "\n" for one in TICKETS)), shipped()
    )
    pipeline = guess(opportunities.FOLDER / "sales_pipeline.csv", shipped())
    for secret in ("Müller", "example.org", "Ann Lee", "Cancity", "Darcel"):
        assert secret not in deals + tickets + pipeline


def test_a_customer_that_has_only_a_name_is_told_by_a_hash(tmp_path: Path) -> None:
    file = written(tmp_path, "deals.csv", "deal id,company,created\n1,Acme,2024-01-01\n2,,2024-01-02\n")
    found = previewed(file, guess(file, shipped()))
    _, line = found.seen.firsts["crm.deal.created"]
    customer = json.loads(line)["data"]["customer_id"]
    assert customer.startswith("customer:") and "acme" not in customer.lower()


# -- Whatever a file holds --------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
TELLING = ("Deal ID", "id", "Stage", "Amount", "Created", "Close Date", "Company", "min", "{x}", 'a"b')
CELLS = (
    "won",
    "Closed Won",
    "2024-01-02",
    "01/02/2024",
    "1.234,50",
    "$1",
    "",
    "12",
    "x'y",
    'a"b',
    "# TODO: y",
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(1, 5), st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-16"]))
def test_a_guess_of_any_file_runs(
    tmp_path: Path, data: st.DataObject, width: int, delimiter: str, encoding: str
) -> None:
    names = st.lists(TEXTS | st.sampled_from(TELLING), min_size=width, max_size=width)
    row = st.lists(TEXTS | st.sampled_from(CELLS), min_size=width, max_size=width)
    text = StringIO()
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    csv.writer(text, delimiter=delimiter).writerows([data.draw(names), *rows])
    file = written(tmp_path, "any.csv", text.getvalue(), encoding)
    with suppress(BadFile):  # there is nothing in it
        previewed(file, guess(file, shipped()))
