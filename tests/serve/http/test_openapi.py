"""The OpenAPI document, held against a running board: it answers as the document says, whatever is asked."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import schemathesis
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from redis import Redis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error, positive_data_acceptance

from streams.generate import reference
from streams.serve.app import running
from streams.serve.board import Shown
from streams.serve.http.app import make_app
from streams.serve.http.openapi import openapi_document
from streams.serve.http.routes import ROUTES
from streams.settings import Settings
from streams.state import connect
from tests.builders import deal_won, lead_contacted, lead_created, shipped
from tests.serve.builders import NAMESPACE, NOW_MS, StillBoard, Writer
from tests.serve.http.clients import HOSTILE
from tests.servers import RedisServer

EVENTS = [
    lead_created("lead-1", "10:00", channel="web", team=HOSTILE),
    lead_created("lead-2", "11:00", channel="mail"),
    lead_contacted("lead-1", "12:14"),
    deal_won("deal-1", "13:00"),
]
TEXTS = reference.texts(shipped().catalog)
EXAMPLES = 15
ENDLESS = "/api/v1/stream"
"""It never ends: schemathesis would wait for that."""
REST_ON_EACH_OTHER = ("/api/v1/readings", "/api/v1/kpis/{kpi}", "/api/v1/series", "/api/v1/explain")
"""Of these a parameter may be wrong because of another, which a document cannot say: that is refused."""
UNLIKE: Mapping[str, Any] = {
    **dict.fromkeys(REST_ON_EACH_OTHER, [positive_data_acceptance]),
    "/readyz": [not_a_server_error],  # that no worker is there is what it has to say
}
ASKING = [route.template for route in ROUTES if route.asks(shipped())]


def document(*, has_token: bool = False) -> dict[str, Any]:
    return openapi_document(shipped(), ROUTES, has_token=has_token)


def test_every_route_of_the_app_is_in_the_document_and_no_other() -> None:
    app = make_app(StillBoard(Shown()))
    routes = {
        (route.resource.canonical, route.method.lower())
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"  # which goes with every GET
    }
    told = {(path, method) for path, item in document()["paths"].items() for method in item}
    assert routes == told
    assert len(routes) == 18


# -- A running board --------------------------------------------------------------------------------------


@contextmanager
def serving(redis_url: str) -> Iterator[str]:
    """The address of a board in a thread of its own, which knows of a few leads and deals."""
    given: dict[str, Any] = {"redis": redis_url, "namespace": NAMESPACE, "board_port": 0}
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    addresses: Queue[str] = Queue()

    async def run() -> None:
        async with connect(redis_url) as client:
            await (await Writer.of(client)).take(*EVENTS)
        async with running(Settings.read(**given), shipped(), lambda: NOW_MS, TEXTS) as address:
            async with ClientSession() as session, asyncio.timeout(20):
                while (await session.get(f"{address}/readyz")).status != 200:
                    await asyncio.sleep(0.05)
            addresses.put(address)
            await stop.wait()

    thread = Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield addresses.get(timeout=30)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def schema(redis_server: RedisServer) -> Iterator[Any]:
    """The document as a running board serves it."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
    with serving(redis_server.url) as address:
        yield schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")


def asked(schema: Any, path: str, mode: GenerationMode, excluded: Sequence[Any] = ()) -> None:
    """Ask the board what schemathesis thinks of; it raises what it finds wrong in an answer."""

    @given(case=schema[path]["get"].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(excluded_checks=list(excluded))

    ask()


@pytest.mark.parametrize("path", [path for path in document()["paths"] if path != ENDLESS])
def test_what_may_be_asked_is_answered_as_the_document_says(schema: Any, path: str) -> None:
    asked(schema, path, GenerationMode.POSITIVE, UNLIKE.get(path, ()))


@pytest.mark.parametrize("path", [path for path in ASKING if path != ENDLESS])
def test_what_may_not_be_asked_is_refused_as_the_document_says(schema: Any, path: str) -> None:
    asked(schema, path, GenerationMode.NEGATIVE)


def test_a_board_with_a_token_says_in_its_document_that_it_wants_one() -> None:
    with_token, without = document(has_token=True), document()
    assert with_token["security"] and not without["security"]
    for route in ROUTES:
        answers = with_token["paths"][route.template]["get"]["responses"]
        assert ("401" in answers) is not route.is_open
        assert "401" not in without["paths"][route.template]["get"]["responses"]
