"""/api/v1/dead-letters, and the page for people: what was refused, without personal data."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web

from streams.engine.plan import Plan
from streams.letters.watching import Seen
from streams.serve.http.files import FILES
from streams.serve.http.json import answer
from streams.serve.http.keys import BOARD
from streams.serve.http.parameters import Parameter, one, question
from streams.serve.letters import letters_document

HOURS: Final = 24
MOST_HOURS: Final = 168

LETTERS: Final[web.AppKey[Callable[[], Seen]]] = web.AppKey("letters")
"""What is known of dead letters now."""


def letters_parameters(plan: Plan) -> list[Parameter]:
    """How far back is counted by the hour."""
    text = f"Counted by the hour over so many hours; {HOURS} if it is left out."
    return [Parameter("hours", text, between=(1, MOST_HOURS))]


async def dead_letters(request: web.Request) -> web.Response:
    hours = int(one(question(request), "hours") or HOURS)
    seen, sources = request.app[LETTERS](), frozenset(request.app[BOARD].shown().sources_ms)
    return answer(await asyncio.to_thread(letters_document, seen, hours, sources))


async def page(request: web.Request) -> web.StreamResponse:
    return request.app[FILES]["dead-letters.html"].answer(request)
