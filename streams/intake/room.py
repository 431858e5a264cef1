"""How much is under way at once: so many requests for each address, and so many bytes of their bodies.

Whoever holds all places of one address, which takes no secret, keeps nobody from another.
"""

from collections import Counter
from types import TracebackType
from typing import Final, Self

from streams.intake.refusals import Refusal, unavailable

MOST_REQUESTS: Final = 500
"""For one address."""
MOST_BYTES: Final = 64_000_000
"""Of the bodies of requests that are under way; or one body, where it may be larger."""
RETRY_S: Final = 1


class Floor:
    """What all requests share."""

    def __init__(self, body_bytes: int) -> None:
        self.requests: Counter[str] = Counter()
        """By vendor."""
        self.bytes = 0
        self.most_bytes = max(MOST_BYTES, body_bytes)


class Room:
    """The place that one request takes until the `with` ends. Refusal where there is none."""

    def __init__(self, floor: Floor, vendor: str) -> None:
        self._floor = floor
        self._vendor = vendor
        self._bytes = 0

    def __enter__(self) -> Self:
        if self._floor.requests[self._vendor] >= MOST_REQUESTS:
            raise _full()
        self._floor.requests[self._vendor] += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._floor.requests[self._vendor] -= 1
        self._floor.bytes -= self._bytes

    def take(self, number: int) -> None:
        """So many bytes more."""
        if self._floor.bytes + number > self._floor.most_bytes:
            raise _full()
        self._floor.bytes += number
        self._bytes += number


def _full() -> Refusal:
    return unavailable("as many requests as can be are under way; send this one again", RETRY_S)
