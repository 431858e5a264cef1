"""Events of the past as records: keys as of every producer, times at which the worker takes them."""

from typing import Any

import pytest

from streams.engine.decode import Event
from streams.engine.engine import Engine
from streams.imports.records import Records, TooOld
from streams.kafka.outline import OF_CONTRACT
from streams.kafka.retention import Topic
from tests.builders import days, event, ms, record, rfc3339, shipped

NOW = "2030-01-01T00:00:00Z"
NOW_MS = ms(NOW)
FOR_EVER = Topic("id", None, takes_times=True)
WEEK = Topic("id", days(7), takes_times=True)


def decoded(type_: str, age_days: float, **data: Any) -> Event:
    about = {"deal_id": "d", "customer_id": "c", **data}
    told = event(type_, rfc3339(NOW_MS - days(age_days)), about)
    (found,), _ = shipped().decoder.decode([record(told, NOW)])
    return found


def timestamps(topic: Topic, *events: Event) -> list[int]:
    return [one.timestamp_ms for one in Records(shipped(), NOW_MS, topic).of(events)]


def test_what_is_remembered_has_the_present_and_what_is_older_its_own_time() -> None:
    young, old = decoded("crm.deal.created", 700), decoded("crm.deal.created", 1_500)
    assert timestamps(FOR_EVER, young, old) == [NOW_MS, old.time_ms]


def test_who_is_remembered_for_ever_needs_no_time_of_the_past() -> None:
    assert timestamps(WEEK, decoded("crm.customer.activated", 3_000)) == [NOW_MS]


@pytest.mark.parametrize(
    ("type_", "more"),
    [
        ("crm.deal.created", {}),
        ("crm.order.paid", {"order_id": "o", "amount_minor": 1, "currency": "USD"}),
        ("crm.interaction.logged", {"interaction_id": "i", "direction": "inbound"}),
        ("crm.customer.activated", {}),
    ],
)
@pytest.mark.parametrize("age_days", [0, 50, 99.5, 101, 799.5, 801, 5_000])
def test_the_worker_finds_no_record_of_an_import_too_late(
    type_: str, more: dict[str, Any], age_days: float
) -> None:
    found = decoded(type_, age_days, **more)
    (bulk,) = Records(shipped(), NOW_MS, FOR_EVER).of([found])
    engine = Engine(shipped(), sweeps=True)
    events, rejects = engine.decode([record(bulk.value, rfc3339(bulk.timestamp_ms))])
    effect = engine.apply(events, dict.fromkeys(engine.keys(events)))
    assert (rejects, effect.rejects) == ([], [])


def test_what_kafka_would_delete_is_refused_with_what_can_be_done() -> None:
    with pytest.raises(TooOld, match=r"row 0: crm.deal.created of 2025-.*retention.ms=-1.* --since 2027-10-"):
        timestamps(WEEK, decoded("crm.deal.created", 1_500))


def test_a_topic_that_takes_no_times_is_refused_for_old_events_only() -> None:
    of_the_broker = Topic("id", None, takes_times=False)
    assert timestamps(of_the_broker, decoded("crm.deal.created", 10)) == [NOW_MS]
    with pytest.raises(TooOld, match="CreateTime"):
        timestamps(of_the_broker, decoded("crm.deal.created", 1_500))


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("crm.deal.created", {}),
        (
            "crm.campaign.touched",
            {"campaign_id": "x", "recipient_ref": "r", "touch": "opened", "customer_id": None},
        ),
        ("crm.incident.opened", {"incident_id": "i", "component": "api"}),
        (
            "crm.survey.answered",
            {"response_id": "a", "kind": "nps", "score": 9, "scale_min": 0, "scale_max": 10},
        ),
    ],
)
def test_the_key_is_that_of_every_producer(type_: str, data: dict[str, Any]) -> None:
    found = decoded(type_, 1, **data)
    (bulk,) = Records(shipped(), NOW_MS, FOR_EVER).of([found])
    assert bulk.key == OF_CONTRACT.key_of(found.record.value)
    assert bulk.key is not None
