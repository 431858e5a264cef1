"""Child processes that never outlive the process that started them."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from streams.errors import StartError

TAIL_LINES = 15
PROBE_EVERY_S = 0.02
# Below the ports of outgoing connections: on one of those, a client that keeps trying a server that is down
# may reach itself, and then holds the port against the server's return.
SERVER_PORTS = range(20_000, 32_000)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Child:
    """A running child; what it prints goes to the file `log`, or where our own output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self, timeout: float = 5.0) -> int:
        """SIGTERM, and after `timeout` seconds SIGKILL; returns the exit status. Harmless twice."""
        if self.running:
            self.process.terminate()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def check(self) -> None:
        """Raise StartError, with the end of the log, when the child is no longer running."""
        if not self.running:
            raise StartError(f"{self.name} ended with status {self.process.returncode}; {self._tail()}")

    def wait_until(self, ready: Callable[[], bool], timeout: float = 20.0) -> None:
        """Return when `ready()` is true; StartError when the child dies or takes longer (it is stopped)."""
        deadline = time.monotonic() + timeout
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                self.stop()
                raise StartError(f"{self.name} was not ready within {timeout:g} s; {self._tail()}")
            time.sleep(PROBE_EVERY_S)

    def _tail(self) -> str:
        if self.log is None:
            return "it has said above why"
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"the end of {self.log}:", *(f"  {line}" for line in lines)])


def start(
    name: str, command: Sequence[str], directory: Path | None, env: Mapping[str, str] | None = None
) -> Child:
    """Start `command` with its log in `directory`/`name`.log; `env` is added to our own environment.

    Without a directory it prints where we do. The child has a session of its own, so that Ctrl-C in the
    terminal reaches only us, and we stop it in good order. On Linux the kernel kills it when we die, in
    whatever way. It goes by the *thread* that calls this, so call it from the main thread. Elsewhere a parent
    that is killed leaves its children behind.
    """
    if directory is None:
        return Child(name, _popen(command, env, None), None)
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{name}.log"
    with log.open("ab") as output:
        return Child(name, _popen(command, env, output), log)


def _popen(
    command: Sequence[str], env: Mapping[str, str] | None, output: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        start_new_session=True,
        preexec_fn=_dies_with(os.getpid()),
    )


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses at this moment."""
    return next(port for port in random.sample(SERVER_PORTS, len(SERVER_PORTS)) if is_free(port))


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        # Old connections of a server that has just stopped do not matter, as they do not to servers.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _dies_with(parent: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def tie_to_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call above: the signal will not come any more
            os._exit(1)

    return tie_to_parent
