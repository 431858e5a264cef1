"""/api/v1/dead-letters and its page."""

import json

import jsonschema

from streams.letters.masking import Mask
from streams.letters.watching import LetterWatch, Seen
from streams.serve.board import Shown
from streams.serve.http.openapi import openapi_document
from streams.serve.http.routes import ROUTES
from streams.settings import Settings
from tests.builders import shipped
from tests.serve.builders import NOW_MS, StillBoard, web
from tests.serve.http.clients import get, get_json
from tests.serve.test_letters import kept


def matches_the_document(found: object) -> None:
    described = openapi_document(shipped(), ROUTES, has_token=False)
    jsonschema.validate(
        found, {"$ref": "#/components/schemas/DeadLetters", "components": described["components"]}
    )


async def test_without_kafka_it_is_said_that_none_is_set() -> None:
    found = await get_json("/api/v1/dead-letters")
    assert (found["state"], found["number"], len(found["hours"])) == ("unset", 0, 24)
    matches_the_document(found)


async def test_what_is_known_is_told_as_the_document_says() -> None:
    letters = (kept(NOW_MS, event={"type": "crm.deal.won"}), kept(-1, "not_json", event="record of 3 bytes"))
    seen = Seen(NOW_MS, "away", "Kafka does not answer", "letters", letters, 1, False)
    async with web(StillBoard(Shown()), letters=lambda: seen) as client:
        found = json.loads(await (await client.get("/api/v1/dead-letters?hours=2")).text())
    assert (found["state"], found["trouble"], found["number"]) == ("away", "Kafka does not answer", 2)
    assert len(found["hours"]) == 2
    matches_the_document(found)


async def test_hours_are_a_number_up_to_a_week() -> None:
    for hours in ("0", "169", "x", ""):
        status, _ = await get(f"/api/v1/dead-letters?hours={hours}")
        assert status == 400, hours


async def test_the_page_is_there() -> None:
    status, text = await get("/dead-letters")
    assert status == 200 and "/static/js/letters/main.js" in text


def test_a_board_that_does_not_read_any_is_as_one_without_kafka() -> None:
    watch = LetterWatch(Settings(), Mask(shipped()), lambda: NOW_MS)
    assert watch.seen().state == "unset"
