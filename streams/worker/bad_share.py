"""The share of bad ones among a partition's last records: too many, and dead letters are no cure."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Final

from streams.engine.decode import Record, Reject
from streams.errors import Held

TOO_MANY: Final = "dead_letters"
"""The reason of the hold."""
WINDOW: Final = 1_000
"""The share is that of so many records; until so many were seen there is none."""


class BadShare:
    """Watches the share of rejects; a record counts once, however often it is taken.

    Too many holds the partition until its worker starts again: the records are what they are.
    """

    def __init__(self, most: float) -> None:
        """`most` is the share, 0..1, that is still fine."""
        self._most = most
        self._seen = 0
        """Records so far; each has its number, from 1 on."""
        self._bad: deque[tuple[int, str]] = deque()
        """(number, reason) of those that are bad."""
        self._kept: tuple[int, int, tuple[tuple[int, str], ...]] = (-1, 0, ())
        """(offset, records, bad ones) as of the last commit."""
        self._too_many: Held | None = None

    def check(self) -> None:
        """Held when there were too many."""
        if self._too_many is not None:
            raise self._too_many

    def add(self, records: Sequence[Record], rejects: Iterable[Reject]) -> None:
        """Count records that were applied; Held when too many of them and those before are bad."""
        reasons = {reject.record.offset: reject.reason for reject in rejects}
        first = self._seen + 1
        self._seen += len(records)
        if first <= WINDOW <= self._seen or reasons:
            for number, record in enumerate(records, first):
                reason = reasons.get(record.offset)
                if reason is not None:
                    self._bad.append((number, reason))
                if number == WINDOW or (reason is not None and number > WINDOW):
                    self._judge(number)

    def _judge(self, number: int) -> None:
        """The share can only have grown at a bad record, and begins to be one at the first full window."""
        while self._bad and self._bad[0][0] <= number - WINDOW:
            self._bad.popleft()
        if len(self._bad) > self._most * WINDOW:
            reasons = Counter(reason for _, reason in self._bad)
            self._too_many = Held(TOO_MANY, _text(len(self._bad), reasons))
            raise self._too_many

    def keep(self, offset: int) -> None:
        """All so far is committed, up to this offset."""
        self._kept = (offset, self._seen, tuple(self._bad))

    def back_to(self, offset: int) -> None:
        """Go on from the last commit. From anywhere else, which somebody else came to, it begins anew."""
        kept, seen, bad = self._kept
        self._seen, self._bad = (seen, deque(bad)) if kept == offset else (0, deque())


def _text(bad: int, reasons: Counter[str]) -> str:
    counts = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common())
    return (
        f"{bad} of the last {WINDOW} records cannot be counted ({counts}): correct whoever publishes "
        "them; then, to make them dead letters and go on, raise KPI_DEAD_LETTER_SHARE (1: hold never) "
        "and restart the worker"
    )
