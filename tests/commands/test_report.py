"""What `kpi replay` prints: for programs to the last digit, for people in one table, and no surprises."""

import base64
import io
import json
from typing import Any

import pytest
from rich.console import Console

from schemas.dead_letter import DeadLetter
from streams.commands.replay import FILE_HEADER, LINE_HEADER, Counts, Outcome
from streams.commands.report import (
    Filters,
    print_dead_letters,
    print_json,
    print_table,
    progress,
)
from streams.errors import SettingsError
from tests.builders import Ledger, deal_won, lead_contacted, lead_created, ms, shipped

ALL_OF_IT = Filters(frozenset(), frozenset(), frozenset())
NASTY = "[/red] [bold]web[/bold] \x1b[2J\u202e"


def outcome_of(*events: dict[str, Any]) -> Outcome:
    ledger = Ledger().take(*events)
    counts = Counts(published=len(events), applied=len(events))
    return Outcome(ledger.newest_ms, counts, ledger.readings())


SOME = outcome_of(
    lead_created("lead-1", at="10:00", channel="web"),
    lead_contacted("lead-1", at="10:05"),
    lead_created("lead-2", at="10:30", channel="phone"),
)


def table(outcome: Outcome, filters: Filters = ALL_OF_IT, width: int = 300) -> str:
    file = io.StringIO()
    print_table(Console(file=file, width=width), outcome, shipped(), filters)
    return file.getvalue()


def document(outcome: Outcome, filters: Filters = ALL_OF_IT) -> dict[str, Any]:
    file = io.StringIO()
    print_json(file, outcome, shipped(), filters)
    assert file.getvalue().count("\n") == 1
    found: dict[str, Any] = json.loads(file.getvalue())
    return found


def letter(line: int, message: str = "what is wrong", file: str = "events.ndjson") -> DeadLetter:
    place = {FILE_HEADER: file, LINE_HEADER: str(line)}
    headers = [(name, base64.b64encode(text.encode()).decode()) for name, text in place.items()]
    return DeadLetter(
        reason="bad_value",
        field="data.stage",
        message=message,
        topic="t",
        partition=0,
        offset=line,
        timestamp_ms=0,
        key=None,
        value=None,
        headers=headers,
        size=0,
    )


def told(letters: list[DeadLetter], number: int | None = None) -> str:
    file = io.StringIO()
    counts = Counts(dead_letters=len(letters) if number is None else number)
    print_dead_letters(
        Console(file=file, width=80, soft_wrap=True), Outcome(counts=counts, dead_letters=letters)
    )
    return file.getvalue()


# -- For programs -----------------------------------------------------------------------------------------


def test_json_has_every_key_of_its_description_and_null_where_there_is_nothing_yet() -> None:
    found = document(SOME)
    assert list(found) == ["as_of", "events", "readings"]
    assert found["as_of"] == "2024-04-15T10:30:00.000Z"
    assert set(found["events"]) == {"published", "skipped", "applied", "unchanged", "dead_letters"}
    for reading in found["readings"]:
        assert list(reading) == [
            *("kpi", "gauge", "window", "dimension", "member", "labels"),
            *("value", "numerator", "denominator", "samples"),
            *("previous", "compared", "change", "previous_samples", "compared_samples", "margin"),
            *("lower", "upper", "verdict", "fold", "target", "guardrails"),
        ]
        assert (reading["guardrails"], reading["fold"]) == ([], None)
        assert reading["verdict"] in ("ok", "warn", "critical", "few_samples", "none")
        assert isinstance(reading["labels"], dict)


def test_whole_numbers_of_any_size_are_told_to_the_last_digit() -> None:
    won = [deal_won(f"deal-{at}", at="10:00", amount_minor=10**15 - 1) for at in range(20)]
    found = document(
        outcome_of(*won), Filters(frozenset({"24h"}), frozenset({"revenue"}), frozenset({"all"}))
    )
    assert found["readings"][0]["numerator"] == 20 * (10**15 - 1) > 2**53


def test_without_events_there_are_no_readings() -> None:
    assert document(Outcome()) == {
        "as_of": None,
        "events": {"published": 0, "skipped": 0, "applied": 0, "unchanged": 0, "dead_letters": 0},
        "readings": [],
    }


# -- Filters ----------------------------------------------------------------------------------------------


def test_filters_keep_what_is_asked_for_and_all_of_it() -> None:
    filters = Filters.checked(shipped(), ["24h", "7d"], ["lead_volume"], ["channel"])
    found = {(one["window"], one["member"]): one["value"] for one in document(SOME, filters)["readings"]}
    assert found == {("24h", "web"): 1, ("24h", "phone"): 1, ("7d", "web"): 1, ("7d", "phone"): 1}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ((["24hours"], None, None), r"--window 24hours: .*24h"),
        ((None, ["selling", "nps"], None), r"--kpi selling: .*lead_volume"),
        ((None, None, ["chanel"]), r"--dimension chanel: .*all, .*channel"),
    ],
)
def test_a_name_that_is_not_known_is_refused_with_those_that_are(wrong: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Filters.checked(shipped(), *wrong)


# -- For people -------------------------------------------------------------------------------------------


def test_the_table_shows_the_whole_unless_a_dimension_is_asked_for() -> None:
    assert "web" not in table(SOME)
    sliced = table(SOME, Filters.checked(shipped(), ["24h"], ["lead_volume"], ["channel"]))
    assert "channel=web" in sliced and "channel=phone" in sliced


def test_the_table_says_when_how_many_and_how_much() -> None:
    text = table(SOME)
    assert "Readings as of 2024-04-15T10:30:00.000Z" in text
    assert "3 published: 3 applied, 0 changed nothing, 0 dead letters" in text
    assert "5 min" in text  # the response time


def test_without_events_the_table_says_so() -> None:
    assert "no events" in table(Outcome())


def test_what_stands_in_events_cannot_change_the_terminal_or_break_the_table() -> None:
    nasty = outcome_of(lead_created("lead-1", at=ms("10:00"), channel=NASTY))
    text = table(nasty, Filters.checked(shipped(), ["24h"], ["lead_volume"], ["channel"]))
    assert "channel=[/red] [bold]web[/bold]" in text
    assert "\x1b" not in text and "\u202e" not in text


# -- Dead letters -----------------------------------------------------------------------------------------


def test_each_refused_line_is_told_with_file_line_and_reason_on_one_line() -> None:
    text = told([letter(3), letter(17, "it is " + "long " * 50)])
    assert text.splitlines()[0] == "events.ndjson:3: bad_value: what is wrong"
    assert text.splitlines()[1].startswith("events.ndjson:17: bad_value: it is long")
    assert len(text.splitlines()) == 2


def test_every_refused_line_is_told_and_what_the_broker_lost_is_counted() -> None:
    letters = [letter(line) for line in range(1, 200)]
    assert len(told(letters).splitlines()) == 199
    assert told(letters, number=206).splitlines()[-1] == "and 7 more that the broker no longer keeps"


def test_no_refused_line_is_no_word() -> None:
    assert told([]) == ""


def test_a_refused_line_cannot_change_the_terminal() -> None:
    text = told([letter(1, f"Invalid enum value '{NASTY}\r\n'")])
    assert "[/red] [bold]web[/bold]" in text
    assert "\x1b" not in text and "\r" not in text and "\u202e" not in text
    assert len(text.splitlines()) == 1


def test_there_is_no_progress_bar_where_nobody_watches() -> None:
    file = io.StringIO()
    with progress(Console(file=file)) as advance:
        advance(1_000)
    assert file.getvalue() == ""


def test_there_is_a_progress_bar_on_a_terminal_and_it_is_gone_afterwards() -> None:
    file = io.StringIO()
    with progress(Console(file=file, force_terminal=True)) as advance:
        advance(1_234)
    assert "1,234 lines" in file.getvalue()
    assert file.getvalue().rstrip().endswith("\x1b[2K")
