"""The Dockerfile, read; and the wheel that it installs, built."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from packaging.specifiers import SpecifierSet

from tests.compose.files import ROOT, is_ours, services
from tests.servers import unavailable

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


class Step(NamedTuple):
    instruction: str
    words: list[str]


def steps() -> Iterator[Step]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        if line:
            instruction, *words = line.split()
            yield Step(instruction, words)


def stages() -> list[list[Step]]:
    """Each begins with its FROM."""
    found: list[list[Step]] = []
    for step in steps():
        if step.instruction == "FROM":
            found.append([])
        found[-1].append(step)
    return found


BUILD, FINAL = stages()


def words(stage: list[Step], instruction: str) -> list[list[str]]:
    return [step.words for step in stage if step.instruction == instruction]


def test_both_stages_have_one_exact_python_that_the_project_allows() -> None:
    versions = []
    for ((tag, *_),) in (words(BUILD, "FROM"), words(FINAL, "FROM")):
        found = re.fullmatch(r"python:(\d+\.\d+\.\d+)(-slim)?-bookworm", tag)
        assert found, tag
        versions.append(found[1])
    assert len(set(versions)) == 1
    assert versions[0] in SpecifierSet(PROJECT["requires-python"])
    minor = versions[0].rpartition(".")[0]
    assert f"Programming Language :: Python :: {minor}" in PROJECT["classifiers"], "one that the tests run on"


def test_what_is_copied_is_there_and_is_sent_to_docker() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [source for *sources, _ in words(BUILD, "COPY") for source in sources]
    assert sorted(copied) == sorted(sent)
    assert all((ROOT / source).exists() for source in copied)


def test_what_the_build_reads_of_the_project_is_copied() -> None:
    wanted = {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"]}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted |= set(wheel["packages"])
    assert wanted <= {source for *sources, _ in words(BUILD, "COPY") for source in sources}


def test_no_secret_and_nothing_that_was_made_here_is_sent_to_docker() -> None:
    """All is left out but what is named."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert not any(fnmatch(".env", line[1:]) for line in lines if line.startswith("!"))


def test_the_image_gets_an_environment_and_no_tools() -> None:
    assert words(FINAL, "COPY") == [["--from=build", "/opt/kpi", "/opt/kpi"]]
    assert not re.search(r"\b(pip|apt|apt-get|curl|gcc)\b", str(words(FINAL, "RUN")))
    assert "--without-pip" in str(words(BUILD, "RUN"))
    assert words(FINAL, "ENV")[0][0].startswith("PATH=/opt/kpi/bin:")


def test_the_image_runs_as_the_user_whom_the_compose_file_names() -> None:
    user = words(FINAL, "USER")[-1][0]
    assert {service["user"] for service in services().values() if is_ours(service)} == {user}
    assert f"--uid {user.split(':')[0]} --user-group" in " ".join(words(FINAL, "RUN")[0])


def test_what_is_run_is_kpi() -> None:
    assert "kpi" in PROJECT["scripts"]
    assert words(FINAL, "ENTRYPOINT") == [['["kpi"]']]


def built_wheel(directory: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(directory),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if "No matching distribution found for hatchling" in done.stderr:
        unavailable("no package index, so no hatchling to build the wheel with")
    assert done.returncode == 0, done.stderr
    return next(directory.glob("*.whl"))


def test_the_wheel_holds_all_that_lies_in_our_packages(tmp_path: Path) -> None:
    with zipfile.ZipFile(built_wheel(tmp_path)) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    there = {
        str(file.relative_to(ROOT))
        for package in ("schemas", "streams")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert held == there
    assert {"schemas/catalog.yaml", "streams/state/commit.lua", "streams/serve/static/board.css"} <= held
