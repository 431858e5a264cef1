"""Windows, the ones before, and slices, against answers computed by hand."""

from pathlib import Path

from tests.oracle.history import (
    at_ms,
    lead,
    read,
)
from tests.oracle.oracle import evaluate

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


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
    path = tmp_path / "empty.ndjson"
    path.write_bytes(b"")
    scopes = evaluate(path, at_ms("2024-11-22 15:20:30"), scripts=["events", "subjects", "windows"]).execute(
        "SELECT \"window\", start_ms FROM scope WHERE maturity = '' AND side = 'now'"
    )
    found = {window: start_ms for window, start_ms in scopes.fetchall() if window != "now"}
    assert found == {window: at_ms(start) for window, start in begins.items()}


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
