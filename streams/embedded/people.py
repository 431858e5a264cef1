"""Who lives in a simulated company: its customers, its own users, and the lists of those who are there."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Generic, TypeVar

MEMBERS = 20_000
"""So many are followed at most, which bounds the memory. One more remains, but is not heard of."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Customer:
    """A person or company from the first touch on. `dims` go into every event about them."""

    customer_id: str
    currency: str
    team: str
    dims: dict[str, str]
    mrr: dict[str, int] = field(default_factory=dict)
    """What each of their live subscriptions pays a month, in minor units; 0 while it is paused."""

    def about(self, **more: Any) -> dict[str, Any]:
        """The fields that all events of one lead, deal or ticket of theirs share."""
        return {**more, "customer_id": self.customer_id, **self.dims}


@dataclass(slots=True, eq=False)
class User:
    """Somebody of the company who works with its CRM."""

    user_id: str
    team: str
    region: str
    idle: bool
    """They log in and do no more."""

    def about(self, **more: Any) -> dict[str, Any]:
        return {**more, "user_id": self.user_id, "team": self.team, "region": self.region}


class Members(Generic[T]):
    """Those that are followed, for drawing one at random and leaving in constant time."""

    def __init__(self) -> None:
        self._seated: list[T] = []
        self._seat: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._seated)

    def __contains__(self, member: T) -> bool:
        return id(member) in self._seat

    def join(self, member: T) -> bool:
        """False when all seats are taken."""
        if len(self) >= MEMBERS:
            return False
        self._seat[id(member)] = len(self)
        self._seated.append(member)
        return True

    def leave(self, member: T) -> None:
        last, seat = self._seated.pop(), self._seat.pop(id(member))
        if last is not member:
            self._seated[seat] = last
            self._seat[id(last)] = seat

    def draw(self, rng: Random) -> T | None:
        return self._seated[int(rng.random() * len(self))] if self._seated else None
