"""The benchmarks' events: what they must be for the figures to mean something."""

import json
from datetime import datetime

from benchmarks.company import SHAPES, Company, Line, as_fetched

UNTIL_MS = 1_760_000_000_000
COMPANY = Company(2_000, UNTIL_MS)


def times_ms(lines: list[Line]) -> list[int]:
    return [line.time_ms for line in lines]


def test_both_shapes_tell_the_same_events() -> None:
    live, history = (
        [{**json.loads(line.value), "time": ""} for line in COMPANY.lines(shape)] for shape in SHAPES
    )
    assert len(live) == 2_000
    assert live == history


def test_live_events_come_a_thousand_a_second_up_to_now_in_order() -> None:
    times = times_ms(COMPANY.lines("live"))
    assert times == sorted(times)
    assert UNTIL_MS - 2_000 <= times[0] < times[-1] <= UNTIL_MS


def test_a_line_has_the_time_that_its_event_says() -> None:
    for shape in SHAPES:
        for line in COMPANY.lines(shape)[::100]:
            time = datetime.fromisoformat(json.loads(line.value)["time"])
            assert line.time_ms == round(time.timestamp() * 1000)


def test_the_company_goes_on_with_the_newest_events_at_the_asked_pace() -> None:
    lines = COMPANY.continued(10, UNTIL_MS, per_s=5)
    assert times_ms(lines) == [UNTIL_MS + 200 * number for number in range(10)]
    newest = [json.loads(line.value)["id"] for line in COMPANY.lines("history")[-10:]]
    assert [json.loads(line.value)["id"] for line in lines] == newest


def test_all_events_of_a_key_are_fetched_from_one_partition() -> None:
    partitions = [{record.key for record in records} for records in as_fetched(COMPANY.lines("live"))]
    assert all(partitions)
    assert sum(map(len, partitions)) == len(set().union(*partitions))
