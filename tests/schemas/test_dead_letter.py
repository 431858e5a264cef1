"""A dead letter gives back what could not be counted, byte for byte."""

import base64
from hashlib import sha256

import pytest
from pydantic import ValidationError

from schemas.dead_letter import DeadLetter

VALUE = b'{"id": "\xff'
LETTER = DeadLetter(
    reason="not_utf8",
    field=None,
    message="not UTF-8 at byte 8",
    topic="crm.events",
    partition=3,
    offset=42,
    timestamp_ms=1_713_175_200_000,
    key=base64.b64encode(b"customer-1").decode(),
    value=base64.b64encode(VALUE).decode(),
    headers=[("ce_type", base64.b64encode(b"crm.lead.created").decode()), ("empty", None), ("empty", "YQ==")],
    size=len(VALUE),
)


def test_a_dead_letter_survives_the_topic() -> None:
    assert DeadLetter.from_json(LETTER.model_dump_json().encode()) == LETTER
    assert LETTER.original() == VALUE


def test_the_same_record_is_the_same_dead_letter() -> None:
    assert LETTER.record_key() == "crm.events/3/42"


def test_headers_are_read_as_text_and_the_first_that_says_something_counts() -> None:
    assert LETTER.header("ce_type") == "crm.lead.created"
    assert LETTER.header("empty") == "a"
    assert LETTER.header("none") is None


def test_a_tombstone_has_no_original_and_a_large_one_has_its_hash() -> None:
    tombstone = LETTER.model_copy(update={"reason": "tombstone", "value": None, "size": 0})
    assert tombstone.original() is None
    large = LETTER.model_copy(update={"reason": "too_large", "sha256": sha256(VALUE).hexdigest()})
    assert DeadLetter.from_json(large.model_dump_json().encode()).sha256 == sha256(VALUE).hexdigest()


def test_a_reason_is_one_of_a_list() -> None:
    with pytest.raises(ValidationError):
        DeadLetter.model_validate({**LETTER.model_dump(), "reason": "bad luck"})
