"""Every request: who answers it, the line that the log has of it, and its place in the metrics.

Neither has anything that a request holds but its vendor: no body, no header, no query, and no address that is
not one of ours.
"""

import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from streams.intake.desk import Desk
from streams.intake.outlet import NOT_YET, Outlet
from streams.intake.refusals import Refusal
from streams.intake.telemetry import ACCEPTED, ASKED, FAILED, Telemetry
from streams.naming import NO_VENDOR
from streams.serve.http.json import answer

log = logging.getLogger(__name__)
access_log = logging.getLogger("streams.intake.access")

_GET: Final = ("GET", "HEAD")
_POST: Final = ("POST", "OPTIONS")
_ORIGIN: Final = "WebHook-Request-Origin"

Answer = Callable[[], Awaitable[web.Response]]


class Handler:
    """Answers requests, never with an exception."""

    def __init__(self, desks: Mapping[str, Desk], outlet: Outlet, telemetry: Telemetry, rate: float) -> None:
        self._desks = desks
        self._outlet = outlet
        self._telemetry = telemetry
        self._rate = rate
        self._pages: Mapping[str, Callable[[], web.Response]] = {
            "/healthz": lambda: answer({"alive": True}),
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        page = self._pages.get(request.path)
        if page is not None:
            return page() if request.method in _GET else _not_allowed(_GET).answer()
        began = time.perf_counter()
        desk = self._desks.get(request.path)
        vendor = desk.hook.vendor if desk else NO_VENDOR
        response, outcome = await self._answered(request, desk)
        seconds = time.perf_counter() - began
        self._telemetry.answered(vendor, outcome, seconds)
        access_log.info(
            "%s %s %d %s %.1f ms from %s",
            vendor,
            request.method,
            response.status,
            outcome,
            seconds * 1000,
            request.remote,
        )
        return response

    async def _answered(self, request: web.BaseRequest, desk: Desk | None) -> tuple[web.Response, str]:
        """The answer, and what became of the request."""
        try:
            if desk is None:
                raise Refusal(404, "not_found", f"there is {', '.join(self._desks)}")
            if request.method == "OPTIONS":
                return self._handshake(request), ASKED
            if request.method != "POST":
                raise _not_allowed(_POST)
            return await desk.take(request), ACCEPTED
        except Refusal as refusal:
            return refusal.answer(), refusal.document["reason"]
        except Exception as error:  # a fault of ours: its text may hold what was sent
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("a fault of this software: %s\n%s", type(error).__name__, frames)
            return answer(
                {"error": "a fault of this software; it is in the log", "reason": FAILED}, 500
            ), FAILED

    def _handshake(self, request: web.BaseRequest) -> web.Response:
        """What may be done here; and that a CloudEvents source may send, which it proves when it does.

        https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
        """
        headers = {"Allow": ", ".join(_POST)}
        if _ORIGIN in request.headers:
            headers |= {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": f"{self._rate * 60:.0f}"}
        return web.Response(headers=headers)

    def _readyz(self) -> web.Response:
        trouble = "" if self._outlet.ready else self._outlet.trouble or NOT_YET
        return answer(
            {"ready": not trouble, "reasons": [trouble] if trouble else []}, 503 if trouble else 200
        )

    def _metrics(self) -> web.Response:
        self._telemetry.up.set(self._outlet.ready)
        return web.Response(body=self._telemetry.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def _not_allowed(methods: tuple[str, ...]) -> Refusal:
    return Refusal(405, "method", f"this takes {', '.join(methods)}", {"Allow": ", ".join(methods)})
