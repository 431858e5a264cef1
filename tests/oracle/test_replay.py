"""`kpi replay` against the oracle: every reading, for every KPI, window and slice, to the last integer."""

import json
from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest

from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode, spread
from tests.oracle import compare, oracle
from tests.replays import replayed

EVENTS = 55_000
DAYS = 420
UNTIL = datetime.fromisoformat("2025-10-09T08:53:20Z")
SEED = 7


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Over a year of a company's events, with duplicates, disorder, corrections and bad lines."""
    until_ms = round(UNTIL.timestamp() * 1000)
    lines = messy((encode(event) for _, event in spread(SEED, EVENTS, until_ms, DAYS)), Mess(), SEED)
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return file


def test_the_history_has_what_makes_kpis_hard(history: Path) -> None:
    text = history.read_text(errors="replace")
    lines = text.splitlines()
    assert len(lines) > EVENTS and len(set(lines)) < len(lines)  # repeats
    assert [line for line in lines if not line.startswith("{")]  # lines that are no event
    for sign in ("ticket.reopened", '"reactivated"', '"revision":1', '"EUR"', '"score"', "stage_changed"):
        assert sign in text
    times = [json.loads(line)["time"] for line in islice(lines, 5_000) if _is_event(line)]
    assert times != sorted(times)  # disorder


@pytest.mark.timeout(180)
def test_every_reading_equals_the_oracle(history: Path, tmp_path: Path) -> None:
    result = replayed(history, tmp_path)
    as_of_ms = round(datetime.fromisoformat(result["as_of"]).timestamp() * 1000)
    expected = oracle.readings(history, as_of_ms)
    assert compare.differences(expected, result) == []
    assert len(result["readings"]) > 4_000
    assert sum(reading["value"] is not None for reading in result["readings"]) > 3_000
    counts = result["events"]
    assert counts["published"] == len(history.read_bytes().splitlines())
    assert counts["applied"] + counts["unchanged"] + counts["dead_letters"] == counts["published"]
    assert counts["dead_letters"] > 100
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


@pytest.mark.timeout(180)
def test_every_reading_as_of_an_earlier_moment_equals_the_oracle(history: Path, tmp_path: Path) -> None:
    """Some months before the end, in the middle of a day; later lines are skipped and counted."""
    as_of = "2025-07-15T14:37:11Z"
    result = replayed(history, tmp_path, "--as-of", as_of)
    as_of_ms = round(datetime.fromisoformat(as_of).timestamp() * 1000)
    assert datetime.fromisoformat(result["as_of"]) == datetime.fromisoformat(as_of)
    assert result["events"]["skipped"] > 5_000
    assert compare.differences(oracle.readings(history, as_of_ms), result) == []


def _is_event(line: str) -> bool:
    try:
        return "time" in json.loads(line)
    except (ValueError, TypeError):
        return False
