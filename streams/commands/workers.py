"""`kpi worker --processes N`: workers under one parent, which starts again what ends by itself."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streams.commands.stack import worker_or_board
from streams.embedded.processes import Child, free_port, is_free
from streams.errors import SettingsError
from streams.settings import Settings

WATCH_S: Final = 0.1
LAST_PORT: Final = 65_535
AGAIN_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""How long to wait before a worker is started again, by how often it has ended in a row."""
SETTLED_S: Final = 60.0
"""A worker that has run for so long has not ended in a row."""
STOP_S: Final = 7.0
"""How long all may take to stop; each gives itself a little less."""


async def run_workers(settings: Settings, number: int, say: Callable[[str], None]) -> None:
    """Run so many workers until cancelled, then stop them; cancelled once more, kill them."""
    seats = [
        Seat(f"worker {at}", settings.model_copy(update={"worker_port": port}), say)
        for at, port in enumerate(worker_ports(settings, number), 1)
    ]
    try:
        while True:
            for seat in seats:
                seat.look(time.monotonic())
            await asyncio.sleep(WATCH_S)
    finally:
        await _stop([seat.child for seat in seats if seat.child is not None])


def worker_ports(settings: Settings, number: int) -> list[int]:
    """The port that is set and those behind it, or free ones for 0; SettingsError when one is not free."""
    if not settings.worker_port:
        found: set[int] = set()
        while len(found) < number:
            found.add(free_port())
        return sorted(found)
    ports = [settings.worker_port + at for at in range(number)]
    if ports[-1] > LAST_PORT:
        raise SettingsError(
            f"KPI_WORKER_PORT={settings.worker_port} for {number} processes: {ports[-1]} is no port, the last"
            f" one is {LAST_PORT}; give a lower one, or 0 for any"
        )
    for port in ports:
        if not is_free(port):
            raise SettingsError(
                f"KPI_WORKER_PORT={settings.worker_port} for {number} processes: {port} is taken;"
                " give another one, or 0 for any"
            )
    return ports


@dataclass(slots=True)
class Seat:
    """One of the workers: the process that has it now, and when the next one is due."""

    name: str
    settings: Settings
    say: Callable[[str], None]
    child: Child | None = None
    started: float = 0.0
    due: float = 0.0
    ended: int = 0
    """How often in a row."""

    def look(self, now: float) -> None:
        """Start it, or start it again when it is time for that."""
        if self.child is not None and not self.child.running:
            self._has_ended(self.child, now)
        if self.child is None and now >= self.due:
            self.child, self.started = worker_or_board("worker", self.settings, None), now

    def _has_ended(self, child: Child, now: float) -> None:
        self.ended = 1 if now - self.started > SETTLED_S else self.ended + 1
        wait_s = AGAIN_S[min(self.ended, len(AGAIN_S)) - 1]
        self.say(f"{self.name} ended with status {child.process.returncode}; again in {wait_s:g} s")
        self.child, self.due = None, now + wait_s


async def _stop(children: list[Child]) -> None:
    """All at once; whatever happens, none is left."""
    try:
        for child in children:
            if child.running:
                child.process.terminate()
        deadline = time.monotonic() + STOP_S
        while any(child.running for child in children) and time.monotonic() < deadline:
            await asyncio.sleep(WATCH_S)
    finally:
        for child in children:
            child.process.kill()
            child.process.wait()
