"""What becomes of a letter is told before it is published."""

import json

import pytest

from schemas.dead_letter import DeadLetter
from streams.letters.filters import Filter
from streams.letters.fixing import Fix, expression, setting
from streams.letters.judging import Judge, Verdict
from streams.letters.letter import Letter
from streams.letters.order import Order
from streams.letters.replaying import Tally
from streams.naming import REPLAYED_HEADER
from tests.builders import Record, days, deal_won, lead_created, ms, record, shipped
from tests.letters.builders import BAD_CURRENCY, SOURCE, binary, dead, letter

NOW_MS = ms("2024-04-15 12:00")
UNCHANGED = Fix()
TO_EUR = Fix([setting("data.currency=EUR")])


def judge(fix: Fix = UNCHANGED) -> Judge:
    return Judge(shipped().decoder, fix, SOURCE.topic, lambda: NOW_MS)


def judged(of: Letter, fix: Fix = UNCHANGED) -> Verdict:
    return judge(fix).judge(of)


def test_what_would_be_refused_again_is_told_with_its_reason() -> None:
    verdict = judged(letter(BAD_CURRENCY))
    assert (verdict.outcome, verdict.reason) == ("refused", "unknown_currency")
    assert "no rate for 'XQX'" in verdict.message


def test_what_is_published_has_a_header_that_tells_where_it_comes_from() -> None:
    verdict = judged(letter(BAD_CURRENCY), TO_EUR)
    assert verdict.outcome == "good" and verdict.record is not None
    assert verdict.record.timestamp == NOW_MS
    assert dict(verdict.record.headers)[REPLAYED_HEADER] == b"crm.events/3/0"


def test_unchanged_it_is_the_same_bytes_with_the_same_headers() -> None:
    bad = record(lead_created("lead-1", at="10:00"), at="09:00", offset=7)
    of = letter(bad._replace(headers=[("trace", b"\x00"), (REPLAYED_HEADER, b"crm.events/3/1")]))
    assert of.dead.reason == "future_time"
    verdict = judged(of)
    assert verdict.outcome == "good" and verdict.record is not None
    assert verdict.record.value == bad.value
    assert list(verdict.record.headers) == [("trace", b"\x00"), (REPLAYED_HEADER, b"crm.events/3/7")]


def test_a_binary_record_that_is_fixed_becomes_a_structured_one() -> None:
    verdict = judged(letter(binary(BAD_CURRENCY, ("trace", b"1"), at=5)), TO_EUR)
    assert verdict.outcome == "good" and verdict.record is not None and verdict.record.value is not None
    assert json.loads(verdict.record.value)["id"] == "won-deal-17"
    assert list(verdict.record.headers) == [
        ("content-type", b"application/cloudevents+json"),
        ("trace", b"1"),
        (REPLAYED_HEADER, b"crm.events/3/5"),
    ]


TOO_LARGE = Record(1, 0, None, b"x" * 1_000_001)


@pytest.mark.parametrize(
    ("dead_letter", "why"),
    [
        (dead(TOO_LARGE), "only a prefix"),
        (dead(Record(1, 0, b"key", None)), "no value"),
        (dead(BAD_CURRENCY, topic="other.events"), "of the topic other.events"),
    ],
)
def test_what_cannot_be_published_is_told_why(dead_letter: DeadLetter, why: str) -> None:
    verdict = judged(Letter(dead_letter, 0), TO_EUR)
    assert verdict.outcome == "impossible"
    assert why in verdict.message


def test_an_unreadable_one_is_published_where_its_value_alone_is_an_event() -> None:
    """Of such a record there are no headers: of a binary one the event is gone."""
    fine = deal_won("deal-1")
    assert judged(letter(fine, reason="unreadable")).outcome == "good"
    assert judged(letter(binary(fine), reason="unreadable", headers=[])).outcome == "refused"


def test_too_late_stays_too_late_unless_its_time_is_corrected() -> None:
    of = letter(lead_created("lead-1", at=NOW_MS - days(900)), reason="too_late")
    assert (judged(of).outcome, judged(of).reason) == ("refused", "too_late")
    assert judged(of, Fix([setting("time=2024-04-15T10:00:00Z")])).outcome == "good"


def test_several_events_cannot_be_given_the_same_id() -> None:
    nameless = [letter(lead_created(f"lead-{at}", at="10:00") | {"id": None}, offset=at) for at in range(2)]
    same, own = judge(Fix([setting("id=given")])), judge(Fix([expression(".id = $letter")]))
    assert [same.judge(of).outcome for of in nameless] == ["good", "impossible"]
    assert [own.judge(of).outcome for of in nameless] == ["good", "good"]


# -- How many are taken -----------------------------------------------------------------------------------


def taken(order: Order, *letters: Letter) -> tuple[list[bool], Tally]:
    tally, by = Tally(order), judge(order.fix)
    return [tally.takes(by.judge(of)) for of in letters], tally


def test_what_would_be_refused_stays_unless_it_is_forced() -> None:
    assert taken(Order(Filter()), letter(BAD_CURRENCY))[0] == [False]
    assert taken(Order(Filter(), force=True), letter(BAD_CURRENCY))[0] == [True]


def test_of_what_may_be_refused_again_only_so_many_are_taken_at_a_time() -> None:
    """Too many bad ones hold a partition."""
    failed = [letter(lead_created(f"lead-{at}", at="10:00"), offset=at) for at in range(5)]
    assert {of.dead.reason for of in failed} == {"engine_error"}
    found, tally = taken(Order(Filter(), unsure=3), *failed, letter(BAD_CURRENCY))
    assert found == [True, True, True, False, False, False]
    assert (tally.published, tally.left, tally.stay) == (3, 2, 3)
