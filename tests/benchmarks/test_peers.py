"""The comparison with other systems: a valid topic, a job that is the same for all, an honest table."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.peers import environments, job, marks, report, topic
from benchmarks.peers.contestants import contestants
from benchmarks.peers.expected import difference, expected
from benchmarks.peers.marks import Marks, Sums
from benchmarks.peers.measure import Figures
from benchmarks.peers.ours import Ours, sums
from schemas.events import Event
from streams.engine.panes import HOUR
from streams.errors import MissingPart
from tests.builders import CATALOG, Ledger, plan_of, record

EVENTS = 3_000
ALL = range(len(job.NUMBERS))
OURS = [one for one in contestants() if isinstance(one, Ours)]


@pytest.fixture(scope="module")
def records() -> list[tuple[bytes, bytes]]:
    return topic.lines(EVENTS)


@pytest.fixture(scope="module")
def wanted(records: list[tuple[bytes, bytes]], tmp_path_factory: pytest.TempPathFactory) -> Sums:
    return expected((value for _, value in records), tmp_path_factory.mktemp("expected"))


def done(values: list[bytes]) -> Sums:
    """The job as a Python peer does it, with dicts as its stores."""
    subjects: dict[str, job.Times] = {}
    hours: dict[str, job.HourSums] = {}
    for event in map(job.decode, values):
        subject = event.data.subject()
        subjects[subject], additions = job.apply(subjects.get(subject), event)
        for hour_ms, numbers in additions:
            hours[str(hour_ms)] = job.add(hours.get(str(hour_ms)) or {}, event, numbers)
    return marks.total(hours.items())


# -- The topic ---------------------------------------------------------------------------------------------


def test_the_topic_has_as_many_events_as_asked_for_each_once(records: list[tuple[bytes, bytes]]) -> None:
    assert len(records) == EVENTS
    assert len({json.loads(value)["id"] for _, value in records}) == EVENTS


def test_every_event_keeps_to_the_contract_and_has_its_key(records: list[tuple[bytes, bytes]]) -> None:
    for key, value in records:
        assert Event.model_validate_json(value).key().encode() == key


def test_every_run_publishes_the_same_bytes(records: list[tuple[bytes, bytes]]) -> None:
    assert topic.lines(EVENTS) == records


def test_some_ends_come_before_their_beginnings(records: list[tuple[bytes, bytes]]) -> None:
    begun: set[str] = set()
    early = 0
    for event in (job.decode(value) for _, value in records):
        if event.KIND % 2:
            early += event.data.subject() not in begun
        else:
            begun.add(event.data.subject())
    assert early > 0


# -- The job -----------------------------------------------------------------------------------------------


def test_the_job_in_python_arrives_at_the_sums_of_sql(
    records: list[tuple[bytes, bytes]], wanted: Sums
) -> None:
    assert difference(wanted, done([value for _, value in records]), ALL) == ""


def test_the_order_of_arrival_does_not_change_the_sums(
    records: list[tuple[bytes, bytes]], wanted: Sums
) -> None:
    assert difference(wanted, done([value for _, value in reversed(records)]), ALL) == ""


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.slug)
def test_our_engine_arrives_at_the_sums_of_sql(
    ours: Ours, records: list[tuple[bytes, bytes]], wanted: Sums
) -> None:
    ledger = Ledger(plan_of((ours.catalog or CATALOG).read_text()))
    ledger.take_records(record(value, offset=offset) for offset, (_, value) in enumerate(records))
    hours = (
        (start_ms, cell, amount)
        for (tier, start_ms), cells in ledger.panes.items()
        if tier == HOUR
        for cell, amount in cells.items()
    )
    assert difference(wanted, sums(hours, ours.counts), ours.numbers) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("specversion", "0.3"), ("id", ""), ("time", "2025-08-12T10:00:00"), ("type", "crm.lead.lost")],
)
def test_an_event_that_is_not_valid_is_not_counted(field: str, value: str) -> None:
    event = {**json.loads(topic.lines(10)[0][1]), field: value}
    with pytest.raises(ValueError):
        job.decode(json.dumps(event).encode())


# -- The table ---------------------------------------------------------------------------------------------


def test_a_single_wrong_number_is_named(wanted: Sums) -> None:
    cell = min(wanted)
    wrong = {**wanted, cell: [number + (index == 0) for index, number in enumerate(wanted[cell])]}
    assert difference(wanted, wrong, ALL).startswith(f"1 of {len(wanted)} cells differ, {cell}: ")


def test_a_row_says_why_a_contestant_failed_and_the_others_keep_their_figures() -> None:
    ours, _, failed, different = contestants()[:4]
    figures = Figures(start_s=1, work_s=2, cpu_s=1, servers_cpu_s=0.5, peak_bytes=10**8)
    slower = Figures(start_s=1, work_s=5, cpu_s=1, servers_cpu_s=0.5, peak_bytes=10**8)
    rows = [
        report.Row(ours, figures, ""),
        report.Row(failed, None, "mvn is not installed"),
        report.Row(different, slower, "1 of 2 cells differ"),
    ]
    text = report.section(rows, events=100_000).markdown()
    ours_line, failed_line, different_line = text.splitlines()[4:7]
    assert (
        "50,000" in ours_line
        and "1.0 x" in ours_line
        and "10.0" in ours_line
        and ours_line.endswith(" yes |")
    )
    assert "failed" in failed_line and f"- {failed.slug}: mvn is not installed" in text
    assert "20,000" in different_line and "2.5 x" in different_line and different_line.endswith(" no |")


def test_a_peer_marks_its_first_and_its_last_event_and_hands_over_its_sums(tmp_path: Path) -> None:
    marks_ = Marks(tmp_path, 2)
    assert not list(tmp_path.iterdir())
    marks_.began()
    assert not marks_.processed()
    assert [path.name for path in tmp_path.iterdir()] == [marks.FIRST]
    marks_.began()
    assert marks_.processed()
    marks_.write({"0|all|all": [1]})
    assert {path.name for path in tmp_path.iterdir()} == {marks.FIRST, marks.LAST, marks.SUMS}


# -- Environments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["faust_agent", "quix"])
def test_every_requirement_of_a_peer_has_its_exact_version_and_no_index(peer: str) -> None:
    text = (environments.PEERS / peer / "requirements.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(lines) > 20
    assert [line for line in lines if not re.match(r"[a-z0-9-]+==[\w.]+( ;|$)", line)] == []


def test_an_environment_that_could_not_be_made_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    inputs = [tmp_path / "requirements.txt"]
    inputs[0].write_text("a==1")

    def fails(directory: Path) -> None:
        (directory / "half").touch()
        raise MissingPart("no network")

    with pytest.raises(MissingPart):
        environments.cached("peer", inputs, fails)
    made = environments.cached("peer", inputs, lambda directory: (directory / "whole").touch())
    assert {path.name for path in made.iterdir()} == {"whole", "made"}
    assert environments.cached("peer", inputs, fails) == made
    inputs[0].write_text("a==2")
    assert environments.cached("peer", inputs, lambda directory: None) != made
