"""`kpi generate`: files that follow from the catalog. They are committed, and compared when it changes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from streams.engine.plan import Plan
from streams.errors import KpiError
from streams.generate import asyncapi
from streams.generate.json_schemas import MARKER as SCHEMA_MARKER

GENERATORS: Final[dict[str, Callable[[Plan], Mapping[str, str]]]] = {
    "asyncapi": asyncapi.texts,
}
"""Name -> what makes {relative path: text}."""
MARKERS: Final = {"asyncapi": SCHEMA_MARKER}
"""Name -> what begins whatever only it writes: files that it makes no more are deleted."""


class Outdated(KpiError):
    """Generated files are not those that the catalog gives."""


def generate(name: str, plan: Plan, directory: Path) -> list[str]:
    """Write the files below a directory; returns the paths that were changed or deleted."""
    made = GENERATORS[name](plan)
    changed = differing(name, made, directory)
    for path in changed:
        file = directory / path
        if path in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made[path], encoding="utf-8")
        else:
            file.unlink()
    return changed


def check(name: str, plan: Plan, directory: Path) -> None:
    """Outdated, naming them, when files are missing, others than they would be, or too many."""
    if changed := differing(name, GENERATORS[name](plan), directory):
        raise Outdated(f"not as the catalog has it: {', '.join(changed)}; run `kpi generate {name}`")


def differing(name: str, made: Mapping[str, str], directory: Path) -> list[str]:
    """The paths below a directory that are not as they were made, and those that are made no more."""
    other = [path for path, text in made.items() if _text(directory / path) != text]
    return sorted([*other, *_left_over(name, made, directory)])


def _left_over(name: str, made: Mapping[str, str], directory: Path) -> list[str]:
    folders = {(directory / path).parent for path in made}
    there = [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()]
    found = {path.relative_to(directory).as_posix(): path for path in there}
    marker = MARKERS.get(name)
    return [path for path, file in found.items() if path not in made and marker and _begins(file, marker)]


def _begins(file: Path, marker: str) -> bool:
    return file.read_bytes().startswith(marker.encode())


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
