"""`kpi replay` against the oracle: every reading, for every KPI, window and slice, to the last integer."""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import pytest

import schemas
from schemas.events import EVENT_TYPES
from streams.embedded.mess import Mess, messy
from streams.embedded.traffic import encode, spread
from tests.oracle import compare, oracle
from tests.oracle.compare import OURS, Reading
from tests.oracle.rare import RARE
from tests.replays import replayed

EVENTS = 104_000
DAYS = 430
UNTIL = datetime.fromisoformat("2025-04-12T08:53:20Z")
SEED = 7
CATALOG = Path(schemas.__file__).with_name("catalog.yaml")


class Case(NamedTuple):
    """Where the business is, and when it is asked: at the newest event, or at another time."""

    time_zone: str
    as_of: str | None


CASES = [
    Case("UTC", None),
    # Late on the day that is an hour short there: the last 24 hours and 7 days begin in another offset.
    Case("Europe/Berlin", "2025-03-30T20:37:11Z"),
]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen months of a company's events and `RARE`, with duplicates, disorder, corrections, bad lines."""
    until_ms = round(UNTIL.timestamp() * 1000)
    company = (encode(event) for _, event in spread(SEED, EVENTS, until_ms, DAYS))
    lines = messy(chain(RARE, company), Mess(), SEED)
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return file


def test_the_history_has_what_makes_kpis_hard(history: Path) -> None:
    text = history.read_text(errors="replace")
    lines = text.splitlines()
    assert len(lines) > EVENTS >= 100_000 and len(set(lines)) < len(lines)  # repeats
    assert [line for line in lines if not line.startswith("{")]  # lines that are no event
    for sign in ('"reactivated"', '"revision":1', '"EUR"', '"paused"', '"maintenance"', '"machine":true'):
        assert sign in text
    assert {type_ for type_ in EVENT_TYPES if f'"{type_}"' not in text} == set()
    times = [json.loads(line)["time"] for line in islice(lines, 5_000) if _is_event(line)]
    assert times != sorted(times)  # disorder


@pytest.mark.timeout(240)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.time_zone)
def test_every_reading_equals_the_oracle(case: Case, history: Path, tmp_path: Path) -> None:
    """In another zone by a catalog that differs in nothing else; later lines are skipped and counted."""
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(CATALOG.read_text().replace("time_zone: UTC", f"time_zone: {case.time_zone}", 1))
    as_of = [] if case.as_of is None else ["--as-of", case.as_of]
    result = replayed(history, tmp_path, "--catalog", str(catalog), *as_of)
    as_of_ms = round(datetime.fromisoformat(result["as_of"]).timestamp() * 1000)
    expected = oracle.readings(history, as_of_ms, case.time_zone)
    assert compare.differences(expected, result) == []
    assert silent(expected, result["readings"]) == set()
    # Kafka has received no record at the time of these events, but today.
    assert {one["value"] for one in result["readings"] if one["gauge"] in OURS} == {None}
    counts = result["events"]
    ends = ("applied", "unchanged", "erased", "dead_letters")
    assert counts["published"] + counts["skipped"] == len(history.read_bytes().splitlines())
    assert sum(counts.get(end, 0) for end in ends) == counts["published"]
    assert counts["dead_letters"] > 100
    assert (counts["skipped"] > 2_000) == (case.as_of is not None)
    assert [file.name for file in tmp_path.iterdir()] == ["catalog.yaml"]  # nothing is left behind


def silent(expected: Iterable[oracle.Key], said: Iterable[Reading]) -> set[tuple[str, oracle.Labels]]:
    """Series of the oracle or the replay of which no reading has a value: of them nothing was compared."""
    speaks = {
        (reading["gauge"], compare.key_of(reading).labels) for reading in said if reading["value"] is not None
    }
    series = {(key.gauge, key.labels) for key in expected}
    series |= {(reading["gauge"], compare.key_of(reading).labels) for reading in said}
    return {(gauge, labels) for gauge, labels in series - speaks if gauge not in OURS}


def _is_event(line: str) -> bool:
    try:
        return "time" in json.loads(line)
    except (ValueError, TypeError):
        return False
