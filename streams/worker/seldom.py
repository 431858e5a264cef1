"""Saying a thing once, and again each minute, while it is said many times a second."""

import logging
import time
from typing import Final

EVERY_S: Final = 60.0
KEPT: Final = 1_000


class Seldom:
    """Remembers what was said; another text is another thing."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._again: dict[str, float] = {}
        """Text -> when it may be said again."""

    def may_say(self, text: str) -> bool:
        now = time.monotonic()
        if self._again.get(text, 0.0) > now:
            return False
        if len(self._again) >= KEPT:  # texts with numbers in them
            self._again.clear()
        self._again[text] = now + self._every_s
        return True


class QuietClient(logging.Filter):
    """Lets each text of one library's loggers through once a minute.

    aiokafka says twice a second, from several of its tasks, that a broker does not answer.
    """

    def __init__(self, library: str) -> None:
        super().__init__()
        self._prefix = library
        self._seldom = Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(self._prefix) or record.levelno >= logging.CRITICAL:
            return True
        return self._seldom.may_say(f"{record.name} {record.getMessage()}")
