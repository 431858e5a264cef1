"""What is wrong with a catalog, and where."""

from collections.abc import Callable
from typing import TypeVar


class PlanFault(ValueError):
    """Something in the catalog that cannot be; `at` is where, below the part that is being compiled."""

    def __init__(self, message: str, *at: str | int) -> None:
        self.at = at
        super().__init__(message)


_T = TypeVar("_T")


def located(build: Callable[[], _T], *at: str | int) -> _T:
    """The result of `build`; what is wrong in it is wrong at `at`."""
    try:
        return build()
    except ValueError as fault:
        raise PlanFault(str(fault), *at, *getattr(fault, "at", ())) from None
