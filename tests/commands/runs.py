"""Running `kpi ...` as a process of its own, and seeing what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


Say = Callable[..., Done]
"""Runs a command in this process: the fixture `said`."""


def kpi(directory: Path, *arguments: str, given: bytes = b"", **settings: str) -> Done:
    """Run a command to its end in a directory, with bytes for its standard input and KPI_... settings."""
    done = subprocess.run(
        _command(arguments), cwd=directory, env=_environment(settings), input=given, capture_output=True
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


class Running:
    """A command under way in a directory."""

    def __init__(self, directory: Path, *arguments: str, **settings: str) -> None:
        self._directory = directory
        self._log = directory.with_name(f"{directory.name}.log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                _command(arguments),
                cwd=directory,
                env=_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self._log.read_text()

    def wait_until(self, condition: Callable[[], Any]) -> None:
        """Return when it holds; an AssertionError, with all that was said, when the command ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        """Its exit status, when it has ended."""
        try:
            return self._process.wait(PATIENCE_S)
        finally:
            self._process.kill()


def processes_in(directory: Path) -> list[str]:
    """The command lines of the processes that work in a directory, or below it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            where = (entry / "cwd").readlink()
            command = (entry / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
        if command and where.is_relative_to(directory):
            found.append(command.replace(b"\0", b" ").decode())
    return found


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "streams.cli", *arguments]


def _environment(settings: dict[str, str]) -> dict[str, str]:
    ours = {f"KPI_{name.upper()}": value for name, value in settings.items()}
    return {**os.environ, "PYTHONPATH": str(ROOT), **ours}
