"""Which lines are events, against answers given by hand."""

import json
from pathlib import Path

import pytest

from tests.oracle.history import activated, at_ms, churned, contacted, cost, lead, read, ticket, told, won
from tests.oracle.oracle import evaluate

GOOD = json.loads(won("2024-06-11", "bad"))


def with_envelope(**attributes: object) -> bytes:
    return json.dumps({**GOOD, **attributes}).encode()


def with_data(**fields: object) -> bytes:
    return with_envelope(data={**GOOD["data"], **fields})


def without(field: str) -> bytes:
    return with_envelope(data={name: value for name, value in GOOD["data"].items() if name != field})


def score(**fields: object) -> bytes:
    """An NPS answer of 9 with other fields, of the type that this line then has."""
    data = {"response_id": "r", "kind": "nps", "score": 9, "scale_min": 0, "scale_max": 10, **fields}
    return with_envelope(type="crm.survey.answered", data=data)


BAD = {
    "empty": b"",
    "not json": b"<html>502</html>",
    "truncated": json.dumps(GOOD).encode()[:-1],
    "array": b"[" + json.dumps(GOOD).encode() + b"]",
    "null": b"null",
    "trailing comma": json.dumps(GOOD).encode()[:-1] + b",}",
    "something behind": json.dumps(GOOD).encode() + b"\x00",
    "not UTF-8": json.dumps(GOOD).encode().replace(b"deal-bad", b"deal-\xff"),
    "NaN in an unknown field": with_data(probability=float("nan")),
    "Infinity": with_data(probability=float("inf")),
    "another version": with_envelope(specversion="0.3"),
    "unknown type": with_envelope(type="crm.deal.teleported"),
    "empty event id": with_envelope(id=""),
    "event id of a number": with_envelope(id=7),
    "event id of 201 letters": with_envelope(id="x" * 201),
    "no zone": with_envelope(time="2024-06-11T00:00:00"),
    "no such day": with_envelope(time="2024-02-30T00:00:00Z"),
    "time of a number": with_envelope(time=1718064000),
    "data of a string": with_envelope(data="{}"),
    "missing field": without("amount_minor"),
    "null field": with_data(customer_id=None),
    "wrong type": with_data(amount_minor="a lot"),
    "amount in quotes": with_data(amount_minor="10000"),
    "amount with a fraction": with_data(amount_minor=100.5),
    "amount of true": with_data(amount_minor=True),
    "negative amount": with_data(amount_minor=-1),
    "amount above 10^15": with_data(amount_minor=10**15 + 1),
    "amount of 400 digits": with_data(amount_minor=10**399),
    "unknown currency": with_data(currency="XXX"),
    "empty deal id": with_data(deal_id=""),
    "dimension of a number": with_data(channel=7),
    "revision in quotes": with_data(revision="1"),
    "score outside its scale": score(score=11),
    "nps of 1-5": score(score=5, scale_min=1, scale_max=5),
    "ces of 1-5": score(kind="ces", score=5, scale_min=1, scale_max=5),
    "unknown kind of survey": score(kind="smile"),
    "later than the as-of time": with_envelope(time="2024-06-20T00:00:00.001Z"),
}


def kept(folder: Path, lines: list[bytes]) -> list[tuple[str, int]]:
    """Type and time of each event that is left of these lines."""
    path = folder / "lines.ndjson"
    path.write_bytes(b"\n".join(lines))
    connection = evaluate(path, at_ms("2024-06-20"), scripts=["events"])
    return connection.execute("SELECT type, time_ms FROM event ORDER BY time_ms").fetchall()


def test_a_bad_line_counts_nowhere_and_its_neighbours_do(tmp_path: Path) -> None:
    """Between two lines that are good there is one of each kind that is not."""
    lines = [won("2024-06-10", "b")]
    for place, bad in enumerate(BAD.values()):
        lines += [bad, won(f"2024-06-12 00:00:00.{place:03d}", f"c{place}")]
    left = [time_ms for _, time_ms in kept(tmp_path, lines)]
    assert left == [at_ms("2024-06-10"), *range(at_ms("2024-06-12"), at_ms("2024-06-12") + len(BAD))]


FINE = {
    "the same": json.dumps(GOOD).encode(),
    "the word NaN and a comma and a bracket": with_data(note='NaN, Infinity,} \\ " ,]'),
    "unknown fields": with_data(extra={"a": [1]}),
    "null where nothing is due": with_data(revision=None, channel=None, lead_id=None),
    "the greatest amount": with_data(amount_minor=10**15),
    "a zone": with_envelope(time="2024-06-11T02:00:00.5+02:00"),
    "carriage return": json.dumps(GOOD).encode() + b"\r",
    "fields twice": b'{"type":"crm.deal.lost",' + with_data(currency="XXX")[1:-2] + b',"currency":"EUR"}}',
}


@pytest.mark.parametrize("line", FINE.values(), ids=FINE)
def test_a_good_line_counts_however_it_is_written(line: bytes, tmp_path: Path) -> None:
    assert [type_ for type_, _ in kept(tmp_path, [line])] == ["crm.deal.won"]


def test_digits_below_the_millisecond_are_cut_off_and_zones_count(tmp_path: Path) -> None:
    times = ["2024-06-11T00:00:00.0009Z", "2024-06-11T05:30:00.25+05:30", "2024-06-10T23:00:00.5-01:00"]
    found = kept(tmp_path, [with_envelope(id=time, time=time) for time in times])
    assert [time_ms - at_ms("2024-06-11") for _, time_ms in found] == [0, 250, 500]


def test_the_order_of_lines_and_their_repetition_do_not_matter(tmp_path: Path) -> None:
    history = [lead("created", "2024-06-10"), contacted("2024-06-10 01:00"), won("2024-06-11")]
    history += [activated("2024-05-01"), churned("2024-05-03"), ticket("created", "2024-06-12")]
    history += [told("crm.order.paid", "2024-06-12", order_id="o"), cost("2024-04-02", 300_00)]
    once = read(tmp_path, history, as_of="2024-06-20")
    assert read(tmp_path, [*reversed(history), *history], as_of="2024-06-20") == once
