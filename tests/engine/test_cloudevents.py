"""What the official `cloudevents` library writes to Kafka, in either mode, is the event that we would."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import kafka as old_kafka
from cloudevents.v1.http import CloudEvent as OldCloudEvent

from schemas.events import EVENT_TYPES, partition_key
from streams.engine.decode import Event
from tests.builders import Record, event, ms, record, shipped
from tests.examples import data_of, required_of


class Written(NamedTuple):
    """A record as the library makes it."""

    key: bytes | None
    value: bytes
    headers: Mapping[str, bytes]

    @property
    def record(self) -> Record:
        return Record(0, ms("2030-01-01"), self.key, self.value, tuple(self.headers.items()))


def _attributes(made: Mapping[str, Any]) -> dict[str, Any]:
    key = partition_key(made["type"], made["data"])
    return {
        **{name: made[name] for name in ("specversion", "id", "source", "type")},
        "time": datetime.fromisoformat(made["time"]),
        "partitionkey": key,
        "datacontenttype": "application/json",
    }


def structured(made: Mapping[str, Any]) -> Written:
    return _written(kafka.to_structured(CloudEvent(_attributes(made), made["data"]), JSONFormat()))


def binary(made: Mapping[str, Any]) -> Written:
    return _written(kafka.to_binary(CloudEvent(_attributes(made), made["data"]), JSONFormat()))


def old_structured(made: Mapping[str, Any]) -> Written:
    return _written(old_kafka.to_structured(_old(made)))


def old_binary(made: Mapping[str, Any]) -> Written:
    return _written(old_kafka.to_binary(_old(made)))


def _old(made: Mapping[str, Any]) -> OldCloudEvent:
    """Of version 1 of the library, where times are texts."""
    return OldCloudEvent({**_attributes(made), "time": made["time"]}, made["data"])


def _written(message: Any) -> Written:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return Written(key, message.value, message.headers)


def decoded(one: Record) -> Event:
    events, rejects = shipped().decoder.decode([one])
    assert not rejects, rejects
    return events[0]


MODES = [structured, binary, old_structured, old_binary]


@pytest.mark.parametrize("write", MODES, ids=lambda write: write.__name__)
@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_the_librarys_output_is_the_same_event(type_: str, write: Callable[..., Written]) -> None:
    for data in (data_of(EVENT_TYPES[type_]), required_of(EVENT_TYPES[type_])):
        made = event(type_, "10:00:00.250", data, id=f"öffentlich-{type_}")
        theirs, ours = decoded(write(made).record), decoded(record(made))
        for name in ("type", "digest", "time_ms", "data"):
            assert getattr(theirs, name) == getattr(ours, name)


@pytest.mark.parametrize("write", MODES, ids=lambda write: write.__name__)
def test_the_librarys_key_is_that_of_the_relationship(write: Callable[..., Written]) -> None:
    made = event("crm.campaign.touched", "10:00", required_of(EVENT_TYPES["crm.campaign.touched"]))
    assert write(made).key == b"text"


@pytest.mark.parametrize("write", [binary, old_binary], ids=lambda write: write.__name__)
def test_binary_mode_is_told_by_its_headers_and_has_nothing_but_data_as_value(
    write: Callable[..., Written],
) -> None:
    written = write(event("crm.lead.created", "10:00", required_of(EVENT_TYPES["crm.lead.created"])))
    assert written.headers["ce_type"] == b"crm.lead.created"
    assert json.loads(written.value) == required_of(EVENT_TYPES["crm.lead.created"])
