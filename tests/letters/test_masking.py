"""Nothing that is known of a person is shown of a dead letter, whatever the record says."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.letters.letter import Letter
from streams.letters.masking import SHOWN_RUN, Mask, described, shortened
from streams.letters.quotations import masked_message
from tests.builders import (
    Event,
    Record,
    deal_won,
    lead_contacted,
    lead_created,
    record,
    shipped,
    survey_answered,
)
from tests.letters.builders import BAD_CURRENCY, binary, dead, letter

MASK = Mask(shipped())
SECRET = "Änne Ö'Beirne"


def shown(of: Letter) -> str:
    """All that is shown of a letter, as one text."""
    parts = [MASK.field(of), MASK.type(of.origin()), MASK.message(of), MASK.event(of)]
    return json.dumps([*parts, shortened(of.origin().source)], ensure_ascii=False)


# -- What may be shown ------------------------------------------------------------------------------------


def test_what_the_contract_declares_is_shown_and_texts_are_not() -> None:
    contacted = lead_contacted("lead-4711", customer_id="customer-4711", id="contact-1")
    event = MASK.event(
        letter(contacted | {"data": {**contacted["data"], "channel": "phone", "note": SECRET}})
    )
    assert isinstance(event, dict)
    assert event["type"] == "crm.lead.contacted"
    assert event["time"] == "2024-04-15T10:00:00.000+00:00"
    assert event["data"] == {
        "customer_id": "cus…",
        "actor_kind": "human",
        "lead_id": "lea…",
        "…": "2 more fields",
    }


def test_amounts_and_currencies_are_shown_where_they_are_what_they_should_be() -> None:
    event = MASK.event(letter(BAD_CURRENCY))
    assert isinstance(event, dict)
    assert (event["data"]["amount_minor"], event["data"]["currency"]) == (10_000, "XQX")
    wrong = MASK.event(letter(deal_won("deal-1", amount_minor="4915112345", currency="Änne")))
    assert isinstance(wrong, dict)
    assert (wrong["data"]["amount_minor"], wrong["data"]["currency"]) == (
        "text of 10 characters",
        "text of 4 characters",
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("customer-4711", "cus…"),
        ("hubspot:17001", "hub…"),
        ("anna@example.com", "text of 16 characters"),
        ("Anna Meier", "text of 10 characters"),
        ("lead-17", "text of 7 characters"),
        ("deal-017", "text of 8 characters"),
        ("Max-Mustermann-AG", "Max…"),
        ("", "text of 0 characters"),
        (4915112345, "a number"),
        (True, "a boolean"),
        (["Anna"], "list of 1 value"),
        ({"Anna": 1, "Bert": 2}, "object of 2 fields"),
    ],
)
def test_an_id_is_shortened_and_what_is_no_id_is_described(value: Any, told: str) -> None:
    assert shortened(value) == told


@pytest.mark.parametrize("amount", [-4915112345678, 10**15 + 1, 4915112345678.0, True])
def test_a_number_that_the_contract_does_not_have_so_is_not_shown(amount: float) -> None:
    event = MASK.event(letter(deal_won("deal-1", amount_minor=amount)))
    assert isinstance(event, dict)
    assert event["data"]["amount_minor"] == described(amount)


@pytest.mark.parametrize(("score", "told"), [(-3, -3), (1_000, 1_000), (1_001, "a number"), (None, None)])
def test_the_bounds_of_a_number_are_those_of_its_field(score: int | None, told: object) -> None:
    answered = survey_answered("survey-1")
    event = MASK.event(letter(answered | {"data": {**answered["data"], "score": score}}))
    assert isinstance(event, dict)
    assert event["data"]["score"] == told


@pytest.mark.parametrize("time", ["1990-04-12", "1990-04-12T10:00:00", "19900412", "1790-04-12T10:00:00Z"])
def test_a_time_that_the_contract_does_not_have_so_is_not_shown(time: str) -> None:
    of = letter(deal_won("deal-1") | {"time": time})
    event = MASK.event(of)
    assert isinstance(event, dict)
    assert event["time"] == described(time)


def test_a_number_where_a_text_should_be_may_be_a_telephone() -> None:
    assert "4915112345" not in shown(letter(lead_created("lead-1", customer_id=4915112345)))


def test_names_of_fields_are_not_shown_unless_the_contract_has_them() -> None:
    assert SECRET not in shown(letter(lead_created("lead-1", at="10:00") | {SECRET: 1, "time": "soon"}))
    bad = binary(deal_won("deal-1"), (f"ce_{SECRET}", b"\xff"))
    assert SECRET not in shown(letter(bad))


def test_a_type_that_there_is_not_is_not_shown() -> None:
    of = letter(lead_created("lead-1") | {"type": f"crm.{SECRET}"})
    assert MASK.type(of.origin()) == described(f"crm.{SECRET}")
    assert SECRET not in shown(of)


@pytest.mark.parametrize(
    "value", [f"{SECRET} ".encode() * 9, f'{{"name": "{SECRET}"'.encode(), b'["Anna Meier"]']
)
def test_of_what_is_no_event_only_the_size_is_shown(value: bytes) -> None:
    of = letter(Record(1, 0, None, value))
    assert MASK.event(of) == f"record of {len(value):,} bytes"


# -- Messages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no rate for 'XQX'; the catalog has EUR", "no rate for 'XQX'; the catalog has EUR"),
        ("no rate for 'xqx'; the catalog has EUR", "no rate for (text of 3 characters); the catalog has EUR"),
        (
            "Invalid enum value 'Anna Meier'; one of human",
            "Invalid enum value (text of 10 characters); one of human",
        ),
        ("Invalid enum value 'It\\'s me'", "Invalid enum value (text of 8 characters)"),
        ("Expected `str | null`, got `int`", "Expected `str | null`, got `int`"),
        ("the catalog's scale 1..5, who doesn't", "the catalog's scale 1..5, who doesn't"),
        ("'crm.Anna Mei", "(text of 12 characters)"),
        ("'crm.lead.created' `human`", "'crm.lead.created' `human`"),
    ],
)
def test_quotations_of_the_record_are_taken_out_of_a_message(message: str, told: str) -> None:
    words = {"crm.lead.created", "human"}
    assert masked_message(message, words, []) == told


def test_a_text_that_has_quotation_marks_in_it_is_taken_out_whole() -> None:
    text = "a' or Änne or 'b"
    assert masked_message(f"Invalid enum value '{text}'", (), [text]) == (
        f"Invalid enum value (text of {len(text)} characters)"
    )
    assert "Änne" not in masked_message(f"Invalid enum value '{text}"[:-4], (), [text])


# -- Whatever the record says -----------------------------------------------------------------------------

FOREIGN = "ÄÖÜßłŋ ''\"\"``\\\n@.-_"
"""Of no letter that stands in a message or a name of the contract; and all that quoting stumbles over."""
TEXTS = st.text(FOREIGN, min_size=SHOWN_RUN + 1, max_size=60)
MAKERS = (lead_created, lead_contacted, deal_won, survey_answered)


@st.composite
def hostile(draw: st.DrawFn) -> tuple[list[str], Record]:
    """A record with texts where anything may be, and these texts."""
    event: Event = draw(st.sampled_from(MAKERS))("subject-1", id="event-0001")
    data = dict(event["data"])
    texts = draw(st.lists(TEXTS, min_size=1, max_size=4))
    for text in texts:
        match draw(st.integers(0, 4)):
            case 0:
                data[draw(st.sampled_from(sorted(data)))] = text
            case 1:
                event = {**event, draw(st.sampled_from(sorted(event))): text}
            case 2:
                data[text] = text
            case 3:
                data[draw(st.sampled_from(sorted(data)))] = {text: [text]}
            case 4:
                event = {**event, text: text}
    event = {name: data if value == event.get("data") else value for name, value in event.items()}
    if draw(st.booleans()):
        return texts, record(event)
    headers = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
    return texts, record(event.get("data"))._replace(headers=headers)


@given(hostile())
@settings(max_examples=300, deadline=None)
def test_no_text_of_the_record_survives(given_: tuple[list[str], Record]) -> None:
    texts, bad = given_
    of = Letter(dead(bad), 0)
    told = json.loads(shown(of))
    for text in texts:
        runs = {text[at : at + SHOWN_RUN + 1] for at in range(len(text) - SHOWN_RUN)}
        assert not [run for run in runs if run in _joined(told)], (text, told)


def _joined(told: Any) -> str:
    """All texts of a document, a line each."""
    match told:
        case str():
            return told
        case list():
            return "\n\t\n".join(map(_joined, told))
        case dict():
            return "\n\t\n".join(map(_joined, [*told, *told.values()]))
    return str(told)
