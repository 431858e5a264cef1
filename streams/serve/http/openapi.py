"""/api/v1/openapi.json: every address with its parameters and answers, made of the routes themselves."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from streams.engine.plan import Plan
from streams.serve.http.files import File
from streams.serve.http.parameters import Parameter
from streams.serve.http.schemas import COMPONENTS, ref

OPENAPI: Final = web.AppKey("openapi", File)
JSON: Final = "application/json"
HTML: Final = "text/html"
PLAIN: Final = "text/plain"
STREAM: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered when all is well."""

    text: str
    content_type: str
    schema: str | None = None
    """Name of its schema; None where it is no JSON, or any."""
    cached: bool = False
    """Whether who has it already is told so instead (304)."""


def _nothing(_: Plan) -> Sequence[Parameter]:
    return ()


@dataclass(frozen=True, slots=True)
class Route:
    """One address."""

    path: str
    handler: Handler
    answer: Answer
    asks: Callable[[Plan], Sequence[Parameter]] = _nothing
    """Its query."""
    within: Callable[[Plan], Sequence[Parameter]] = _nothing
    """The parts of its path that are not fixed."""
    others: Mapping[int, str] = field(default_factory=dict)
    """Status -> when it is answered, beside those that follow from the rest."""
    is_open: bool = False
    """Whether it is answered without a token, if there is one. It may tell no number."""

    @property
    def template(self) -> str:
        """As documents write it: without the pattern of a part."""
        return re.sub(r":[^}]*}", "}", self.path)


async def openapi(request: web.Request) -> web.StreamResponse:
    return request.app[OPENAPI].answer(request)


def openapi_document(plan: Plan, routes: Iterable[Route], *, has_token: bool) -> dict[str, Any]:
    """The whole document. Parameters may be what they may in this catalog."""
    wants: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}] if has_token else []
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CRM KPIs",
            "version": "1",
            "description": "Readings of KPIs, exact and as they are now. Nothing can be written.",
        },
        "servers": [{"url": "/"}],
        "security": wants,
        "paths": {route.template: {"get": _operation(route, plan, has_token)} for route in routes},
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _operation(route: Route, plan: Plan, has_token: bool) -> dict[str, Any]:
    asks, within = route.asks(plan), route.within(plan)
    parameters = [
        *(_parameter(one, "path") for one in within),
        *(_parameter(one, "query") for one in asks),
    ]
    return {
        "summary": route.answer.text,
        "operationId": re.sub(r"\W+", "_", route.template).strip("_") or "overview",
        "parameters": parameters,
        "responses": {str(status): one for status, one in _responses(route, bool(asks), has_token).items()},
        **({"security": []} if route.is_open else {}),
    }


def _parameter(one: Parameter, place: str) -> dict[str, Any]:
    schema = _schema(one)
    return {
        "name": one.name,
        "in": place,
        "description": one.text,
        "required": one.required or place == "path",
        "schema": {"type": "array", "items": schema, "minItems": 1} if one.many else schema,
    }


def _schema(one: Parameter) -> dict[str, Any]:
    if one.between is not None:
        return {"type": "integer", "minimum": one.between[0], "maximum": one.between[1]}
    if one.known is not None:
        return {"type": "string", "enum": list(one.known)}
    pattern = {} if one.pattern is None else {"pattern": one.pattern}
    return {"type": "string", **pattern, **({"examples": list(one.examples)} if one.examples else {})}


def _responses(route: Route, asks: bool, has_token: bool) -> dict[int, dict[str, Any]]:
    answer = route.answer
    schema = {} if answer.schema is None else {"schema": ref(answer.schema)}
    found = {200: {"description": answer.text, "content": {answer.content_type: schema}}}
    if answer.cached:
        found[304] = {"description": "It is as it was."}
    if asks:
        text = "A parameter cannot be what it is: which, and what it may be."
        found[400] = _json(text, "BadParameter")
    if has_token and not route.is_open:
        found[401] = _json("The token is missing, or is another.", "Error")
    for status, text in route.others.items():
        found[status] = _other(route, status, text)
    return found


def _other(route: Route, status: int, text: str) -> dict[str, Any]:
    """`/readyz` tells the same when it is not; of what is for people 404 is so too."""
    if route.answer.content_type == JSON:
        return _json(text, "Ready" if route.answer.schema == "Ready" else "Error")
    return {"description": text}


def _json(text: str, schema: str) -> dict[str, Any]:
    return {"description": text, "content": {JSON: {"schema": ref(schema)}}}
