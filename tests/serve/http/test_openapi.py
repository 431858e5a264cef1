"""The OpenAPI document, held against a running board: it answers as the document says, whatever is asked."""

from typing import Any

from streams.serve.board import Shown
from streams.serve.http.app import make_app
from streams.serve.http.openapi import openapi_document
from streams.serve.http.routes import ROUTES
from tests.builders import shipped
from tests.serve.builders import StillBoard

TOKEN = "correct-horse-battery"
ENDLESS = "/api/v1/stream"
"""It never ends: schemathesis would wait for that."""


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
    assert len(routes) == 16
