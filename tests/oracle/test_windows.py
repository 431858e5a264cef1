"""Windows, the ones before, and slices, against answers computed by hand."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.oracle.history import at_ms, cost, lead, read
from tests.oracle.oracle import evaluate

DAY_MS = 86_400_000


def test_a_window_holds_the_pane_that_is_now_and_its_length_in_whole_panes_before(tmp_path: Path) -> None:
    """DESIGN 4: at 15:20 on Friday 22 November."""
    begins = {
        "5m": "2024-11-22 15:15",
        "15m": "2024-11-22 15:05",
        "1h": "2024-11-22 14:20",
        "24h": "2024-11-21 15:00",
        "7d": "2024-11-15 15:00",
        "28d": "2024-10-25",
        "30d": "2024-10-23",
        "90d": "2024-08-24",
        "365d": "2023-11-23",
        "mtd": "2024-11-01",
        "qtd": "2024-10-01",
        "ytd": "2024-01-01",
    }
    found = scopes(tmp_path, "2024-11-22 15:20:30")
    starts = {
        window: start
        for (window, maturity, side), (start, _) in found.items()
        if (maturity, side) == ("", "now")
    }
    assert starts == {"now": starts["now"]} | {window: at_ms(start) for window, start in begins.items()}


def test_both_edges_of_a_window_are_inside(tmp_path: Path) -> None:
    times = ("14:19:59.999", "14:20:00", "15:20:30", "15:20:30.001")
    history = [lead("created", f"2024-11-22 {time}", f"l{n}") for n, time in enumerate(times)]
    found = read(tmp_path, history, as_of="2024-11-22 15:20:30")
    assert found.of("crm_leads", "1h").numerator == 2


def test_every_member_of_a_dimension_is_there_and_they_add_up_to_the_whole(tmp_path: Path) -> None:
    history = [lead("created", "2024-06-10", f"l{n}", channel=f"m{n % 41}") for n in range(100)]
    history += [lead("created", "2024-06-10", "empty", channel=""), lead("created", "2024-06-10", "none")]
    found = read(tmp_path, history, as_of="2024-06-20")
    members = found.members("crm_leads", "30d", "channel")
    assert members == {**{f"m{n}": 3 if n < 18 else 2 for n in range(41)}, "unknown": 2}


def test_a_dimension_is_that_of_the_earliest_event_that_names_one(tmp_path: Path) -> None:
    history = [
        lead("created", "2024-06-10", segment=""),
        lead("assigned", "2024-06-12", owner_id="o", segment="late"),
        lead("assigned", "2024-06-11", owner_id="o", segment="early", region=None),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.members("crm_leads", "30d", "segment") == {"early": 1}
    assert found.members("crm_leads", "30d", "region") == {"unknown": 1}


def test_the_whole_of_every_kpi_is_there_over_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, [], as_of="2024-06-20")
    assert {key.dimension for key in found} == {"all"}
    assert found.of("crm_leads", "30d").numerator == 0
    assert found.of("crm_tickets_open_oldest_seconds", "now").numerator is None


# -- The window before ------------------------------------------------------------------------------------


def scopes(folder: Path, as_of: str, zone: str = "UTC") -> dict[tuple[str, str, str], tuple[int, int]]:
    """(window, maturity, side) -> from and to, of no events at all."""
    path = folder / "empty.ndjson"
    path.write_bytes(b"")
    connection = evaluate(path, at_ms(as_of), zone, scripts=["events", "subjects", "windows"])
    rows = connection.execute('SELECT "window", maturity, side, start_ms, end_ms FROM scope').fetchall()
    return {(window, maturity, side): (start, end) for window, maturity, side, start, end in rows}


def test_the_window_before_is_as_many_whole_panes_before(tmp_path: Path) -> None:
    """DESIGN 4: at 15:20 on Friday 22 November; a month's first 21 days with those of the one before."""
    begins = {
        "5m": ("2024-11-22 15:10", "2024-11-22 15:15", "2024-11-22 15:20"),
        "1h": ("2024-11-22 13:20", "2024-11-22 14:20", "2024-11-22 15:20"),
        "24h": ("2024-11-20 15:00", "2024-11-21 15:00", "2024-11-22 15:00"),
        "7d": ("2024-11-08 15:00", "2024-11-15 15:00", "2024-11-22 15:00"),
        "30d": ("2024-09-23", "2024-10-23", "2024-11-22"),
        "365d": ("2022-11-23", "2023-11-23", "2024-11-22"),
    }
    found = scopes(tmp_path, "2024-11-22 15:20:30")
    for window, (before, start, end) in begins.items():
        assert found[window, "", "before"] == (at_ms(before), at_ms(start)), window
        assert found[window, "", "whole"] == (at_ms(start), at_ms(end)), window
    assert found["mtd", "", "before"] == (at_ms("2024-10-01"), at_ms("2024-10-22"))
    assert found["qtd", "", "before"] == (at_ms("2024-07-01"), at_ms("2024-08-22"))
    assert found["ytd", "", "before"] == (at_ms("2023-01-01"), at_ms("2023-11-23"))


def test_a_longer_month_is_clipped_to_the_one_before(tmp_path: Path) -> None:
    found = scopes(tmp_path, "2024-03-31 12:00")
    assert found["mtd", "", "now"] == (at_ms("2024-03-01"), at_ms("2024-03-31 12:00") + 1)
    assert found["mtd", "", "whole"] == (at_ms("2024-03-01"), at_ms("2024-03-30"))
    assert found["mtd", "", "before"] == (at_ms("2024-02-01"), at_ms("2024-03-01"))


def test_the_first_day_of_a_month_has_no_month_before(tmp_path: Path) -> None:
    found = scopes(tmp_path, "2024-03-01 12:00")
    assert ("mtd", "", "before") not in found and ("mtd", "", "whole") not in found
    history = [lead("created", "2024-02-01"), lead("created", "2024-03-01", "b")]
    leads = read(tmp_path, history, as_of="2024-03-01 12:00").reading("crm_leads", "mtd")
    assert (leads.now.value, leads.previous, leads.change) == (1, None, None)


def test_what_has_matured_is_the_window_that_ended_then(tmp_path: Path) -> None:
    found = scopes(tmp_path, "2024-11-22 15:20:30")
    assert found["30d", "30d", "now"] == (at_ms("2024-09-23"), at_ms("2024-10-23"))
    assert found["24h", "7d", "now"] == (at_ms("2024-11-14 15:00"), at_ms("2024-11-15 15:00"))
    assert found["mtd", "30d", "now"] == (at_ms("2024-10-01"), at_ms("2024-10-23"))
    assert found["mtd", "30d", "before"] == (at_ms("2024-09-01"), at_ms("2024-09-23"))
    assert ("1h", "30d", "now") not in found  # minutes are kept for three hours
    assert found["1h", "1h", "now"] == (at_ms("2024-11-22 13:20"), at_ms("2024-11-22 14:20"))
    assert ("1h", "1h", "before") not in found


def test_steady_traffic_shows_no_change(tmp_path: Path) -> None:
    """An answer every ten minutes, or every day for the long windows, in a zone without DST."""
    start = at_ms("2024-06-18")
    lines = [lead("created", moment(start + n * 600_000), f"l{n}") for n in range(6 * 24 * 16)]
    found = read(tmp_path, lines, as_of=moment(start + 600_000 * 6 * 24 * 16 - 1))
    for window in ("1h", "24h", "7d"):
        assert found.reading("crm_leads", window).change == 0, window
    days = [lead("created", moment(at_ms("2022-06-01") + n * DAY_MS), f"d{n}") for n in range(735)]
    found = read(tmp_path, days, as_of="2024-06-04 12:00", time_zone="Asia/Kolkata")
    for window in ("28d", "30d", "90d", "365d", "mtd", "qtd"):
        assert found.reading("crm_leads", window).change == 0, window


def moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).replace(tzinfo=None).isoformat(" ")


# -- Time zones -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "as_of", "window", "start", "end"),
    [
        # Thirty days across 31 March: 719 hours.
        ("Europe/Berlin", "2024-04-10 10:00", "30d", "2024-03-10 23:00", "2024-04-09 22:00"),
        ("Europe/Berlin", "2024-04-10 10:00", "24h", "2024-04-09 10:00", "2024-04-10 10:00"),
        ("Europe/Berlin", "2024-04-10 10:00", "mtd", "2024-03-31 22:00", "2024-04-09 22:00"),
        # 26 April 2024 has no midnight in Cairo: it begins at 1:00.
        ("Africa/Cairo", "2024-05-24 10:00", "28d", "2024-04-25 22:00", "2024-05-23 21:00"),
        # 27 October 2024 has two in the Azores: it begins at the first.
        ("Atlantic/Azores", "2024-11-24 10:00", "28d", "2024-10-27 00:00", "2024-11-24 01:00"),
        # Hours of half hours: they are counted from the day's first instant.
        ("Asia/Kolkata", "2024-06-20 10:15", "24h", "2024-06-19 09:30", "2024-06-20 09:30"),
    ],
)
def test_days_are_those_of_the_zone(
    zone: str, as_of: str, window: str, start: str, end: str, tmp_path: Path
) -> None:
    assert scopes(tmp_path, as_of, zone)[window, "", "whole"] == (at_ms(start), at_ms(end))


def test_a_cost_of_a_day_lies_in_the_zone_s_day(tmp_path: Path) -> None:
    """Booked at 23:00 UTC, that is on the next day in Berlin; a period is of local days too."""
    history = [cost("2024-05-31 23:00", 90_00), lead("created", "2024-06-01")]
    history += [cost("2024-06-01", 30_00, "b", period_start="2024-05-31", period_end="2024-06-02")]
    for zone, spent in (("UTC", 20_00), ("Europe/Berlin", 110_00)):
        found = read(tmp_path, history, as_of="2024-06-02 12:00", time_zone=zone)
        assert found.of("crm_cost_per_lead", "mtd", currency="USD").numerator == spent


# -- Pairs ------------------------------------------------------------------------------------------------


def test_a_pair_s_member_is_both_with_what_separates_them_escaped(tmp_path: Path) -> None:
    history = [
        lead("created", "2024-06-10", channel="a,b", segment="c\\d"),
        lead("created", "2024-06-10", "b"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.members("crm_leads", "30d", "channel_segment") == {"a\\,b,c\\\\d": 1, "unknown,unknown": 1}
