"""The requests and mappings that the pages about webhooks show, used as they stand there."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from aiohttp import ClientSession

from schemas.intake import Intake, parse
from streams.embedded.broker import EmbeddedBroker
from streams.intake.app import running
from streams.settings import Settings
from tests.builders import record, shipped
from tests.intake.serving import Served, settings_of, until
from tests.pages import DOCS, block
from tests.servers import unavailable

PAGES = DOCS / "intake"
_EXPORT = re.compile(r"export KPI_(INTAKE_\w*(?:SECRETS|TOKENS))=(\S+)")
_HERE = "http://localhost:8700"


def exported(page: Path) -> dict[str, str]:
    """The secrets that the page tells people to set."""
    found = _EXPORT.findall(page.read_text())
    assert found
    return {name.lower(): value for name, value in found}


async def shell(script: str) -> str:
    for tool in ("curl", "openssl"):
        shutil.which(tool) or unavailable(f"no {tool} on the PATH")
    process = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


@pytest.mark.parametrize(
    ("name", "request_", "type_"),
    [
        ("README", "events-curl", "ticket.created"),
        ("salesforce", "salesforce-curl", "lead.created"),
        ("stripe", "stripe-curl", "subscription.changed"),
        ("zendesk", "zendesk-curl", "ticket.created"),
    ],
)
async def test_the_request_of_the_page_is_answered_as_it_says_and_published(
    name: str, request_: str, type_: str, broker: EmbeddedBroker, topic: str
) -> None:
    page = PAGES / f"{name}.md"
    told = Settings.model_validate(exported(page))
    settings = settings_of(broker, topic, **{one: getattr(told, one) for one in told.model_fields_set})
    async with running(settings, shipped(), Intake(version=1)) as address, ClientSession(address) as client:
        served = Served(settings, address, client)
        await until(lambda: is_ready(served))
        answer = await shell(block(page, request_).replace(_HERE, address))
        (line,) = await served.published()
    assert answer in page.read_text() and json.loads(answer) == {"events": 1}
    events, rejects = shipped().decoder.decode([record(line)])
    assert ([event.type for event in events], rejects) == ([f"crm.{type_}"], [])


async def is_ready(served: Served) -> bool:
    return (await served.ask("/readyz", "GET")).status == 200


@pytest.mark.parametrize("vendor", ["salesforce", "stripe", "zendesk"])
def test_the_mappings_of_the_page_are_mappings(vendor: str) -> None:
    page = (PAGES / f"{vendor}.md").read_text()
    shown = re.findall(r"^ *```yaml\n( *version: 1\n.*?)^ *```", page, re.DOTALL | re.MULTILINE)
    assert shown
    for text in shown:
        assert parse(dedent(text)).problems == []
