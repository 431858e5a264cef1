"""Hostile requests: whatever stands in an address or a header, nobody gets a fault of ours, or a file."""

import asyncio

import pytest

from streams.serve.board import Shown
from tests.serve.builders import StillBoard, web
from tests.serve.http.clients import HOSTILE

PLACES = [
    "/api/v1/readings?kpi={}",
    "/api/v1/readings?member={}",
    "/api/v1/readings?{}=1",
    "/api/v1/kpis/{}",
    "/api/v1/series?kpi=lead_volume&steps={}",
    "/api/v1/series?kpi=lead_volume&span={}",
    "/api/v1/explain?kpi={}",
    "/api/v1/waiting?measure=leads_waiting&older={}",
    "/kpi/{}",
    "/docs/kpis/{}",
    "/static/{}",
    "/{}",
]
TEXTS = [
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "%zz",
    "%",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%3Cscript%3E",
    "%0d%0aSet-Cookie:%20a=b",
    "%F0%9F%92%A9",
    "1e999",
    "-1",
    "9" * 4_000,
    "x" * 6_000,
]


async def raw(port: int, path: str, *headers: str) -> tuple[int, bytes]:
    """(status, all that was answered); no client in between that would mend the address."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", "Host: board", "Connection: close", *headers, "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    answered = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return int(answered.split(b" ", 2)[1]), answered


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:12])
async def test_whatever_an_address_says_it_is_no_fault_of_ours(text: str) -> None:
    async with web(StillBoard(Shown())) as client:
        for place in PLACES:
            status, answered = await raw(client.server.port or 0, place.format(text))
            assert status in (200, 400, 404, 503), (place, status)
            head = answered.partition(b"\r\n\r\n")[0].lower()
            assert b"set-cookie" not in head
            assert b"root:" not in answered


async def test_what_was_asked_for_comes_back_as_json_and_never_as_markup() -> None:
    async with web(StillBoard(Shown())) as client:
        for path in ("/api/v1/readings", "/api/v1/series", "/api/v1/explain"):
            response = await client.get(path, params={"kpi": HOSTILE})
            assert (response.status, response.content_type) == (400, "application/json")
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "header", ["Authorization: Basic \xff\xfe", "If-None-Match: W/", 'If-None-Match: "a', "Accept: \x80"]
)
async def test_whatever_a_header_says_it_is_no_fault_of_ours(header: str) -> None:
    async with web(StillBoard(Shown()), token="correct-horse-battery") as client:
        status, _ = await raw(client.server.port or 0, "/metrics", header)
        assert status in (400, 401)
    async with web(StillBoard(Shown())) as client:
        for path in ("/", "/static/board.css", "/api/v1/catalog"):
            status, _ = await raw(client.server.port or 0, path, header)
            assert status in (200, 400)
