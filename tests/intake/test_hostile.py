"""Requests that nobody should send: each is refused with a reason, not published, and not quoted in a log."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr

from streams.embedded.broker import EmbeddedBroker
from streams.intake import bodies, room, server
from streams.intake.refusals import Refusal
from streams.intake.signatures import REASONS
from tests.intake.serving import BATCH, BEARER, LEAD, STRUCTURED, TOKEN, Served, served, settings_of, until

EVENT = json.dumps(LEAD)
MOST = 5_000
"""KPI_INTAKE_BODY_BYTES of `small`."""


@pytest.fixture
async def small(broker: EmbeddedBroker, topic: str) -> AsyncIterator[Served]:
    """Webhooks that take little."""
    async with served(settings_of(broker, topic, intake_body_bytes=MOST)) as found:
        yield found


async def chunks(number: int) -> AsyncIterator[bytes]:
    """A body of so many thousand bytes without Content-Length."""
    for _ in range(number):
        yield b" " * 1_000


async def raw(webhooks: Served, *parts: bytes, pause_s: float = 0) -> bytes:
    """What a connection gets to hear that sends these bytes, until it is closed."""
    host, port = webhooks.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    listening = asyncio.create_task(_heard(reader))
    try:
        with suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_s)
        async with asyncio.timeout(30):
            return await listening
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    heard = b""
    with suppress(ConnectionError):
        while part := await reader.read(65_536):
            heard += part
    return heard


# -- Who asks, and for what -------------------------------------------------------------------------------

UNSIGNED: list[tuple[dict[str, str], str]] = [
    ({}, "missing"),
    ({"Authorization": f"Bearer {TOKEN}x"}, "mismatch"),
    ({"Authorization": f"Bearer {TOKEN[:-1]}"}, "mismatch"),
    ({"Authorization": f"Basic {TOKEN}"}, "malformed"),
    ({"Authorization": TOKEN}, "malformed"),
    ({"Authorization": ""}, "malformed"),
    ({"X-Forwarded-Authorization": f"Bearer {TOKEN}"}, "missing"),
]


@pytest.mark.parametrize(("headers", "reason"), UNSIGNED)
async def test_nobody_publishes_without_the_token(
    webhooks: Served, headers: dict[str, str], reason: str
) -> None:
    given = {**headers, "Content-Type": "application/cloudevents+json"}
    answered = await webhooks.ask(data=EVENT, headers=given)
    assert answered.status == 401
    assert reason in REASONS and answered.document["reason"] == f"unsigned_{reason}"
    assert answered.headers["WWW-Authenticate"] == "Bearer"
    assert await webhooks.published() == []


async def test_a_token_is_looked_at_before_the_body(webhooks: Served) -> None:
    head = b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    assert (await raw(webhooks, head)).startswith(b"HTTP/1.1 401 ")


async def test_both_tokens_of_a_rotation_are_taken(broker: EmbeddedBroker, topic: str) -> None:
    tokens = SecretStr(f"the-token-before,{TOKEN}")
    async with served(settings_of(broker, topic, intake_tokens=tokens)) as webhooks:
        before = {**STRUCTURED, "Authorization": "Bearer the-token-before"}
        assert [(await webhooks.ask(data=EVENT, headers=one)).status for one in (before, STRUCTURED)] == [
            202,
            202,
        ]


async def test_without_tokens_nobody_is_let_in_and_the_setting_is_named(
    broker: EmbeddedBroker, topic: str
) -> None:
    async with served(settings_of(broker, topic, intake_tokens=None)) as webhooks:
        answered = await webhooks.send(LEAD)
    assert (answered.status, answered.document["reason"]) == (404, "not_set_up")
    assert "KPI_INTAKE_TOKENS" in answered.document["error"]


ASKED = [
    ("GET", "/events", 405, "POST, OPTIONS"),
    ("HEAD", "/events", 405, "POST, OPTIONS"),
    ("PUT", "/events", 405, "POST, OPTIONS"),
    ("TRACE", "/events", 405, "POST, OPTIONS"),
    ("OPTIONS", "/events", 200, "POST, OPTIONS"),
    ("POST", "/metrics", 405, "GET, HEAD"),
    ("HEAD", "/readyz", 200, None),
    ("POST", "/", 404, None),
    ("POST", "/events/", 404, None),
    ("POST", "/%65vents%2f..", 404, None),
]


@pytest.mark.parametrize(("method", "path", "status", "allow"), ASKED)
async def test_what_is_not_there_is_answered_so(
    webhooks: Served, method: str, path: str, status: int, allow: str | None
) -> None:
    answered = await webhooks.ask(path, method, headers=BEARER)
    assert (answered.status, answered.headers.get("Allow")) == (status, allow)


async def test_a_source_that_asks_whether_it_may_send_is_told_how_fast(webhooks: Served) -> None:
    answered = await webhooks.ask(method="OPTIONS", headers={"WebHook-Request-Origin": "source.example"})
    assert answered.headers["WebHook-Allowed-Origin"] == "*"
    assert answered.headers["WebHook-Allowed-Rate"] == "120000"


# -- Too much ---------------------------------------------------------------------------------------------


async def test_a_body_may_be_as_large_as_the_setting_says(small: Served) -> None:
    full = EVENT.ljust(MOST)
    assert (await small.ask(data=full, headers=STRUCTURED)).status == 202
    answered = await small.ask(data=full + " ", headers=STRUCTURED)
    assert (answered.status, answered.document["reason"]) == (413, "too_large")
    assert "KPI_INTAKE_BODY_BYTES" in answered.document["error"]


async def test_a_body_of_unknown_length_is_not_read_beyond_the_limit(small: Served) -> None:
    answered = await small.ask(data=chunks(MOST // 1_000 + 1), headers=STRUCTURED)
    assert answered.status == 413


async def test_a_body_that_is_said_to_be_too_large_is_not_awaited(small: Served) -> None:
    head = (
        f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 10000000\r\n"
    )
    assert (await raw(small, head.encode() + b"\r\n")).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, identity", "x"])
async def test_a_compressed_body_is_refused_unread(small: Served, coding: str) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    answered = await small.ask(data=bomb, headers={**STRUCTURED, "Content-Encoding": coding})
    assert (answered.status, answered.document["reason"]) == (415, "unsupported")


async def test_an_event_beyond_what_the_contract_allows_is_told(webhooks: Served) -> None:
    event = {**LEAD, "note": "x" * 1_000_000}
    answered = await webhooks.send(event)
    assert [fault["reason"] for fault in answered.document["faults"]] == ["too_large"]


async def test_a_vendor_that_sends_too_often_is_told_to_come_again(
    broker: EmbeddedBroker, topic: str
) -> None:
    async with served(settings_of(broker, topic, intake_rate=0.01)) as webhooks:
        stranger = await webhooks.ask(data=EVENT)
        first, second = await webhooks.send(LEAD), await webhooks.send(LEAD)
    assert (stranger.status, first.status, second.status) == (401, 202, 429)
    assert second.headers["Retry-After"] == "1"
    assert second.document["reason"] == "too_many"


async def test_who_has_no_token_takes_no_place(webhooks: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_REQUESTS", 0)
    assert (await webhooks.ask(data=EVENT)).status == 401


async def test_where_there_is_no_room_a_request_may_come_again(
    webhooks: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(room, "MOST_REQUESTS", 0)
        answered = await webhooks.send(LEAD)
    assert (answered.status, answered.headers["Retry-After"]) == (503, "1")
    assert (await webhooks.send(LEAD)).status == 202


def test_no_more_requests_of_a_vendor_are_under_way_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "MOST_REQUESTS", 2)
    floor = room.Floor(MOST)
    a, b = "hubspot", "stripe"
    with room.Room(floor, a), room.Room(floor, a), room.Room(floor, b):
        with pytest.raises(Refusal), room.Room(floor, a):
            pass
        with room.Room(floor, b):
            pass
    with room.Room(floor, a), room.Room(floor, a):
        pass


def test_no_more_bytes_are_held_than_there_is_room_for() -> None:
    floor = room.Floor(MOST)
    floor.most_bytes = MOST
    with room.Room(floor, "hubspot") as one, room.Room(floor, "stripe") as other:
        one.take(MOST - 1)
        other.take(1)
        with pytest.raises(Refusal):
            other.take(1)
    with room.Room(floor, "stripe") as later:
        later.take(MOST)


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked_or_refused_at_once(
    small: Served,
) -> None:
    def head(token: str, size: int) -> bytes:
        lines = ["POST /events HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", "Connection: close"]
        lines += ["Content-Type: application/cloudevents+json", "Expect: 100-continue"]
        return "\r\n".join([*lines, f"Content-Length: {size}", "", ""]).encode()

    heard = await raw(small, head(TOKEN, len(EVENT)), EVENT.encode(), pause_s=0.1)
    first, _, rest = heard.partition(b"\r\n\r\n")
    assert (first, rest[:13]) == (b"HTTP/1.1 100 Continue", b"HTTP/1.1 202 ")
    assert (await raw(small, head("another-token", 10))).startswith(b"HTTP/1.1 401 ")
    assert (await raw(small, head(TOKEN, MOST + 1))).startswith(b"HTTP/1.1 413 ")


# -- Broken off -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "rest"),
    [
        (b"Content-Length: 100\r\n\r\nabc", b""),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc", b"\r\nno number\r\n"),
    ],
)
async def test_a_body_that_breaks_off_is_no_fault_of_ours(
    webhooks: Served, caplog: pytest.LogCaptureFixture, more: bytes, rest: bytes
) -> None:
    """Such as of a client that goes away, or whose chunks are none."""
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
    host, port = webhooks.address.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    for part in (head + more, rest):
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.1)
    writer.close()
    broken = 'crm_intake_requests_total{outcome="broken",vendor="cloudevents"}'

    async def is_counted() -> bool:
        return (await webhooks.metrics())[broken] == 1

    await until(is_counted)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# -- Too slow ---------------------------------------------------------------------------------------------


async def test_a_body_that_does_not_come_is_given_up(
    webhooks: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_S", 0.2)
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n"
    heard = await raw(webhooks, head.encode(), *[b" "] * 8, pause_s=0.1)
    assert heard.startswith(b"HTTP/1.1 408 ")
    assert b'"reason":"slow"' in heard


@pytest.mark.parametrize("parts", [[], [b"POST /events HTTP/1.1\r\n"], [b"P", b"O", b"S", b"T", b" ", b"/"]])
async def test_a_connection_that_does_not_say_what_it_wants_is_closed(
    broker: EmbeddedBroker, topic: str, parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADERS_S", 0.3)
    async with served(settings_of(broker, topic)) as webhooks:
        assert await raw(webhooks, *parts, pause_s=0.1) == b""


async def test_a_connection_that_has_asked_is_kept(
    broker: EmbeddedBroker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADERS_S", 0.1)
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with served(settings_of(broker, topic)) as webhooks:
        assert (await raw(webhooks, ask, last, pause_s=0.3)).count(b"HTTP/1.1 200 ") == 2


async def test_there_are_no_more_connections_than_there_may_be(
    broker: EmbeddedBroker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(settings_of(broker, topic)) as webhooks:
        monkeypatch.setattr(server, "MOST_CONNECTIONS", 1)
        assert await raw(webhooks, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        assert (await webhooks.ask("/healthz", "GET")).status == 200


# -- What is told of them ---------------------------------------------------------------------------------

NOT_HTTP = [
    f"POST /events HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n broken\x00\r\n\r\n".encode(),
    f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: {TOKEN * 1_000}\r\n\r\n".encode(),
    f"{TOKEN} {TOKEN} {TOKEN}\r\n\r\n".encode(),
    f"POST /events?{TOKEN * 1_000} HTTP/1.1\r\n\r\n".encode(),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + TOKEN.encode(),
    f"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\nA: {TOKEN}\r\n\r\n".encode(),
    f"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\nA: {TOKEN}\r\n\r\n".encode(),
]


@pytest.mark.parametrize("sent", NOT_HTTP, ids=range(len(NOT_HTTP)))
async def test_what_is_not_http_is_counted_and_nothing_of_it_is_logged(
    webhooks: Served, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    with caplog.at_level(logging.DEBUG):
        heard = await raw(webhooks, sent)
    assert heard.startswith(b"HTTP/1.0 400 ") and b'"reason":"malformed"' in heard
    assert TOKEN.encode() not in heard
    assert TOKEN not in caplog.text
    assert (await webhooks.metrics())['crm_intake_requests_total{outcome="malformed",vendor="none"}'] == 1


async def test_the_log_has_a_line_of_every_request_and_no_secret(
    webhooks: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in what is logged nor in what is answered."""
    secret = "a-secret-in-the-wrong-place"
    hidden: list[dict[str, Any]] = [
        {"path": f"/events?token={secret}", "data": EVENT, "headers": STRUCTURED},
        {"path": f"/{secret}"},
        {"data": f'{{"{secret}": "{secret}"', "headers": {**STRUCTURED, "Cookie": secret}},
        {"headers": {"Authorization": f"Bearer {secret}"}},
        {"data": f'["{secret}"', "headers": BATCH},
    ]
    with caplog.at_level(logging.DEBUG):
        answers = [await webhooks.ask(**one) for one in hidden]
    lines = [record for record in caplog.records if record.name == "streams.intake.access"]
    assert [line.getMessage().split()[:4] for line in lines] == [
        ["cloudevents", "POST", "202", "accepted"],
        ["none", "POST", "404", "not_found"],
        ["cloudevents", "POST", "422", "faulty"],
        ["cloudevents", "POST", "401", "unsigned_mismatch"],
        ["cloudevents", "POST", "422", "faulty"],
    ]
    assert all("127.0.0.1" in line.getMessage() for line in lines)
    assert secret not in caplog.text and TOKEN not in caplog.text
    assert not any(secret in str(one.document) for one in answers)


async def test_a_fault_of_ours_is_answered_and_its_text_is_not_logged(
    webhooks: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError(TOKEN)

    monkeypatch.setattr("streams.intake.cloudevents.brought", broken)
    with caplog.at_level(logging.DEBUG):
        answered = await webhooks.send(LEAD)
    assert (answered.status, answered.document["reason"]) == (500, "failed")
    assert "ZeroDivisionError" in caplog.text and "broken" in caplog.text
    assert TOKEN not in caplog.text and TOKEN not in str(answered.document)
