"""Where a process spends its CPU time, by looking at its stack each time so much of it has passed.

The kernel sends SIGPROF with each tick of *CPU* time that the process uses (250 a second on most), and the
handler notes which functions are on the stack. That costs about 0.5 % and, unlike tracing or wrappers,
nothing per call: small functions do not look dear. A signal waits while C code runs, so a sample weighs as
much CPU as has passed since the one before, and time in C code counts for the Python function around it.
"""

import gc
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import CodeType, FrameType
from typing import Final, NamedTuple, Self

TICK_S: Final = 0.001
REST: Final = "rest"

Place = tuple[str, str]
"""(a piece of a file's path, without .py; a function's name, or "" for all of them)."""


COLLECTOR: Final[Place] = ("benchmarks/sampler", "garbage_collector")


class Share(NamedTuple):
    """A function, and the shares of all samples in which it ran itself, and in which it was on the stack."""

    function: str
    itself: float
    within: float


@dataclass(slots=True)
class Samples:
    """How many seconds of CPU were used in each part, and in each function."""

    taken: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    itself: dict[str, float] = field(default_factory=dict)
    within: dict[str, float] = field(default_factory=dict)

    @property
    def cpu_s(self) -> float:
        return sum(self.itself.values())

    def shares(self) -> dict[str, float]:
        """Part -> its share of all samples."""
        total_s = self.cpu_s
        return {part: seconds / total_s for part, seconds in _descending(self.parts)}

    def top(self, number: int) -> list[Share]:
        """The functions in which most time is spent themselves."""
        total_s = self.cpu_s
        return [
            Share(name, seconds / total_s, self.within[name] / total_s)
            for name, seconds in _descending(self.itself)[:number]
        ]


class Sampler:
    """Samples the process while it is entered (`with`, in the main thread).

    A sample belongs to the part of the innermost frame that is one of the `places`.
    """

    def __init__(self, places: Mapping[Place, str]) -> None:
        self._places = places
        self.samples = Samples()
        self._known: dict[CodeType, tuple[str, str | None]] = {}
        self._last_s = 0.0

    def __enter__(self) -> Self:
        self._last_s = time.process_time()
        gc.callbacks.append(garbage_collector)
        signal.signal(signal.SIGPROF, self._look)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)
        return self

    def __exit__(self, *error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)  # one that is still on its way would end the process
        gc.callbacks.remove(garbage_collector)

    def _look(self, _: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            stack.append(self._place(frame))
            frame = frame.f_back
        if not stack:
            return
        now_s, samples = time.process_time(), self.samples
        used_s, self._last_s = now_s - self._last_s, now_s
        samples.taken += 1
        _add(samples.itself, {stack[0][0]}, used_s)
        _add(samples.within, {name for name, _ in stack}, used_s)
        _add(samples.parts, {next((part for _, part in stack if part), REST)}, used_s)

    def _place(self, frame: FrameType) -> tuple[str, str | None]:
        """(what the frame's function is called, the part that it belongs to)."""
        code = frame.f_code
        known = self._known.get(code)
        if known is None:
            path = PurePath(code.co_filename).with_suffix("")
            name = f"{'/'.join(path.parts[-2:])}:{code.co_firstlineno} {code.co_qualname}"
            known = self._known[code] = name, self._part(path, code.co_name)
        return known

    def _part(self, path: PurePath, function: str) -> str | None:
        for (file, name), part in self._places.items():
            if file in str(path) and name in ("", function):
                return part
        return None


def garbage_collector(phase: str, of: dict[str, int]) -> None:
    """Called after a collection, so that the signals which waited for its end find this on the stack."""


def _add(seconds: dict[str, float], names: Iterable[str], used_s: float) -> None:
    for name in names:
        seconds[name] = seconds.get(name, 0.0) + used_s


def _descending(seconds: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda item: -item[1])
