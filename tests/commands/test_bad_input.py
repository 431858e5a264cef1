"""Every kind of bad input in one batch of the real worker, each between good neighbours. About 7 s."""

import asyncio
import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from schemas.dead_letter import DeadLetter
from streams.commands.stack import child
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.processes import Child, free_port
from streams.engine.arrivals import BUILT_IN, DEAD_LETTERS, EVENTS_RECEIVED
from streams.kafka.reading import read_topic
from streams.naming import APPLIED, UNCHANGED
from streams.settings import Settings
from streams.state import connect
from tests.builders import Event, Record, deal_won, lead_created, rfc3339, survey_answered
from tests.servers import RedisServer, redis_binary
from tests.services.recount import State, partition_store, recount, stored
from tests.worker.builders import engine, until

PARTITION = 2
NOW_MS = 1_760_000_000_000
LEAD = lead_created("bad", at=NOW_MS)
TEXT = json.dumps(LEAD)
SCORE = json.dumps(survey_answered("bad", at=NOW_MS))


def without(event: Event, field: str) -> Event:
    return {**event, "data": {name: value for name, value in event["data"].items() if name != field}}


BAD: dict[str, tuple[str | bytes | Event | None, str, str | None]] = {
    # what: (value, reason, field)
    "not JSON": ("<html>502 Bad Gateway</html>", "not_json", None),
    "nothing": ("", "not_json", None),
    "truncated": (TEXT[: len(TEXT) // 2], "not_json", None),
    "an array": (f"[{TEXT}]", "not_object", None),
    "unknown type": ({**LEAD, "type": "crm.lead.teleported"}, "unknown_type", "type"),
    "missing field": (without(LEAD, "customer_id"), "missing_field", "data.customer_id"),
    "no time": ({name: value for name, value in LEAD.items() if name != "time"}, "missing_field", "time"),
    "wrong type": (lead_created("bad", customer_id=7), "wrong_type", "data.customer_id"),
    "data no object": ({**LEAD, "data": "bad"}, "wrong_type", "data"),
    "empty id": ({**LEAD, "id": ""}, "bad_value", "id"),
    "empty subject": (lead_created("", at=NOW_MS), "bad_value", "data.lead_id"),
    "NaN": (SCORE.replace('"score": 9', '"score": NaN'), "not_json", None),
    "huge number": (deal_won("bad", at=NOW_MS, amount_minor=10**16), "bad_value", "data.amount_minor"),
    "number of 5000 digits": (
        json.dumps(deal_won("bad", id="e")).replace("10000", "9" * 5_000),
        "bad_value",
        "data.amount_minor",
    ),
    "number beyond floats": (SCORE.replace('"score": 9', '"score": 1e999'), "not_json", None),
    "invalid UTF-8": (TEXT.encode().replace(b'"bad"', b'"b\xffd"'), "not_utf8", None),
    "future time": ({**LEAD, "time": rfc3339(NOW_MS + 301_000)}, "future_time", "time"),
    "time without zone": ({**LEAD, "time": "2025-10-09T08:53:20"}, "bad_time", "time"),
    "no time at all": ({**LEAD, "time": "yesterday"}, "bad_time", "time"),
    "negative amount": (deal_won("bad", at=NOW_MS, amount_minor=-1), "bad_value", "data.amount_minor"),
    "unknown currency": (deal_won("bad", at=NOW_MS, currency="XXX"), "unknown_currency", "data.currency"),
    "tombstone": (None, "tombstone", None),
    "nested without end": ("[" * 100_000, "not_json", None),
}
TWICE = TEXT.replace('"lead_id": "bad"', '"lead_id": "first", "lead_id": "last"')


def encoded(value: str | bytes | Event | None) -> bytes | None:
    text = json.dumps(value) if isinstance(value, dict) else value
    return text.encode() if isinstance(text, str) else text


def batch() -> list[Record]:
    """Each bad record between good ones, and at the end the one with a name that comes twice."""
    values: list[bytes | None] = []
    for number, (value, _, _) in enumerate(BAD.values()):
        values += [encoded(lead_created(f"good-{number}", at=NOW_MS + number)), encoded(value)]
    values += [encoded(TWICE), encoded(lead_created("last-good", at=NOW_MS))]
    headers = [("trace", b"\x00\xff")]
    return [Record(at, NOW_MS, b"key-%d" % at, value, headers) for at, value in enumerate(values)]


@dataclass(frozen=True, slots=True)
class Live:
    """A worker on embedded services."""

    settings: Settings
    worker: Child

    def ready(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.settings.worker_port}/readyz") as reply:
            found: dict[str, Any] = json.load(reply)
            return found


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(redis_binary("wheel"), tmp_path / "redis"))
        broker = stack.enter_context(EmbeddedBroker())
        settings = Settings(
            broker=f"kafka://{broker.address}",
            redis=SecretStr(redis.url),
            create_topics=False,
            ends_at="events",
            worker_port=free_port(),
        )
        asyncio.run(publish(settings, batch()))  # before it starts, so that it is one batch
        yield Live(settings, stack.enter_context(child("worker", settings, tmp_path)))


async def publish(settings: Settings, records: list[Record]) -> None:
    async with AIOKafkaProducer(**settings.kafka_client(), linger_ms=20) as producer:
        sent = [
            await producer.send(
                settings.topic,
                one.value,
                key=one.key,
                partition=PARTITION,
                timestamp_ms=one.timestamp,
                headers=list(one.headers),
            )
            for one in records
        ]
        await asyncio.gather(*sent)


def test_bad_input_stops_nothing_costs_no_neighbour_and_can_be_read_back(live: Live) -> None:
    asyncio.run(asyncio.wait_for(check(live), timeout=60))


async def check(live: Live) -> None:
    settings, records = live.settings, batch()
    async with connect(settings.redis_url()) as redis:
        store = partition_store(redis, settings.namespace, PARTITION, engine())

        async def committed(offset: int) -> bool:
            live.worker.check()
            position = await store.position()
            return position is not None and position.offset == offset

        await until(lambda: committed(len(records)))
        state = await stored(redis, store, engine())
        letters = await read_topic(settings.kafka_client(), settings.dead_letters_topic)
        assert_letters([DeadLetter.from_json(one.value or b"") for one in letters], records)
        good = [*records[: 2 * len(BAD) : 2], *records[2 * len(BAD) :]]
        assert_counted(state, recount(engine(), good, store), len(good))

        await publish(settings, [records[0]])  # it is still there
        await until(lambda: committed(len(records) + 1))
        assert (await store.load_totals())[UNCHANGED] == 1
        assert live.ready()["ready"]
    with urllib.request.urlopen(f"http://127.0.0.1:{settings.worker_port}/metrics") as reply:
        metrics = reply.read().decode()
    assert f'crm_events_total{{outcome="rejected",type="invalid"}} {len(BAD)}.0' in metrics
    assert f"crm_batch_events_sum {len(records) + 1}.0" in metrics
    assert "crm_batch_events_count 2.0" in metrics, "all that is bad was to be in one batch"
    assert "crm_partition_errors_total{" not in metrics


def assert_letters(letters: list[DeadLetter], records: list[Record]) -> None:
    """Each bad record is there, with its reason, its field, and all that it was."""
    of = {letter.offset: letter for letter in letters}
    assert len(letters) == len(of) == len(BAD)
    for number, (what, (value, reason, field)) in enumerate(BAD.items()):
        record, letter = records[2 * number + 1], of[2 * number + 1]
        assert (what, letter.reason, letter.field) == (what, reason, field)
        assert letter.message
        assert letter.original() == encoded(value)
        assert (letter.topic, letter.partition) == ("crm.events", PARTITION)
        assert letter.timestamp_ms == record.timestamp
        assert letter.size == len(record.value or b"")
        assert letter.header("trace") == "\x00\ufffd"


def assert_counted(state: State, expected: State, good: int) -> None:
    """The good neighbours, as if there had been nothing else; the bad ones, by their reasons."""
    assert (state.rows, state.waiting) == (expected.rows, expected.waiting)
    assert _of_subjects(state) == _of_subjects(expected)
    of_days = [cells for (tier, _), cells in state.panes.items() if tier == "day"]
    assert sum(cells.get(EVENTS_RECEIVED, 0) for cells in of_days) == good + len(BAD)
    assert sum(cells.get(DEAD_LETTERS, 0) for cells in of_days) == len(BAD)
    assert ("lead", "last") in state.rows and ("lead", "first") not in state.rows
    assert state.totals[APPLIED] == good == len(BAD) + 2
    reasons = Counter(reason for _, reason, _ in BAD.values())
    found = {name: number for name, number in state.totals.items() if name.startswith("!rejects.")}
    assert found == {f"!rejects.{reason}": number for reason, number in reasons.items()}


def _of_subjects(state: State) -> dict[tuple[str, int], dict[str, int]]:
    """The panes without the counts of what arrived."""
    panes = {
        pane: {cell: number for cell, number in cells.items() if cell not in BUILT_IN}
        for pane, cells in state.panes.items()
    }
    return {pane: cells for pane, cells in panes.items() if cells}


def test_the_list_of_bad_input_has_every_reason_but_those_of_other_tests() -> None:
    reasons = {reason for _, reason, _ in BAD.values()}
    elsewhere = {"bad_scale", "too_late", "too_large", "engine_error", "unreadable"}
    known = set(DeadLetter.model_fields["reason"].annotation.__args__)  # type: ignore[union-attr]
    assert reasons == known - elsewhere
    bad = batch()[1 : 2 * len(BAD) : 2]
    assert [record.value for record in bad] == [encoded(value) for value, _, _ in BAD.values()]
