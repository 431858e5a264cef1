"""Whether a record lies where its key belongs."""

import logging

import pytest
from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from streams.worker.placement import Placement, murmur2_place
from streams.worker.telemetry import Telemetry
from tests.builders import Record

TP = TopicPartition("crm.events", 3)
PARTITIONS = {0, 1, 2, 3}
KEYS = [b"cust-%d" % number for number in range(200)]


def record(offset: int, key: bytes | None) -> Record:
    return Record(offset, 0, key, b"x")


def test_a_key_belongs_where_the_default_partitioner_puts_it() -> None:
    partitioner = DefaultPartitioner()
    for key in KEYS:
        assert murmur2_place(key, 4) == partitioner(key, [0, 1, 2, 3], [0])


def test_misplaced_records_are_counted_and_warned_about_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    telemetry = Telemetry()
    placement = Placement(TP, murmur2_place, telemetry)
    right = [record(at, key) for at, key in enumerate(KEYS) if murmur2_place(key, 4) == 3]
    wrong = [record(at, key) for at, key in enumerate(KEYS) if murmur2_place(key, 4) != 3]
    with caplog.at_level(logging.WARNING):
        placement.check([*right, record(900, None), record(901, b"")], PARTITIONS)
        assert caplog.messages == []
        for _ in range(3):
            placement.check([*right, *wrong], PARTITIONS)
    assert len(caplog.messages) == 1
    assert (
        f"{len(wrong)} records do not belong here by their key, the first at offset {wrong[0].offset}"
        in (caplog.messages[0])
    )
    assert "cust-" not in caplog.text
    counted = telemetry.registry.get_sample_value("crm_records_misplaced_total", {"partition": "3"})
    assert counted == 3 * len(wrong)


@pytest.mark.parametrize("unknown", [None, set()])
def test_nothing_is_said_while_the_partitions_are_not_known(unknown: set[int] | None) -> None:
    telemetry = Telemetry()
    Placement(TP, murmur2_place, telemetry).check([record(0, b"key")], unknown)
    assert telemetry.registry.get_sample_value("crm_records_misplaced_total", {"partition": "3"}) is None
