"""Webhooks that are served, with a broker in this process behind them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import ClientSession
from pydantic import SecretStr

from schemas.intake import Intake
from streams.embedded.broker import EmbeddedBroker
from streams.intake.app import running
from streams.kafka.reading import read_topic
from streams.settings import Settings
from tests.builders import lead_created, ms, rfc3339, shipped

TOKEN: Final = "the-token-of-these-tests"
BEARER: Final = {"Authorization": f"Bearer {TOKEN}"}
STRUCTURED: Final = {**BEARER, "Content-Type": "application/cloudevents+json"}
BATCH: Final = {**BEARER, "Content-Type": "application/cloudevents-batch+json"}
NOW: Final = "12:00"
LEAD: Final = lead_created("lead-1", at="10:00")


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Served:
    """Webhooks that run, and a client of theirs."""

    settings: Settings
    address: str
    client: ClientSession

    async def ask(self, path: str = "/events", method: str = "POST", **more: Any) -> Answered:
        async with self.client.request(method, path, **more) as reply:
            text = await reply.text()
            is_json = reply.content_type == "application/json" and text
            return Answered(reply.status, json.loads(text) if is_json else text, reply.headers.copy())

    async def send(self, event: Any, **more: Any) -> Answered:
        """One event, in its structured form."""
        return await self.ask(data=json.dumps(event), headers=STRUCTURED, **more)

    async def metrics(self) -> dict[str, float]:
        """Series -> value, without times and sums."""
        text = (await self.ask("/metrics", "GET")).document
        lines = [line.rpartition(" ") for line in text.splitlines() if line[0] != "#"]
        return {series: float(value) for series, _, value in lines if "_created" not in series}

    async def published(self) -> list[bytes]:
        return [record.value or b"" for record in await self.records()]

    async def records(self) -> list[Any]:
        return await read_topic(self.settings.kafka_client(), self.settings.topic)


def settings_of(broker: EmbeddedBroker | str, topic: str, **more: Any) -> Settings:
    address = broker if isinstance(broker, str) else broker.address
    tokens = {"intake_tokens": SecretStr(TOKEN)}
    return Settings(
        broker=f"kafka://{address}", topic=topic, create_topics=False, intake_port=0, **{**tokens, **more}
    )


@asynccontextmanager
async def served(settings: Settings, *, is_ready: bool = True) -> AsyncIterator[Served]:
    """At noon of `TODAY`; ready, unless Kafka is not there to be."""
    now_ms = ms(NOW)
    async with (
        running(settings, shipped(), Intake(version=1), lambda: now_ms) as address,
        ClientSession(address) as client,
    ):
        found = Served(settings, address, client)
        if is_ready:
            await until(lambda: _is_ready(found))
        yield found


async def _is_ready(found: Served) -> bool:
    return (await found.ask("/readyz", "GET")).status == 200


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.02)


def event_at(time: str, **more: Any) -> dict[str, Any]:
    return {**LEAD, "time": rfc3339(ms(time)), **more}
