"""`kpi intake` on a real Kafka: what is answered with 2xx is in the topic, whatever happens. About 25 s."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr

from streams.clock import clock_ms
from streams.commands.stack import child
from streams.embedded.processes import free_port
from streams.intake.requests import Request
from streams.kafka.reading import read_topic
from streams.settings import Settings
from tests.builders import lead_created
from tests.intake import signing
from tests.intake.serving import BATCH, BEARER, STRUCTURED, TOKEN
from tests.servers import KafkaServer, answers_http

SECRET: Final = "the-secret-of-an-app"
URL: Final = "https://events.example"
RATE: Final = 500
"""Requests a second."""


def settings_of(kafka: KafkaServer, name: str, **more: Any) -> Settings:
    return Settings(
        broker=f"kafka://{kafka.address}",
        topic=f"{name}.events",
        dead_letters_topic=f"{name}.letters",
        intake_port=free_port(),
        intake_tokens=SecretStr(TOKEN),
        intake_hubspot_secrets=SecretStr(SECRET),
        intake_url=URL,
        **more,
    )


@contextmanager
def intake(settings: Settings, directory: Path) -> Iterator[str]:
    """The address of webhooks in a process of their own."""
    with child("intake", settings, directory) as process:
        process.wait_until(lambda: answers_http(settings.intake_port, "/readyz"))
        yield f"http://127.0.0.1:{settings.intake_port}"


def event(name: str, **more: Any) -> dict[str, Any]:
    return {**lead_created(name, at=clock_ms() - 1_000), "id": name, **more}


async def ids(settings: Settings) -> Counter[str]:
    """Of all events in the topic -> how often they are there."""
    records = await read_topic(settings.kafka_client(), settings.topic)
    return Counter(json.loads(record.value or b"")["id"] for record in records)


# -- What is sent -----------------------------------------------------------------------------------------


async def _million(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b" " * 1_000_000


def hostile() -> Mapping[int, list[dict[str, Any]]]:
    """Status -> requests that must be answered with it."""
    text = json.dumps(event("hostile"))
    return {
        401: [{"data": text}, {"data": text, "headers": {"Authorization": f"Bearer {TOKEN}!"}}],
        413: [
            {"data": BytesIO(b" " * 10_000_000), "headers": BATCH},
            {"data": _million(10), "headers": BATCH},
        ],
        415: [
            {"data": text, "headers": {**BEARER, "Content-Type": "text/xml"}},
            {"data": text, "headers": {**STRUCTURED, "Content-Encoding": "gzip"}},
        ],
        422: [{"data": b"", "headers": STRUCTURED}, {"data": text[:-1], "headers": STRUCTURED}],
    }


async def test_hostile_requests_leave_nothing_behind_and_others_undisturbed(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    settings = settings_of(kafka, "intake-hostile")
    with intake(settings, tmp_path) as address:
        _, slow = await asyncio.open_connection("127.0.0.1", settings.intake_port)
        slow.write(b"POST /events HTTP/1.1\r\nContent-Le")
        async with ClientSession(address) as client:

            async def status(**request: Any) -> int:
                async with client.post("/events", **request) as reply:
                    return reply.status

            for wanted, requests in hostile().items():
                good = {"data": json.dumps(event(f"good-{wanted}")), "headers": STRUCTURED}
                told = await asyncio.gather(*(status(**request) for request in [*requests, good]))
                assert told == [*[wanted] * len(requests), 202]
        slow.close()
        await slow.wait_closed()
    assert await ids(settings) == {f"good-{wanted}": 1 for wanted in hostile()}


async def test_a_vendors_signed_request_becomes_events_and_an_altered_one_does_not(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    settings = settings_of(kafka, "intake-vendor")
    notice = {
        "eventId": 100,
        "subscriptionId": 1,
        "portalId": 62515,
        "appId": 1,
        "attemptNumber": 0,
        "subscriptionType": "contact.creation",
        "objectId": 17001,
        "occurredAt": clock_ms() - 1_000,
    }
    body = json.dumps([notice]).encode()
    signed = signing.hubspot_3(Request("POST", f"{URL}/hubspot", {}, body), SECRET, clock_ms())
    headers = {**signed, "Content-Type": "application/json"}
    with intake(settings, tmp_path) as address:
        async with ClientSession(address) as client:
            statuses = []
            for sent in (body, body + b" ", body):  # the vendor sends it again, too
                async with client.post("/hubspot", data=sent, headers=headers) as reply:
                    statuses.append(reply.status)
    assert statuses == [202, 401, 202]
    (published,) = (await ids(settings)).items()
    assert published[1] == 2, "a redelivery is the same event"
    records = await read_topic(settings.kafka_client(), settings.topic)
    assert {json.loads(record.value or b"")["type"] for record in records} == {"crm.lead.created"}


async def test_a_record_that_kafka_refuses_for_its_size_does_not_hold_up_those_behind_it(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    settings = settings_of(kafka, "intake-size")
    admin = AIOKafkaAdminClient(**settings.kafka_client())
    await admin.start()
    await admin.create_topics([NewTopic(settings.topic, 1, 1, topic_configs={"max.message.bytes": "3000"})])
    await admin.close()
    with intake(settings, tmp_path) as address:
        async with ClientSession(address) as client:
            statuses = []
            for one in (event("one"), event("large", note="x" * 5_000), event("two"), event("three")):
                async with client.post("/events", data=json.dumps(one), headers=STRUCTURED) as reply:
                    statuses.append(reply.status)
    assert statuses == [202, 413, 202, 202]
    assert await ids(settings) == {"one": 1, "two": 1, "three": 1}


# -- While Kafka comes and goes ---------------------------------------------------------------------------


@dataclass(slots=True)
class Load:
    """Sends single events at a rate, each once, and keeps what was answered."""

    client: ClientSession
    answered: dict[str, int] = field(default_factory=dict)
    """Event -> status; 0 for a connection that broke."""
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Whole bursts, as many as are due: a machine that is slow sends no fewer."""
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        while not stop.is_set():
            while sent < (loop.time() - began) * RATE:
                task = asyncio.create_task(self.send(f"event-{sent}"))
                self.under_way.add(task)
                task.add_done_callback(self.under_way.discard)
                sent += 1
            await asyncio.sleep(0.01)
        await asyncio.gather(*self.under_way)

    async def send(self, name: str) -> None:
        try:
            async with self.client.post("/events", data=json.dumps(event(name)), headers=STRUCTURED) as reply:
                self.answered[name] = reply.status
        except (ClientError, OSError):
            self.answered[name] = 0

    def with_status(self, *statuses: int) -> list[str]:
        return [name for name, status in self.answered.items() if status in statuses]

    async def accepts(self) -> None:
        """Return when another one has been accepted, from now on."""
        before = len(self.with_status(202))
        async with asyncio.timeout(60):
            while len(self.with_status(202)) <= before + RATE // 2:
                await asyncio.sleep(0.05)


async def test_what_was_accepted_is_there_when_kafka_is_killed_under_load_and_the_rest_can_be_sent_again(
    kafka_jars: Path, tmp_path: Path
) -> None:
    with KafkaServer(tmp_path / "kafka", kafka_jars) as kafka:
        settings = settings_of(kafka, "intake")
        with intake(settings, tmp_path) as address:
            every = TCPConnector(limit=0)
            async with ClientSession(address, connector=every, timeout=ClientTimeout(total=30)) as client:
                load, stop = Load(client), asyncio.Event()
                running = asyncio.create_task(load.run(stop))
                await load.accepts()
                kafka.kill9()
                await asyncio.sleep(1)
                await asyncio.to_thread(kafka.restart)
                await load.accepts()
                stop.set()
                await running
                accepted, refused = load.with_status(202), load.with_status(503, 0)
                assert len(accepted) + len(refused) == len(load.answered)
                assert refused
                there = await ids(settings)
                assert not set(accepted) - there.keys()
                again = Load(client)
                for at in range(0, len(refused), 100):
                    await asyncio.gather(*(again.send(name) for name in refused[at : at + 100]))
                assert set(again.answered.values()) == {202}
                assert (await ids(settings)).keys() == load.answered.keys()
                assert all(number == 1 for name, number in there.items() if name in accepted)
