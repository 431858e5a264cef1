"""`kpi worker --processes N`: who starts workers again, and ends with them. About 30 s."""

import json
import os
import signal
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from streams.commands import workers
from streams.commands.workers import Seat, worker_ports
from streams.embedded import processes
from streams.embedded.processes import free_port
from streams.errors import SettingsError
from streams.settings import Settings
from tests.commands.runs import Running, kpi, processes_in

NOWHERE = {"broker": "kafka://127.0.0.1:1", "redis": "redis://127.0.0.1:1/0"}
"""Workers wait for it, and live."""


def two_free_ports() -> int:
    """A port that is free, as the next one is."""
    return next(port for _ in range(100) if processes.is_free((port := free_port()) + 1))


def lives(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as reply:
            return bool(json.load(reply)["alive"])
    except OSError:
        return False


def pids_in(directory: Path, port: int) -> list[int]:
    """The plain workers in a directory that have this port."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (entry / "cwd").readlink() != directory:
                continue
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
        if f"KPI_WORKER_PORT={port}".encode() in environment:
            found.append(int(entry.name))
    return found


def test_each_is_a_worker_with_a_port_of_its_own_and_is_started_again(directory: Path) -> None:
    first = two_free_ports()
    parent = Running(directory, "worker", "--processes", "2", worker_port=str(first), **NOWHERE)
    parent.wait_until(lambda: lives(first) and lives(first + 1))
    (killed,) = pids_in(directory, first + 1)
    os.kill(killed, signal.SIGKILL)
    parent.wait_until(lambda: "worker 2 ended with status -9; again in 1 s" in parent.said())
    parent.wait_until(lambda: lives(first + 1))
    assert lives(first)
    parent.interrupt()
    assert parent.ended() == 0, parent.said()
    assert processes_in(directory) == []


def test_the_second_signal_does_not_wait_for_anybody(directory: Path) -> None:
    first = two_free_ports()
    parent = Running(directory, "worker", "--processes", "2", worker_port=str(first), **NOWHERE)
    parent.wait_until(lambda: lives(first) and lives(first + 1))
    hangs = pids_in(directory, first)[-1]
    os.kill(hangs, signal.SIGSTOP)
    parent.interrupt()
    parent.wait_until(lambda: not lives(first + 1))
    parent.interrupt()
    parent.ended()
    assert processes_in(directory) == []


def test_what_is_wrong_is_said_once_and_nothing_is_started(directory: Path) -> None:
    done = kpi(directory, "worker", "--processes", "3", redis=NOWHERE["redis"])
    assert (done.status, done.err.count("KPI_BROKER is not set")) == (1, 1)
    assert kpi(directory, "worker", "--processes", "0").status == 2


def test_ports_are_those_behind_the_one_that_is_set_or_free_ones() -> None:
    first = two_free_ports()
    assert worker_ports(Settings(worker_port=first), 2) == [first, first + 1]
    found = worker_ports(Settings(worker_port=0), 5)
    assert len(set(found)) == 5 and all(map(processes.is_free, found))


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "is_free", lambda port: port != 7001)
    with pytest.raises(SettingsError, match="KPI_WORKER_PORT=7000 for 3 processes: 7001 is taken"):
        worker_ports(Settings(worker_port=7000), 3)


def test_ports_behind_the_last_one_are_refused() -> None:
    with pytest.raises(SettingsError, match="KPI_WORKER_PORT=65534 for 3 processes: 65536 is no port"):
        worker_ports(Settings(worker_port=65_534), 3)


def test_who_ends_again_and_again_waits_longer_and_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    started: list[float] = []
    now = 0.0

    def start(*_: Any) -> processes.Child:
        started.append(now)
        child = processes.start("fragile", [sys.executable, "-c", "raise SystemExit(3)"], None)
        child.process.wait()
        return child

    monkeypatch.setattr(workers, "worker_or_board", start)
    seat = Seat("worker 1", Settings(), said.append)
    while now < 120:
        seat.look(now)
        now += 0.5
    assert [int(then) for then in started] == [0, 1, 4, 9, 20, 50, 81, 111]
    assert said[0] == "worker 1 ended with status 3; again in 1 s"
    assert said[-1] == "worker 1 ended with status 3; again in 30 s"


def test_who_has_run_for_a_while_is_started_again_at_once_when_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    command = ["sleep", "60"]
    monkeypatch.setattr(workers, "worker_or_board", lambda *_: processes.start("sleeper", command, None))
    seat = Seat("worker 1", Settings(), said.append, ended=4)
    seat.look(0.0)
    assert seat.child is not None
    seat.child.stop()
    seat.look(workers.SETTLED_S + 1)
    assert said == ["worker 1 ended with status -15; again in 1 s"]


def test_run_takes_several_workers_and_ends_with_them(directory: Path) -> None:
    first = two_free_ports()
    ports = {"worker_port": str(first), "board_port": "0"}
    parent = Running(directory, "run", "--processes", "2", **ports, **NOWHERE)
    parent.wait_until(lambda: lives(first) and lives(first + 1))
    parent.interrupt()
    assert parent.ended() == 0, parent.said()
    assert processes_in(directory) == []
