"""Answers that refuse: each with a status, a reason of a closed set, and what would be right."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

from streams.serve.http.json import answer

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Refusal(Exception):
    """Inside this room only: a request that is not accepted. `reason` is the outcome in the metrics."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        headers: Mapping[str, str] = NO_HEADERS,
        **more: Any,
    ) -> None:
        self.status = status
        self.reason = reason
        self.document = {"error": message, "reason": reason, **more}
        self.headers = headers
        super().__init__(message)

    def answer(self) -> web.Response:
        response = answer(self.document, self.status)
        response.headers.update(self.headers)
        return response


def unavailable(message: str, retry_after_s: int) -> Refusal:
    """It may be sent again as it is."""
    return Refusal(503, "unavailable", message, {"Retry-After": str(retry_after_s)})
