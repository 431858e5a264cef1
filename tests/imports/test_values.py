"""What becomes of cells, piece by piece of the mapping's grammar."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.imports.runs import Result, event, imported, mapping

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DAY = "2024-05-06"
FIRST, LAST = datetime.fromisoformat("1950-01-01"), datetime.fromisoformat("2029-01-01")


def csv(cells: list[str], column: str = "cell") -> str:
    """Rows of a deal each, with one more cell."""
    quoted = ['"{}"'.format(cell.replace('"', '""')) for cell in cells]
    rows = [f"D{at},c,{DAY},{cell}" for at, cell in enumerate(quoted)]
    return "\n".join([f"id,customer,day,{column}", *rows]) + "\n"


def became(
    directory: Path, cells: list[str], value: Any, type_: str = "crm.deal.created", **more: Any
) -> Result:
    """The cells as the field `stage`, or as that of `more`."""
    data = more or {"stage": value}
    return imported(directory, csv(cells), mapping(event(type_, data=data)))


def stages(result: Result) -> list[str | None]:
    return [data.get("stage") for data in result.data]


def no_blanks_around(text: str) -> bool:
    return "Zs" not in map(category, (text[0], text[-1]))


# -- Texts ------------------------------------------------------------------------------------------------


def test_a_text_stays_what_it_is_with_all_its_zeros_quotes_and_newlines(tmp_path: Path) -> None:
    cells = ["007", 'a "b"', "one\ntwo", "x  y", "ünï→🙂", "back\\slash", "1e5", "TRUE", "'; DROP", "{x}"]
    assert stages(became(tmp_path, cells, "cell")) == cells


@FEW
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=50).filter(
            no_blanks_around
        ),
        min_size=1,
    )
)
def test_any_text_comes_through_unchanged(tmp_path: Path, cells: list[str]) -> None:
    assert stages(became(tmp_path, cells, "cell")) == cells


def test_blanks_around_a_cell_are_none_of_it(tmp_path: Path) -> None:
    cells = [" Won", "Won ", "\u00a0Won", "  ", " - ", "Won"]
    told = event(data={"stage": "<{cell}>"}), event("crm.deal.lost", when="cell == 'Won'")
    result = imported(tmp_path, csv(cells), mapping(*told, read={"nulls": ["- "]}))
    created = [one["data"].get("stage") for one in result.events if one["type"] == "crm.deal.created"]
    assert created == ["<Won>", "<Won>", "<Won>", None, None, "<Won>"]
    assert result.imported.counts.events["crm.deal.lost"] == 4


def test_an_empty_cell_and_what_stands_for_one_is_no_value(tmp_path: Path) -> None:
    text = mapping(event(data={"stage": "cell"}), read={"nulls": ["NULL", "-"]})
    assert stages(imported(tmp_path, csv(["", "NULL", "-", "null", "x"]), text)) == [
        None,
        None,
        None,
        "null",
        "x",
    ]


def test_a_template_needs_all_of_its_columns(tmp_path: Path) -> None:
    assert stages(became(tmp_path, ["a", ""], "<{cell}>{{{id}}}")) == ["<a>{D0}", None]


def test_the_first_that_has_a_value_is_taken(tmp_path: Path) -> None:
    value = {"first": ["account:{cell}", {"column": "cell"}, "prospect:{id}"]}
    assert stages(became(tmp_path, ["7", ""], value)) == ["account:7", "prospect:D1"]


def test_a_constant_is_the_same_in_every_event(tmp_path: Path) -> None:
    assert stages(became(tmp_path, ["x", ""], {"constant": "it's"})) == ["it's", "it's"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"values": {"A": "one", "B": None}}, ["one", None, "C", None]),
        ({"values": {"A": "one"}, "otherwise": "rest"}, ["one", "rest", "rest", None]),
        ({"values": {"A": "one"}, "otherwise": None}, ["one", None, None, None]),
    ],
)
def test_values_say_what_cells_mean(
    tmp_path: Path, value: dict[str, Any], expected: list[str | None]
) -> None:
    assert stages(became(tmp_path, ["A", "B", "C", ""], {"column": "cell", **value})) == expected


# -- Numbers ----------------------------------------------------------------------------------------------


@FEW
@given(
    st.lists(st.decimals(0, 10**10, allow_nan=False, places=4).map(str), min_size=1),
    st.integers(0, 4),
)
def test_major_units_become_minor_ones_exactly_or_are_refused(
    tmp_path: Path, cells: list[str], digits: int
) -> None:
    value = {"column": "cell", "digits": digits}
    result = became(tmp_path, cells, None, amount_minor=value, currency={"constant": "USD"})
    exact = [Decimal(cell).scaleb(digits) for cell in cells]
    assert [data["amount_minor"] for data in result.data] == [int(one) for one in exact if one == int(one)]
    refused = sum(one != int(one) for one in exact)
    assert result.faults == ({("wrong_type", "data.amount_minor"): refused} if refused else {})


@pytest.mark.parametrize("cell", ["1,054.50", "1e3", "abc", "12.345", "0x10", "1_000", "--1", ".", "$5", "∞"])
def test_what_is_no_amount_is_refused_and_named(tmp_path: Path, cell: str) -> None:
    value = {"column": "cell", "digits": 2}
    result = became(tmp_path, [cell], None, amount_minor=value, currency={"constant": "USD"})
    assert result.messages == [
        f"data.amount_minor: Expected `int | null`, got `str`; column cell: {cell!r}",
    ]


def test_whole_numbers_may_be_written_with_a_sign_zeros_or_a_point(tmp_path: Path) -> None:
    cells = ["7", "007", "+7", "7.0", "7.", "99999999999"]
    result = became(tmp_path, cells, None, amount_minor="cell", currency={"constant": "USD"})
    assert [data["amount_minor"] for data in result.data] == [7, 7, 7, 7, 7, 99999999999]


def test_yes_and_no_in_any_case(tmp_path: Path) -> None:
    cells = ["true", "YES", "1", "t", "False", "no", "0", "N"]
    result = became(tmp_path, [*cells, "maybe"], None, "crm.deal.won", is_new_customer="cell", **AMOUNT)
    assert [data["is_new_customer"] for data in result.data] == [True] * 4 + [False] * 4
    assert result.faults == {("wrong_type", "data.is_new_customer"): 1}


AMOUNT = {"amount_minor": {"constant": 1}, "currency": {"constant": "USD"}}


# -- Times ------------------------------------------------------------------------------------------------


def times(directory: Path, cells: list[str], value: dict[str, Any], zone: str = "UTC") -> Result:
    told = event(time={"column": "cell", **value})
    return imported(directory, csv(cells), mapping(told, time_zone=zone))


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@FEW
@given(
    st.lists(st.datetimes(FIRST, LAST), min_size=1),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_a_local_time_is_what_pythons_zones_say(tmp_path: Path, moments: list[datetime], zone: str) -> None:
    result = times(tmp_path, [moment.isoformat() for moment in moments], {}, zone)
    assert [told["time"] for told in result.events] == [
        utc(moment.replace(tzinfo=ZoneInfo(zone), microsecond=moment.microsecond // 1000 * 1000))
        for moment in moments
    ]


def test_of_an_hour_that_there_was_twice_the_first_is_taken(tmp_path: Path) -> None:
    result = times(tmp_path, ["2024-10-27T02:30:00", "2024-10-27T03:00:00"], {}, "Europe/Berlin")
    assert [told["time"] for told in result.events] == [
        "2024-10-27T00:30:00.000Z",
        "2024-10-27T02:00:00.000Z",
    ]


def test_a_time_that_there_was_not_is_told_by_the_clock_before(tmp_path: Path) -> None:
    result = times(tmp_path, ["2024-03-31T02:30:00"], {"zone": "Europe/Berlin"})
    assert result.events[0]["time"] == "2024-03-31T01:30:00.000Z"  # 03:30 summer time


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ("3/1/2017", {"format": "%m/%d/%Y"}, "2017-03-01T12:00:00.000Z"),
        ("3/1/2017", {"format": "%d/%m/%Y", "at": "08:15"}, "2017-01-03T08:15:00.000Z"),
        ("01.03.17 9:05", {"format": "%d.%m.%y %H:%M"}, "2017-03-01T09:05:00.000Z"),
        ("Mar 1 2017 9:05 PM", {"format": "%b %d %Y %I:%M %p"}, "2017-03-01T21:05:00.000Z"),
        ("2017-03-01 10:00 +0200", {"format": "%Y-%m-%d %H:%M %z"}, "2017-03-01T08:00:00.000Z"),
        ("2017-03-01", {}, "2017-03-01T12:00:00.000Z"),
        ("2017-03-01", {"at": "00:00", "zone": "America/New_York"}, "2017-03-01T05:00:00.000Z"),
        ("2017-03-01 10:00", {}, "2017-03-01T10:00:00.000Z"),
        ("2017-03-01T10:00:00.123456Z", {"zone": "Europe/Berlin"}, "2017-03-01T10:00:00.123Z"),
        ("2017-03-01T10:00:00+05:30", {}, "2017-03-01T04:30:00.000Z"),
        ("2017-03-01T10:00:00-08", {}, "2017-03-01T18:00:00.000Z"),
        ("2017-03-01 10:00 -08:00", {}, "2017-03-01T18:00:00.000Z"),
        ("2017-03-01 10:00:00 UTC", {"zone": "Europe/Berlin"}, "2017-03-01T10:00:00.000Z"),
        ("2017-03-01 10:00Z", {"zone": "Europe/Berlin"}, "2017-03-01T10:00:00.000Z"),
        ("2017-03-01 10:00 gmt", {"zone": "Europe/Berlin"}, "2017-03-01T10:00:00.000Z"),
        ("1488362400", {"format": "unix_s"}, "2017-03-01T10:00:00.000Z"),
        ("1488362400.5", {"format": "unix_s"}, "2017-03-01T10:00:00.500Z"),
        ("1488362400123", {"format": "unix_ms"}, "2017-03-01T10:00:00.123Z"),
    ],
)
def test_times_are_read_as_they_are_written(
    tmp_path: Path, cell: str, value: dict[str, Any], expected: str
) -> None:
    assert times(tmp_path, [cell], value).events[0]["time"] == expected


@pytest.mark.parametrize("cell", ["31/02/2017", "2017-03-01", "yesterday", "3/1/2017 10:00", "infinity"])
def test_a_time_that_cannot_be_read_is_refused_with_cell_and_format(tmp_path: Path, cell: str) -> None:
    result = times(tmp_path, [cell], {"format": "%d/%m/%Y"})
    assert result.faults == {("bad_time", "time"): 1}
    assert result.messages[0].endswith(f"{cell!r} in column cell is not a time as %d/%m/%Y")


@pytest.mark.parametrize(
    "cell",
    [
        *("2017-03-01 10:00 PM", "2017-03-01 10:00 AM", "2017-03-01 10:00:00 PST", "2017-03-01T10:00:00 EST"),
        *("2017-03-01 10:00 Europe/Paris", "2017-03-01 10:00:00 or so", "2017-03-01 -02", "10:00"),
    ],
)
def test_a_time_with_a_zones_name_or_half_a_day_is_not_taken_for_another(tmp_path: Path, cell: str) -> None:
    result = times(tmp_path, [cell], {"zone": "Europe/Berlin"})
    assert (result.events, result.faults) == ([], {("bad_time", "time"): 1})


def test_a_time_that_is_not_there_is_refused_with_its_column(tmp_path: Path) -> None:
    result = times(tmp_path, ["", "2024-01-01"], {})
    assert (len(result.events), result.messages) == (1, ["time: nothing in column cell"])


@pytest.mark.parametrize("cell", ["9999-01-01", "0001-01-01", "2030-06-01", "99999999999999999999"])
def test_times_that_no_event_may_have_are_refused(tmp_path: Path, cell: str) -> None:
    assert times(tmp_path, [cell], {}).events == []


def test_days_and_times_in_the_data_follow_their_formats(tmp_path: Path) -> None:
    cost = {
        "type": "crm.cost.recorded",
        "time": "day",
        "data": {
            "cost_id": "id",
            "category": {"constant": "marketing"},
            **AMOUNT,
            "period_start": {"column": "cell", "format": "%d.%m.%Y"},
            "period_end": "day",
        },
    }
    asked = {
        "type": "crm.erasure.requested",
        "time": "day",
        "data": {
            "request_id": "id",
            "customer_id": "customer",
            "due_at": {"column": "cell", "format": "%d.%m.%Y", "zone": "Asia/Tokyo", "at": "09:00"},
        },
    }
    result = imported(tmp_path, csv(["01.04.2024"]), mapping(cost, asked))
    first, second = result.data
    assert (first["period_start"], first["period_end"]) == ("2024-04-01", DAY)
    assert second["due_at"] == utc(datetime.combine(date(2024, 4, 1), time(9), ZoneInfo("Asia/Tokyo")))


# -- Ids and what rows become -----------------------------------------------------------------------------


def test_the_same_row_makes_the_same_id_and_another_row_another(tmp_path: Path) -> None:
    first = [told["id"] for told in became(tmp_path, ["a", "b"], "cell").events]
    again = [told["id"] for told in became(tmp_path, ["b", "a"], "cell").events]
    assert len({*first}) == 2
    assert not {*first} & {*again}  # the deal is another one
    assert first == [told["id"] for told in became(tmp_path, ["a", "b"], "cell").events]


def test_one_row_may_become_several_events_and_one_that_is_refused_leaves_the_others(tmp_path: Path) -> None:
    events = [
        event(id="{id}/1"),
        event("crm.deal.won", id="{id}/2", when="cell != None", data={**AMOUNT, "amount_minor": "cell"}),
    ]
    result = imported(tmp_path, csv(["5", "x", ""]), mapping(*events))
    assert [told["id"] for told in result.events] == ["D0/1", "D0/2", "D1/1", "D2/1"]
    assert result.faults == {("wrong_type", "data.amount_minor"): 1}
    assert result.imported.counts.faults[0].examples[0][0] == 2


def test_the_mappings_currency_is_that_of_amounts_without_one(tmp_path: Path) -> None:
    text = mapping(event(data={"amount_minor": "cell"}), event(id="{id}/x"), currency="EUR")
    first, second = imported(tmp_path, csv(["5"]), text).data
    assert (first["currency"], "currency" in second) == ("EUR", False)


def test_what_is_before_since_is_left_out_and_counted(tmp_path: Path) -> None:
    from tests.builders import ms

    text = mapping(event(time="cell"))
    result = imported(tmp_path, csv(["2020-01-01", "2024-01-01"]), text, since_ms=ms("2023-01-01"))
    assert ([told["data"]["deal_id"] for told in result.events], result.imported.counts.older) == (["D1"], 1)
