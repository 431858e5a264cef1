"""Answers in JSON. Whole numbers of any size stay whole numbers."""

from typing import Any

from aiohttp import web

from streams.serve.documents import encoded


def answer(document: Any, status: int = 200) -> web.Response:
    return answer_of(encoded(document), status)


def answer_of(body: bytes, status: int = 200) -> web.Response:
    """What was encoded before."""
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def unavailable(why: str) -> web.Response:
    return answer({"error": why}, status=503)
