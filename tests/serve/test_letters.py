"""Dead letters as the board tells them."""

from typing import Any

from streams.letters.watching import Kept, Seen
from streams.serve.letters import SAMPLES, letters_document
from tests.builders import ms

NOW_MS = ms("18:30")


def kept(time_ms: int, reason: str = "bad_time", id_: str = "", **more: Any) -> Kept:
    given: dict[str, Any] = {"field": "", "type": "crm.deal.won", "source": None, "message": "", "event": {}}
    return Kept(time_ms, id_ or f"crm.events/0/{time_ms}", reason, **{**given, **more})


def document(*letters: Kept, hours: int = 3, sources: tuple[str, ...] = ()) -> Any:
    return letters_document(Seen(NOW_MS, "reading", "", "letters", letters, 2, True), hours, sources)


def test_letters_are_counted_by_the_hour_of_their_records_up_to_the_one_that_runs() -> None:
    times = ("15:59", "16:00", "16:59", "18:00", "18:30")
    found = document(*(kept(ms(time)) for time in times))
    assert found["hours"] == [f"2024-04-15T{hour}:00:00.000Z" for hour in (16, 17, 18)]
    (reason,) = found["reasons"]
    assert (reason["number"], reason["hours"]) == (5, [2, 0, 2])
    assert (reason["first"][11:16], reason["last"][11:16]) == ("15:59", "18:30")


def test_the_reason_with_most_stands_first_and_its_types_are_counted() -> None:
    found = document(kept(1), kept(2, "not_json", type=""), kept(3, "not_json"), kept(4, "not_json"))
    assert [reason["reason"] for reason in found["reasons"]] == ["not_json", "bad_time"]
    assert found["reasons"][0]["types"] == [
        {"type": "crm.deal.won", "number": 2},
        {"type": None, "number": 1},
    ]


def test_of_each_reason_the_newest_are_shown_those_that_still_stay_before_others() -> None:
    back = kept(ms("18:00"), replayed_at_ms=ms("18:10"))
    found = document(back, *(kept(ms("12:00") + at) for at in range(SAMPLES - 1)))
    (reason,) = found["reasons"]
    assert reason["replayed"] == 1
    assert [one["id"] for one in reason["samples"]] == [
        *(f"crm.events/0/{ms('12:00') + at}" for at in reversed(range(SAMPLES - 1))),
        back.id,
    ]


def test_a_source_is_named_where_the_board_names_it_already() -> None:
    letters = (kept(2, source="/hubspot/62515"), kept(1, source="anna@example.com"))
    (reason,) = document(*letters, sources=("/hubspot/62515",))["reasons"]
    assert [one["source"] for one in reason["samples"]] == ["/hubspot/62515", "text of 16 characters"]


def test_a_time_that_is_none_is_told_as_none() -> None:
    (reason,) = document(kept(-1), kept(10**18))["reasons"]
    assert {one["time"] for one in reason["samples"]} == {None}
    assert reason["hours"] == [0, 0, 0]
