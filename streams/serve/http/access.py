"""Who may ask: everybody, or whoever has the token, as `Authorization: Bearer` or as a Basic password.

A board that is there for its own machine alone may be asked by the names of that machine only: else a page of
somebody else, whose name is made to lead here (DNS rebinding), could have a browser read it.
"""

import hmac
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import BasicAuth, web
from aiohttp.typedefs import Handler, Middleware

from streams.serve.http.json import answer

OPEN: Final = frozenset({"/healthz", "/readyz"})
"""What is asked without the token: by whoever starts and stops processes. It tells no number."""
CHALLENGES: Final = ('Basic realm="KPIs", charset="UTF-8"', 'Bearer realm="KPIs"')
"""The first is the one that makes a browser ask its user."""
REFUSAL: Final = "give the token: Authorization: Bearer, or Basic with it as password"
TRUSTED: Final = web.RequestKey("trusted", bool)
"""Of a request: whether whoever asks has the token; absent where there is none."""


LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names that lead nowhere but to the machine where they are said."""
MISDIRECTED: Final = (
    "the board is not asked by this name: ask it as localhost, or set KPI_BOARD_HOSTS to the name"
)


def only_as(names: Collection[str]) -> Middleware:
    """A middleware that answers whoever asks by one of these names, or by one that every machine has."""
    allowed = LOCAL.union(name.lower() for name in names)

    @web.middleware
    async def only_by_name(request: web.Request, handler: Handler) -> web.StreamResponse:
        if name_in(request.headers.get("Host", "")) in allowed:
            return await handler(request)
        return answer({"error": MISDIRECTED}, 421)

    return only_by_name


def name_in(host: str) -> str:
    """The name in a Host header, in small letters and without its port; empty for what cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def guard(token: str) -> Middleware:
    """A middleware that lets nobody in without the token."""

    @web.middleware
    async def only_with_token(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[TRUSTED] = is_let_in(request.headers.get("Authorization", ""), token)
        if request.path in OPEN or request[TRUSTED]:
            return await handler(request)
        refused = answer({"error": REFUSAL}, 401)
        for challenge in CHALLENGES:
            refused.headers.add("WWW-Authenticate", challenge)
        return refused

    return only_with_token


def is_let_in(authorization: str, token: str) -> bool:
    """Whether a header holds the token; how long that takes tells nothing of it."""
    given = _given(authorization).encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, token.encode())


def _given(authorization: str) -> str:
    """What stands where the token should; empty for what cannot be read."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    try:
        return str(BasicAuth.decode(authorization, encoding="utf-8").password)
    except ValueError:
        return ""
