"""What is published has the contract's key: a subject whose events lie in two partitions is counted wrong."""

import json

import pytest

from schemas.events import EVENT_TYPES, partition_key
from schemas.own_events import EventType, own_model
from streams.commands.followed import rounds
from streams.kafka.outline import OF_CONTRACT, Outliner, key_of
from streams.kafka.publisher import Sent
from tests.builders import cost_recorded, event, lead_created, record, shipped, survey_answered
from tests.worker.builders import history

outline = OF_CONTRACT.outline
LEAD = json.dumps(lead_created("lead-1", customer_id="customer-1"))


def having(text: str, inside: str = '"data": {') -> bytes:
    """The lead's event with something more in its data, or in what begins with `inside`."""
    return LEAD.replace(inside, f"{inside}{text}, ", 1).encode()


# Lines that the worker accepts, whatever stands in fields that it does not know.
ODD = {
    "a number beyond floats": having('"note": 1e999'),
    "a number of 5000 digits": having('"note": ' + "7" * 5_000),
    "a partition key that is no text": having('"partitionkey": 5', inside="{"),
    "an empty partition key": having('"partitionkey": ""', inside="{"),
    "an id of another kind that is no text": having('"cost_id": {"a": [1]}'),
    "a name that comes twice": having('"customer_id": "somebody-else"'),
    "an attribute beyond floats": having('"sequence": 1e999', inside="{"),
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_an_odd_line_that_is_accepted_has_the_key_of_its_customer(line: bytes) -> None:
    events, rejects = shipped().decoder.decode([record(line)])
    assert not rejects
    assert events[0].data.customer_id == "customer-1"
    assert key_of(line) == b"customer-1"


def test_every_line_that_is_accepted_has_the_key_that_the_contract_gives() -> None:
    accepted = 0
    for one in history():
        events, _ = shipped().decoder.decode([one])
        if events:
            accepted += 1
            key = partition_key(events[0].type, json.loads(one.value or b"")["data"])
            assert key is not None
            assert key_of(one.value or b"") == key.encode()
    assert accepted > 250


def test_a_partition_key_of_its_own_goes_first() -> None:
    assert key_of(having('"partitionkey": "mine"', inside="{")) == b"mine"


def test_without_a_customer_the_key_is_the_subjects_own_id() -> None:
    assert key_of(json.dumps(cost_recorded("cost-1")).encode()) == b"cost-1"
    assert key_of(json.dumps(survey_answered("answer-1", invitation_id="i-1")).encode()) == b"i-1"


def test_a_type_of_ones_own_has_the_key_that_its_declaration_gives() -> None:
    declared = {"id": "demo_id", "required": {"demo_id": "id"}, "optional": {"customer_id": "id"}}
    own = own_model("crm.x.demo.held", EventType.model_validate(declared))
    outliner = Outliner({**EVENT_TYPES, "crm.x.demo.held": own})
    held = event("crm.x.demo.held", "10:00", {"demo_id": "demo-1"})
    assert outliner.key_of(json.dumps(held).encode()) == b"demo-1"
    assert key_of(json.dumps(held).encode()) is None
    of_customer = event("crm.x.demo.held", "10:00", {"demo_id": "demo-1", "customer_id": "c"})
    assert outliner.key_of(json.dumps(of_customer).encode()) == b"c"


BAD = [b"", b"nonsense", b"[]", b"7", b"\xff", b'{"data": []}', b'{"type": [1]}', b"[" * 9_000]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_line_has_no_key_and_no_time(bad: bytes) -> None:
    assert outline(bad) == (None, "")


def test_rounds_hold_all_lines_in_order_and_not_much_more_than_their_size() -> None:
    lines = [Sent(b"x" * size) for size in (10, 900_000, 5, 400_000, 400_000, 1, 2)]
    found = list(rounds(lines))
    assert [line for round_ in found for line in round_] == lines
    assert [sum(len(line.value) for line in round_) for round_ in found] == [900_010, 800_005, 3]


def test_no_lines_are_no_round() -> None:
    assert list(rounds([])) == []
