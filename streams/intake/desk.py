"""What becomes of a request at the desk of a hook.

1. Its hook has secrets, and a bearer token is one of them.
2. There is room for it. A signature is of the raw bytes: it is looked at when those are here.
3. The vendor is within its rate. That of others, who prove nothing, does not count against it.
4. What it brings is published, and Kafka has acknowledged it.
5. Then it is accepted, or told what of it could not be read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web
from aiolimiter import AsyncLimiter

from streams.intake.bodies import read_body
from streams.intake.brought import Brought
from streams.intake.hooks import Hook
from streams.intake.outlet import LineTooLarge, NotAcknowledged, Outlet
from streams.intake.refusals import Refusal, unavailable
from streams.intake.requests import Check, Request, Unsigned
from streams.intake.room import Floor, Room
from streams.intake.telemetry import Telemetry
from streams.kafka.publisher import Sent
from streams.serve.http.json import answer
from streams.settings import Settings

RETRY_S: Final = 5
"""When to come again while Kafka is away."""
RATE_RETRY_S: Final = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes requests for one hook."""

    hook: Hook
    settings: Settings
    outlet: Outlet
    floor: Floor
    telemetry: Telemetry
    now_ms: Callable[[], int]
    limiter: AsyncLimiter

    async def take(self, http: web.BaseRequest) -> web.Response:
        """202, or a Refusal."""
        hook = self.hook
        check = self._secured()  # 1
        asked = self._asked(http)
        now_ms = self.now_ms()
        if hook.is_bearer:
            self._prove(check, asked, now_ms)
        with Room(self.floor, hook.vendor) as room:  # 2
            body = await read_body(http, self.settings.intake_body_bytes, room)
            asked = replace(asked, body=body)
            if not hook.is_bearer:
                self._prove(check, asked, now_ms)
            await self._keep_to_rate()  # 3
            brought = hook.read(asked, now_ms)
            await self._publish(brought, now_ms)  # 4
        return _answer(brought)  # 5

    def _secured(self) -> Check:
        if self.hook.check is None:
            raise Refusal(404, "not_set_up", f"nobody is let in here: {self.hook.variable} is not set")
        return self.hook.check

    def _asked(self, http: web.BaseRequest) -> Request:
        """Without its body. X-Forwarded-... are not looked at: whoever sends a request can write them."""
        host = self.settings.intake_url or f"http://{http.headers.get('Host', '')}"
        return Request(http.method, f"{host}{http.raw_path}", http.headers, b"")

    def _prove(self, check: Check, asked: Request, now_ms: int) -> None:
        try:
            check(asked, now_ms)
        except Unsigned as error:
            challenge = {"WWW-Authenticate": "Bearer"} if self.hook.is_bearer else {}
            raise Refusal(401, f"unsigned_{error.reason}", str(error), challenge) from None

    async def _keep_to_rate(self) -> None:
        if not self.limiter.has_capacity():
            message = f"more than {self.settings.intake_rate:g} requests a second (KPI_INTAKE_RATE)"
            raise Refusal(429, "too_many", message, {"Retry-After": str(RATE_RETRY_S)})
        await self.limiter.acquire()

    async def _publish(self, brought: Brought, now_ms: int) -> None:
        try:
            if brought.lines:
                await self.outlet.publish([Sent(line.value, timestamp_ms=now_ms) for line in brought.lines])
        except NotAcknowledged as error:
            raise unavailable(str(error), RETRY_S) from None
        except LineTooLarge as error:
            raise Refusal(413, "too_large", str(error)) from None
        self.telemetry.published(self.hook.vendor, brought)


def limiter(rate: float) -> AsyncLimiter:
    """So many a second; as many at once, but one at least."""
    burst = max(rate, 1.0)
    return AsyncLimiter(burst, burst / rate)


def _answer(brought: Brought) -> web.Response:
    if brought.faults:
        told = {**brought.document(), **brought.told_faults()}
        raise Refusal(422, "faulty", "what is listed could not be read; the rest is published", **told)
    return answer(brought.document(), 202)
