"""`python -m benchmarks.requests PORT RATE SECONDS CONNECTIONS`: single events by HTTP.

Requests are due at a steady rate, whatever the server does; a latency counts from when its request was due:
so a server that stands still for a second has kept all requests of that second waiting. With RATE 0 each
connection sends its next request when it has the answer to the last.

The answers' statuses and latencies go to standard output, as JSON.
"""

import asyncio
import json
import sys
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from schemas import events

TOKEN: Final = "the-token-of-the-benchmarks"
_TICK_S: Final = 0.001
_LATEST_S: Final = 15.0
"""How long the last answers are waited for."""


@dataclass(slots=True)
class Load:
    """What is to be sent, and what was answered."""

    due_s: deque[float] = field(default_factory=deque)
    """When each request that waits for a connection was due."""
    idle: deque["Connection"] = field(default_factory=deque)
    """In turn, so that none is idle for so long that the server closes it."""
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    sent: int = 0
    is_closed_loop: bool = False

    def hand_out(self) -> None:
        """Requests that are due to connections that are idle."""
        while self.due_s and self.idle:
            self.idle.popleft().send(request(self.sent), self.due_s.popleft())
            self.sent += 1


class Connection(asyncio.Protocol):
    """Sends a request, and takes its answer: HTTP as far as this server's answers need it."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loop = asyncio.get_running_loop()
        self._heard = b""
        self._due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._load.idle.append(self)

    def send(self, text: bytes, due_s: float) -> None:
        self._due_s = due_s
        self._transport.write(text)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, blank, body = self._heard.partition(b"\r\n\r\n")
        if not blank or len(body) < int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]):
            return
        self._heard = b""
        load, now_s = self._load, self._loop.time()
        load.statuses[int(head[9:12])] += 1
        load.latencies_s.append(now_s - self._due_s)
        load.idle.append(self)
        if load.is_closed_loop:
            load.due_s.append(now_s)
        load.hand_out()


def request(number: int) -> bytes:
    """The creation of a lead, of some 250 bytes, with its headers."""
    lead = events.LeadCreated(
        lead_id=f"lead-{number}", customer_id=f"customer-{number % 5_000}", channel="web"
    )
    time = datetime.now(UTC)
    body = events.Event(
        id=f"{number}", source="/benchmark", type="crm.lead.created", time=time, data=lead
    ).to_json()
    return b"\r\n".join(
        [
            b"POST /events HTTP/1.1",
            b"Host: localhost",
            b"Content-Type: application/cloudevents+json",
            b"Authorization: Bearer " + TOKEN.encode(),
            b"Content-Length: %d" % len(body),
            b"",
            body,
        ]
    )


async def run(port: int, rate: int, seconds: int, connections: int) -> Load:
    """Send for so long, and wait for the last answers."""
    loop, load = asyncio.get_running_loop(), Load(is_closed_loop=not rate)
    made = [
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port) for _ in range(connections)
    ]
    began_s, made_due = loop.time(), 0
    if not rate:
        load.due_s.extend([began_s] * connections)
    while (since_s := loop.time() - began_s) < seconds:
        while made_due < since_s * rate:
            load.due_s.append(began_s + made_due / rate)
            made_due += 1
        load.hand_out()
        await asyncio.sleep(_TICK_S)
    load.is_closed_loop = False
    if not rate:
        load.due_s.clear()
    async with asyncio.timeout(_LATEST_S):
        while load.due_s or len(load.idle) < connections:
            await asyncio.sleep(_TICK_S)
    for transport, _ in made:
        transport.close()
    return load


def main(port: str, rate: str, seconds: str, connections: str) -> None:
    load = asyncio.run(run(int(port), int(rate), int(seconds), int(connections)))
    json.dump({"statuses": load.statuses, "latencies_s": sorted(load.latencies_s)}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
