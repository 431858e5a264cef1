"""Answers in JSON. Whole numbers of any size stay whole numbers."""

from typing import Any

import msgspec
from aiohttp import web

_encode = msgspec.json.Encoder().encode


def encoded(document: Any) -> bytes:
    return _encode(document)


def answer(document: Any, status: int = 200) -> web.Response:
    return answer_of(encoded(document), status)


def answer_of(body: bytes, status: int = 200) -> web.Response:
    """What was encoded before."""
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")
