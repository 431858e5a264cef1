"""Blocks of code in the pages for people, so that tests can run them as they stand there."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"

_TESTED = re.compile(r"<!-- tested: ([^>]+?) -->\n```\w+\n(.*?)```", re.DOTALL)
_FILE = re.compile(r"<!-- file: ([^>]+?) -->\n```\w+\n(.*?)```", re.DOTALL)


def block(page: Path, name: str) -> str:
    """The code block behind the comment `<!-- tested: name -->`."""
    found = blocks(page)
    assert name in found, f"{page.name} has no block {name}"
    return found[name]


def blocks(page: Path) -> Mapping[str, str]:
    """Name -> code of all blocks that are tested."""
    return dict(_TESTED.findall(page.read_text()))


def files(page: Path) -> Mapping[str, str]:
    """Path in the project -> the block that shows it, behind the comment `<!-- file: path -->`."""
    return dict(_FILE.findall(page.read_text()))


def table(page: Path, name: str) -> list[list[str]]:
    """The rows of the table behind the comment `<!-- tested: name -->`, below its head."""
    found = re.search(rf"<!-- tested: {name} -->\n((?:\|.*\n)+)", page.read_text())
    assert found, f"{page.name} has no table {name}"
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()[2:]]


def merged(catalog: Any, addition: Any) -> Any:
    """`catalog` with what `addition` has more, or otherwise, at every depth."""
    for key, value in addition.items():
        catalog[key] = merged(catalog[key], value) if isinstance(value, dict) and key in catalog else value
    return catalog


def printed(code: str, here: Mapping[str, str]) -> str:
    """What a block of shell prints; `here` says what stands in the page -> what it is in this test."""
    for meant, is_here in here.items():
        code = code.replace(meant, is_here)
    done = subprocess.run(["sh", "-eu", "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
