"""Bad input through the real worker: it stops nothing, takes no good neighbour along, and can be read back.

One worker process on the embedded broker and a real Redis. (About 8 s.)
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.dead_letter import DeadLetter
from streams.commands.stack import child, services
from streams.commands.topics import read_topic
from streams.embedded.processes import free_port
from streams.engine.panes import KEEP_MS
from streams.engine.plan import read_plan
from streams.naming import APPLIED, rejects_total
from streams.settings import Settings
from streams.state import PartitionStore, connect
from tests.builders import deal_won, lead_created, survey_answered

KEY = b"one-partition"
HEADERS = [("trace", b"\x00\xff")]


def encoded(event: Any) -> bytes:
    return json.dumps(event).encode()


def broken(event: dict[str, Any], **fields: Any) -> bytes:
    """An event with other attributes; None leaves one out."""
    return encoded({name: value for name, value in {**event, **fields}.items() if value is not None})


def with_data(event: dict[str, Any], **fields: Any) -> bytes:
    data = {name: value for name, value in {**event["data"], **fields}.items() if value is not None}
    return encoded({**event, "data": data})


LEAD = lead_created("bad")
WON = deal_won("bad")
GOOD = encoded(lead_created("bad"))
LATER = "2150-01-01T00:00:00Z"

# name -> (value of the record, reason, field)
BAD: dict[str, tuple[bytes | None, str, str | None]] = {
    "not JSON": (b"lead created, call them!", "not_json", None),
    "truncated": (GOOD[:-20], "not_json", None),
    "a JSON array": (b"[" + GOOD + b"]", "not_object", None),
    "unknown type": (broken(LEAD, type="crm.lead.kissed"), "unknown_type", "type"),
    "missing field": (with_data(LEAD, customer_id=None), "missing_field", "data.customer_id"),
    "wrong type": (with_data(LEAD, lead_id=7), "wrong_type", "data.lead_id"),
    "empty id": (with_data(LEAD, lead_id=""), "bad_value", "data.lead_id"),
    "NaN": (GOOD[:-1] + b', "score": NaN}', "not_json", None),
    "a huge number": (with_data(WON, amount_minor=10**40), "bad_value", "data.amount_minor"),
    "invalid UTF-8": (GOOD.replace(b"bad", b"b\xff\xfe"), "not_utf8", None),
    "future time": (broken(LEAD, time=LATER), "future_time", "time"),
    "time without zone": (broken(LEAD, time="2025-10-09T08:53:20"), "bad_time", "time"),
    "negative amount": (with_data(WON, amount_minor=-1), "bad_value", "data.amount_minor"),
    "unknown currency": (with_data(WON, currency="XXX"), "unknown_currency", "data.currency"),
    "tombstone": (None, "tombstone", None),
    "a scale that is not NPS's": (
        encoded(survey_answered("bad", kind="nps", score=3, scale_min=1, scale_max=5)),
        "bad_scale",
        "data.scale_max",
    ),
    "over a megabyte": (b'{"pad":"' + b"x" * 1_100_000 + b'"}', "too_large", None),
}
TWICE = (
    encoded(lead_created("first name"))[:-1] + b',"data":' + encoded(lead_created("last name")["data"]) + b"}"
)
"""A field name that stands there twice: the last one wins."""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Embedded services, and a worker on them."""
    with services(Settings(ends_at="events"), tmp_path) as found:
        own = found.model_copy(update={"worker_port": free_port()})
        with child("worker", own, tmp_path) as worker:
            yield own
            worker.check()


async def test_bad_records_become_dead_letters_and_their_neighbours_are_counted(settings: Settings) -> None:
    """good bad good bad ... good, all of one partition, most of them in one batch."""
    good = [encoded(lead_created(f"good-{number}")) for number in range(len(BAD) + 1)]
    values = [value for pair in zip(good, [bad for bad, *_ in BAD.values()], strict=False) for value in pair]
    records = [*values, good[-1], TWICE]
    partition = await publish(settings, records)
    store = PartitionStore(
        connect(settings.redis_url()),
        settings.namespace,
        partition,
        fingerprint=read_plan(*settings.catalog_text()).fingerprint,
        tiers=KEEP_MS,
        wall=False,
    )
    async with store.client, asyncio.timeout(60):
        while (position := await store.position()) is None or position.offset < len(records):
            await asyncio.sleep(0.1)
        totals = await store.load_totals()
        rows = await store.load_rows([("lead", "first name"), ("lead", "last name")])

    assert totals[APPLIED] == len(good) + 1
    assert rows["lead", "first name"] is None and rows["lead", "last name"] is not None
    for reason in {reason for _, reason, _ in BAD.values()}:
        assert totals[rejects_total(reason)] == sum(reason == one for _, one, _ in BAD.values())

    letters = await read_letters(settings)
    assert sorted(letters) == list(range(1, 2 * len(BAD), 2))
    for (name, (value, reason, field)), letter in zip(BAD.items(), letters.values(), strict=True):
        assert (letter.reason, letter.field) == (reason, field), name
        assert letter.message, name
        assert (letter.topic, letter.partition) == (settings.topic, partition)
        assert letter.key == base64.b64encode(KEY).decode()
        assert letter.headers == [("trace", base64.b64encode(HEADERS[0][1]).decode())]
        assert letter.size == len(value or b"")
        if letter.sha256 is None:
            assert letter.original() == value, name
        else:
            assert value is not None and value.startswith(letter.original() or b"?")
            assert letter.sha256 == hashlib.sha256(value).hexdigest()


async def publish(settings: Settings, values: list[bytes | None]) -> int:
    """All of them under one key; the partition that they went to."""
    async with AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers(), max_request_size=3_000_000, linger_ms=50
    ) as producer:
        sent = [await producer.send(settings.topic, value, key=KEY, headers=HEADERS) for value in values]
        return int((await asyncio.gather(*sent))[0].partition)


async def read_letters(settings: Settings) -> dict[int, DeadLetter]:
    """Offset of the record -> its letter, in the order of offsets."""
    records = await read_topic(settings.kafka_client(), settings.dead_letters_topic)
    letters = [DeadLetter.from_json(record.value) for record in records if record.value]
    return {letter.offset: letter for letter in sorted(letters, key=lambda letter: letter.offset)}
