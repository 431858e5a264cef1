"""RESULTS.md keeps one section per benchmark, and the budget is held against the figures."""

from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.report import EVENTS_PER_S, LATENCY_MS
from benchmarks.results import Section, save


def section(name: str, figure: str) -> Section:
    return Section(name, f"The {name}", [["", "measured"], ["speed", figure]], ["a note"])


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    return tmp_path / "RESULTS.md"


def test_a_section_takes_the_place_of_its_predecessor_and_leaves_the_others(file: Path) -> None:
    save(section("one", "first"), "make one")
    save(section("two", "other"), "make two")
    file.write_text(file.read_text() + "By hand.\n")
    save(section("one", "second"), "make one")
    text = file.read_text()
    assert "first" not in text
    assert text.index("second") < text.index("other") < text.index("By hand.")
    assert text.count("<!-- one: begin -->") == 1


def test_a_section_says_when_where_and_by_which_command(file: Path) -> None:
    save(section("one", "1"), "make one", "Redis 7")
    text = file.read_text()
    assert "UTC, `make one`, on " in text
    assert "Redis 7." in text


def test_what_falls_short_of_the_budget_is_said() -> None:
    assert not list(EVENTS_PER_S.missed({"live": 60_000}))
    assert "59,999" in "".join(EVENTS_PER_S.missed({"live": 59_999}))
    assert not list(LATENCY_MS.missed({"p99": 1_000}))
    assert "1,001" in "".join(LATENCY_MS.missed({"p99": 1_001}))
