"""What a fix changes of an event, and what it may not change."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from streams.errors import MissingPart, SettingsError
from streams.letters.fixing import CannotFix, Change, Fix, expression, setting, unsetting
from streams.letters.letter import Letter
from tests.builders import deal_won, lead_created
from tests.letters.builders import BAD_CURRENCY, binary, letter


def fixed(of: Letter, *changes: Change) -> Any:
    return json.loads(Fix(changes).fixed(of))


# -- --set and --unset ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value"),
    [("EUR", "EUR"), ('"17"', "17"), ("17", 17), ("null", None), ("a=b", "a=b"), ("", ""), ("{", "{")],
)
def test_a_value_is_json_or_else_a_text(written: str, value: Any) -> None:
    assert fixed(letter(BAD_CURRENCY), setting(f"data.currency={written}"))["data"]["currency"] == value


def test_nothing_but_the_field_changes() -> None:
    event = fixed(letter(BAD_CURRENCY), setting("data.currency=EUR"))
    assert event == {**BAD_CURRENCY, "data": {**BAD_CURRENCY["data"], "currency": "EUR"}}


def test_changes_go_one_after_the_other_and_objects_on_the_way_are_made() -> None:
    made = (setting("data.a.b.c=1"), setting("data.a.d=2"))
    event = fixed(letter(BAD_CURRENCY), *made, unsetting("data.a.b"), unsetting("none.x"))
    assert event["data"]["a"] == {"d": 2}
    assert "none" not in event


def test_a_field_of_what_is_no_object_cannot_be_set() -> None:
    with pytest.raises(CannotFix, match="data.currency is no object"):
        fixed(letter(BAD_CURRENCY), setting("data.currency.code=EUR"))


@pytest.mark.parametrize("text", ["data.currency", "=EUR", "data..currency=EUR", ".currency=EUR"])
def test_what_cannot_be_meant_is_refused_before_any_letter_is_read(text: str) -> None:
    with pytest.raises(SettingsError, match="--set"):
        setting(text)


@pytest.mark.parametrize("made", [lambda: setting("currency=EUR"), lambda: unsetting("currency")])
def test_a_field_of_data_without_data_is_told_with_what_was_meant(made: Callable[[], Change]) -> None:
    with pytest.raises(SettingsError, match=r"did you mean data\.currency\?"):
        made()


# -- --jq -------------------------------------------------------------------------------------------------


def test_an_expression_gives_the_event_and_knows_the_letter() -> None:
    event = fixed(letter(BAD_CURRENCY), expression('.data.currency = "EUR" | .data.note = $letter'))
    assert event["data"]["currency"] == "EUR"
    assert event["data"]["note"] == "crm.events/3/0"


@pytest.mark.parametrize("text", [".data", "empty", "., .", ".data.currency", ".data.currency.code"])
def test_an_expression_that_does_not_give_one_event_with_its_id_is_told(text: str) -> None:
    with pytest.raises(CannotFix):
        fixed(letter(BAD_CURRENCY), expression(text))


def test_an_expression_that_is_none_is_refused_before_any_letter_is_read() -> None:
    with pytest.raises(SettingsError, match="--jq"):
        expression(".data | (")


def test_without_the_library_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jq", None)
    with pytest.raises(MissingPart, match=r"pip install 'crm-kpi-streams\[tools\]'"):
        expression(".")


# -- What stays -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [setting("id=other"), unsetting("id"), setting("source=/other"), expression("del(.id)")]
)
def test_what_an_event_is_known_by_cannot_be_changed(change: Change) -> None:
    with pytest.raises(CannotFix, match="by which it is known"):
        fixed(letter(BAD_CURRENCY), change)


@pytest.mark.parametrize("id_", [None, 17, "", "x" * 201])
def test_an_event_that_has_no_id_that_can_be_used_is_given_one(id_: object) -> None:
    event = lead_created("lead-1") | {"id": id_}
    assert fixed(letter(event), setting("id=given"))["id"] == "given"


def test_a_binary_record_is_fixed_as_the_event_that_it_is() -> None:
    event = fixed(letter(binary(BAD_CURRENCY)), setting("data.currency=EUR"), setting("subject=deal"))
    assert event == {**BAD_CURRENCY, "data": {**BAD_CURRENCY["data"], "currency": "EUR"}, "subject": "deal"}


def test_amounts_stay_exact() -> None:
    event = deal_won("deal-1", currency="XQX", amount_minor=999_999_999_999_999)
    for change in (setting("data.currency=EUR"), expression('.data.currency = "EUR"')):
        assert fixed(letter(event), change)["data"]["amount_minor"] == 999_999_999_999_999


@pytest.mark.parametrize("number", ["9007199254740993", "-100000000000000001", "1e400"])
def test_a_number_that_jq_cannot_keep_is_told_and_not_changed(number: str) -> None:
    """It reads them as floating-point numbers. What is computed is meant, and what goes need not be kept."""
    text = json.dumps(BAD_CURRENCY).replace("10000", number)
    with pytest.raises(CannotFix, match=r"data\.amount_minor is a number that jq cannot keep"):
        fixed(letter(text), expression('.data.currency = "EUR"'))
    assert fixed(letter(text), expression(".data.amount_minor = 5"))["data"]["amount_minor"] == 5
    assert "amount_minor" not in fixed(letter(text), expression("del(.data.amount_minor)"))["data"]
    in_a_list = json.dumps(BAD_CURRENCY | {"list": [1, [int(2**53 + 1)]]})
    with pytest.raises(CannotFix, match=r"list\[1\]\[0\]"):
        fixed(letter(in_a_list), expression("."))


@pytest.mark.parametrize("value", ["<html>", "[1]", b"\xff"])
def test_what_is_no_event_cannot_be_fixed(value: str | bytes) -> None:
    with pytest.raises(CannotFix, match="no JSON object"):
        fixed(letter(value), setting("data.currency=EUR"))
