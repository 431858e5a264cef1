"""Reading a request's body: not too much of it, not for too long, and as it was sent."""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from streams.intake.refusals import Refusal
from streams.intake.room import Room

BODY_S: Final = 10.0
"""How long a body may take to arrive."""


async def read_body(request: web.BaseRequest, most: int, room: Room) -> bytes:
    """The raw bytes; Refusal when they are more than `most`, compressed, come too slowly, or break off."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(
            415, "unsupported", "send the body without Content-Encoding: compressed ones are not read"
        )
    if (request.content_length or 0) > most:
        raise _too_large(most)
    try:
        async with asyncio.timeout(BODY_S):
            await _ask_for_it(request)
            return await _read(request, most, room)
    except TimeoutError:
        raise Refusal(408, "slow", f"the body has not arrived within {BODY_S:g} s") from None
    except (ConnectionError, BadHttpMessage):
        raise Refusal(
            400, "broken", "the body ends before its end, or is not in the chunks it says"
        ) from None


async def _ask_for_it(request: web.BaseRequest) -> None:
    """Some clients hold a body back until they are told that it is wanted (RFC 9110, 10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # of the answer nothing is sent yet


async def _read(request: web.BaseRequest, most: int, room: Room) -> bytes:
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
        room.take(len(chunk))
    return bytes(body)


def _too_large(most: int) -> Refusal:
    return Refusal(
        413, "too_large", f"a body has at most {most:,} bytes (KPI_INTAKE_BODY_BYTES); send fewer events"
    )
