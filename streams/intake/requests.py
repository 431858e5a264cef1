"""A vendor's request as it came, and the refusal of one that does not prove whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """`body` is raw: signatures are of these bytes and no others. Header names are looked up in any case."""

    method: str
    url: str
    """As the vendor has called it: KPI_INTAKE_URL, path and query."""
    headers: Mapping[str, str]
    body: bytes


class Unsigned(Exception):
    """The request is answered with 401; `reason` is one of a closed set, as it stands in metrics."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class Check(Protocol):
    """Raises Unsigned unless the request is signed by one of the secrets, at about `now_ms`."""

    def __call__(self, request: Request, now_ms: int) -> None: ...
