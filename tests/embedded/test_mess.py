"""Mess adds repeats, disorder and bad lines, and takes nothing away."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.events import EVENT_TYPES, Envelope
from streams.embedded.mess import BAD, Mess, messy
from streams.embedded.traffic import Traffic, encode, simulate

START_MS = 1_736_899_200_000
MESS = Mess(duplicates=0.05, displaced=0.2, late=0.01, bad=0.03, window=2_000, farthest=5_000)


@pytest.fixture(scope="module")
def tidy() -> list[bytes]:
    return [encode(event) for _, event in islice(simulate(Traffic(seed=5), START_MS), 10_000)]


@pytest.fixture(scope="module")
def mess(tidy: list[bytes]) -> list[bytes]:
    return list(messy(tidy, MESS, seed=1))


def test_every_good_line_is_still_there(tidy: list[bytes], mess: list[bytes]) -> None:
    assert Counter(mess) >= Counter(tidy)


def test_shares_are_about_as_asked_for(tidy: list[bytes], mess: list[bytes]) -> None:
    good, counted = set(tidy), Counter(mess)
    repeats = sum(counted[line] - 1 for line in good)
    bad = sum(number for line, number in counted.items() if line not in good)
    assert repeats / len(tidy) == pytest.approx(MESS.duplicates, rel=0.2)
    assert bad / len(tidy) == pytest.approx(MESS.bad, rel=0.25)
    assert len(mess) == len(tidy) + repeats + bad


def test_repeats_come_at_once_and_far_later(mess: list[bytes]) -> None:
    first: dict[bytes, int] = {}
    distances = [
        place - first[line] for place, line in enumerate(mess) if first.setdefault(line, place) != place
    ]
    assert min(distances) < 10
    assert max(distances) > 2_000


def test_lines_are_displaced_by_thousands_of_places(tidy: list[bytes], mess: list[bytes]) -> None:
    place = {line: number for number, line in reversed(list(enumerate(mess)))}
    moved = [place[line] - number for number, line in enumerate(tidy)]
    assert sum(1_500 < places <= MESS.window for places in moved) > 100
    assert max(moved) > 2 * MESS.window  # late
    assert sum(after < before for before, after in zip(tidy, tidy[1:], strict=False)) > 0


def test_the_same_seed_makes_the_same_mess_and_another_seed_another(
    tidy: list[bytes], mess: list[bytes]
) -> None:
    assert list(messy(tidy, MESS, seed=1)) == mess
    assert list(messy(tidy, MESS, seed=2)) != mess


def test_without_shares_nothing_changes(tidy: list[bytes]) -> None:
    assert list(messy(tidy, Mess(duplicates=0, displaced=0, late=0, bad=0), seed=1)) == tidy


def test_lines_are_let_through_while_others_are_still_to_come(tidy: list[bytes]) -> None:
    drawn = 0

    def counted() -> Any:
        nonlocal drawn
        for line in tidy:
            drawn += 1
            yield line

    next(messy(counted(), Mess(), seed=1))
    assert drawn < 10


# -- Bad lines --------------------------------------------------------------------------------------------


def data_of(line: bytes) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(line)["data"]
    return data


def is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


AS_SAID: dict[str, Callable[[bytes], bool]] = {
    "not_json": lambda line: not is_json(line),
    "truncated": lambda line: line.startswith(b"{") and not is_json(line),
    "array": lambda line: isinstance(json.loads(line), list),
    "not_utf8": lambda line: "\ufffd" in line.decode(errors="replace"),
    "unknown_type": lambda line: json.loads(line)["type"] not in EVENT_TYPES,
    "missing_field": lambda line: "amount_minor" not in data_of(line),
    "wrong_type": lambda line: isinstance(data_of(line)["amount_minor"], str),
    "no_zone": lambda line: json.loads(line)["time"][-1].isdigit(),
    "negative_amount": lambda line: data_of(line)["amount_minor"] < 0,
    "huge_amount": lambda line: data_of(line)["amount_minor"] > 10**15,
    "unknown_currency": lambda line: data_of(line)["currency"] == "XXX",
    "nan_score": lambda line: b'"score":NaN' in line,
    "empty_id": lambda line: json.loads(line)["id"] == "",
    "unknown_word": lambda line: data_of(line)["state"] == "considered",
    "no_component": lambda line: "component" not in data_of(line),
    "text_for_number": lambda line: isinstance(data_of(line)["duration_ms"], str),
    "number_for_yes": lambda line: data_of(line)["active"] is not True,
}
KNOWN_CURRENCIES = {"USD", "EUR", "GBP"}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_bad_in_the_way_that_its_kind_says(kind: str, tidy: list[bytes]) -> None:
    line = BAD[kind](tidy[0])
    assert AS_SAID[kind](line)
    assert b"\n" not in line


@pytest.mark.parametrize("kind", BAD)
def test_no_bad_line_passes_the_contract(kind: str, tidy: list[bytes]) -> None:
    for line in tidy[:50]:
        assert not passes(BAD[kind](line))


def passes(line: bytes) -> bool:
    """By the published models and the catalog's currencies."""
    try:
        Envelope.model_validate_json(line)
        event = json.loads(line)
        EVENT_TYPES[event["type"]].model_validate_json(json.dumps(event["data"]))
    except (ValidationError, ValueError, KeyError):
        return False
    return event["data"].get("currency", "USD") in KNOWN_CURRENCIES


def test_every_kind_of_bad_line_is_mixed_in(tidy: list[bytes], mess: list[bytes]) -> None:
    good = set(tidy)
    bad = [line for line in mess if line not in good]
    assert not any(passes(line) for line in bad)
    signs = {
        "not_json": b"502",
        "array": b"[{",
        "not_utf8": b"\xff",
        "unknown_type": b"teleported",
        "wrong_type": b"a lot",
        "negative_amount": b":-",
        "unknown_currency": b"XXX",
        "nan_score": b"NaN",
        "empty_id": b'"id":""',
        "unknown_word": b"considered",
        "no_component": b"incident-bad",
        "text_for_number": b"12 ms",
        "number_for_yes": b"user-bad",
    }
    for kind, sign in signs.items():
        assert any(sign in line for line in bad), kind
