"""Each peer's own environment, made when it is not in the cache yet: outside the tree, by pinned versions."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from streams.errors import MissingPart

PEERS: Final = Path(__file__).parent
ROOT: Final = PEERS.parent.parent
_MADE: Final = "made"


def python(peer: str, program: str) -> list[str]:
    """The peer's program in a virtual environment with its requirements.txt, and nothing else."""
    requirements = PEERS / peer / "requirements.txt"
    venv = cached(
        f"{peer}-{sys.implementation.cache_tag}", [requirements], lambda at: _venv(at, requirements)
    )
    return [str(venv / "bin" / "python"), str(PEERS / peer / program)]


def java(peer: str, options: Sequence[str]) -> list[str]:
    """The peer's program in a JVM, with the classes and libraries that Maven makes of its pom.xml."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise MissingPart(f"{program} is not installed")
    sources = [path for path in (PEERS / peer).rglob("*") if path.suffix in (".java", ".xml")]
    out = cached(peer, sources, lambda at: _build(at, PEERS / peer / "pom.xml"))
    return ["java", *options, "-cp", f"{out}/peer.jar:{out}/libs/*", "peers.Main"]


def cached(name: str, inputs: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """The directory that `make` filled from these inputs; an unfinished one is made anew."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(inputs))).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = cache / "crm-kpi-streams" / "peers" / f"{name}-{digest[:12]}"
    if not (directory / _MADE).exists():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        make(directory)
        (directory / _MADE).touch()
    return directory


def _venv(directory: Path, requirements: Path) -> None:
    _run(sys.executable, "-m", "venv", str(directory))
    pip = (
        str(directory / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    )
    _run(*pip, "--no-deps", "--requirement", str(requirements))


def _build(directory: Path, pom: Path) -> None:
    _run("mvn", "-B", "-q", "-f", str(pom), f"-Dout={directory}", "package")


def _run(*command: str) -> None:
    """MissingPart, with the end of what it said, when the command fails."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        said = " ".join(done.stdout.split())[-300:]
        raise MissingPart(f"{Path(command[0]).name} failed: {said}")
