"""What the pages about webhooks show works as it stands there."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.intake import Intake, parse
from streams.embedded.broker import EmbeddedBroker
from streams.intake.app import running
from streams.intake.signatures import REASONS
from streams.intake.zendesk import KINDS, mapped
from streams.kafka.reading import read_topic
from tests.builders import Record, ms, shipped
from tests.intake.serving import TOKEN, settings_of
from tests.pages import DOCS, block, table
from tests.servers import unavailable

WEBHOOKS = DOCS / "intake" / "README.md"
ZENDESK = DOCS / "intake" / "zendesk.md"
SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="

Served = tuple[str, Any]
"""(address, the settings)."""


@pytest.fixture
async def served(broker: EmbeddedBroker, topic: str) -> AsyncIterator[Served]:
    """At the real time, for that is what the pages' commands sign."""
    settings = settings_of(broker, topic, intake_zendesk_secrets=SecretStr(SECRET))
    async with running(settings, shipped(), Intake(version=1)) as address:
        yield address, settings


async def run(script: str, variables: Mapping[str, str]) -> str:
    for tool in ("curl", "openssl"):
        shutil.which(tool) or unavailable(f"no {tool} on the PATH")
    child = await asyncio.create_subprocess_exec(
        "sh", "-euc", script, env={**os.environ, **variables}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0
    return said.decode()


@pytest.mark.parametrize(("page", "name"), [(WEBHOOKS, "events-curl"), (ZENDESK, "zendesk-curl")])
async def test_what_the_pages_send_is_published(served: Served, page: Path, name: str) -> None:
    address, settings = served
    async with asyncio.timeout(30):
        while "events" not in (said := await run(block(page, name), {"INTAKE": address, "TOKEN": TOKEN})):
            assert json.loads(said)["reason"] == "unavailable"  # until Kafka is there
    assert json.loads(said) == {"events": 1}
    (record,) = await read_topic(settings.kafka_client(), settings.topic)
    assert b"crm.ticket.created" in (record.value or b"")


def test_the_page_explains_every_refusal_of_a_signature() -> None:
    assert set(re.findall(r"`unsigned_(\w+)`", WEBHOOKS.read_text())) == set(REASONS)


# -- Zendesk ----------------------------------------------------------------------------------------------


def test_the_page_tells_of_every_event_that_becomes_one_of_ours() -> None:
    told = {name for row in table(ZENDESK, "zendesk-events") for name in re.findall(r"`(\w+)`", row[0])}
    assert told == set(KINDS)


def test_the_page_shows_the_mapping_that_is_shipped() -> None:
    assert parse(block(ZENDESK, "zendesk-mapping")).intake == Intake(version=1)
    assert parse(block(ZENDESK, "zendesk-dimensions")).problems == []


def test_what_a_trigger_sends_is_an_event() -> None:
    values = {"id": "35436", "requester.id": "20978392", "updated_at_with_timestamp": "2024-04-15T10:00:00Z"}
    body = re.sub(r"{{ticket\.([\w.]+)}}", lambda found: values[found[1]], block(ZENDESK, "zendesk-trigger"))
    (draft,) = mapped(json.loads(body), Intake(version=1).zendesk).drafts
    events, rejects = shipped().decoder.decode([Record(0, ms("2024-04-20"), None, draft.line())])
    assert [event.type for event in events] == ["crm.survey.answered"] and not rejects
