import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from streams.embedded import processes
from streams.errors import StartError

ROOT = Path(__file__).parents[2]
TALKER = ("sh", "-c", "echo out; echo $WORD >&2")
FRAGILE = ("sh", "-c", "seq 100; echo the port is taken; exit 3")
SLEEP = ("sleep", "60")
DEAF = ("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done")


def said(child: processes.Child, words: str) -> bool:
    return child.log is not None and words in child.log.read_text()


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie, dead but not yet waited for, does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_is_stopped_with_sigterm(tmp_path: Path) -> None:
    child = processes.start("sleeper", SLEEP, tmp_path)
    assert child.running
    assert child.stop() == -signal.SIGTERM
    assert not child.running


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    child = processes.start("sleeper", SLEEP, tmp_path)
    assert child.stop() == child.stop()


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = processes.start("deaf", DEAF, tmp_path)
    child.wait_until(lambda: said(child, "deaf"))
    assert child.stop(timeout=0.1) == -signal.SIGKILL


def test_what_a_child_prints_goes_to_its_log(tmp_path: Path) -> None:
    child = processes.start("talker", TALKER, tmp_path / "logs", env={"WORD": "err"})
    child.process.wait()
    assert child.log == tmp_path / "logs" / "talker.log"
    assert child.log.read_text() == "out\nerr\n"


def test_an_early_death_is_told_with_the_end_of_the_log(tmp_path: Path) -> None:
    child = processes.start("fragile", FRAGILE, tmp_path)
    with pytest.raises(StartError, match=r"fragile ended with status 3[\s\S]*the port is taken") as failure:
        child.wait_until(lambda: False)
    assert len(str(failure.value).splitlines()) == 1 + processes.TAIL_LINES


def test_a_child_that_is_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    child = processes.start("slow", SLEEP, tmp_path)
    with pytest.raises(StartError, match=r"slow was not ready within 0\.1 s"):
        child.wait_until(lambda: False, timeout=0.1)
    assert not child.running


def test_a_child_has_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(tmp_path: Path) -> None:
    child = processes.start("sleeper", SLEEP, tmp_path)
    try:
        assert os.getsid(child.pid) == child.pid
    finally:
        child.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_never_outlives_its_parent(tmp_path: Path, death: signal.Signals) -> None:
    program = f"""
        import time
        from pathlib import Path
        from streams.embedded import processes
        print(processes.start("sleeper", {SLEEP!r}, Path({str(tmp_path)!r})).pid, flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(death)
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pid)


def test_a_free_port_can_be_bound_and_is_not_one_of_outgoing_connections() -> None:
    port = processes.free_port()
    assert port in processes.SERVER_PORTS
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))


def test_a_port_in_use_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = processes.free_port(), processes.free_port()
    monkeypatch.setattr(processes, "SERVER_PORTS", [taken, free])
    with socket.socket() as server:
        server.bind(("127.0.0.1", taken))
        assert {processes.free_port() for _ in range(10)} == {free}


def test_the_port_of_a_server_that_has_just_stopped_is_free() -> None:
    """Its connections linger for a minute; who is restarted must not wait for that."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not processes.is_free(port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = server.accept()
            served.close()  # the first to close is the one that lingers
            assert client.recv(1) == b""
    assert processes.is_free(port)
