"""Documents that people write in YAML, read with the line of each path: a fault is shown where it stands.

`read(text)` gives what YAML holds; `problems(...)` says in plain words what a model found wrong with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from schemas.words import PATTERNS, nearest

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `path` is like `kpis.win_rate.formula`; `line` counts from 1, 0 when unknown."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return (
            f"line {self.line}: {self.path}: {self.message}"
            if self.path
            else f"line {self.line}: {self.message}"
        )


class Lines:
    """Where each path of a YAML document stands."""

    def __init__(self, document: Any) -> None:
        self._lines: dict[Path, int] = {(): 1, **dict(_walk(document, ()))}

    def problem(self, path: Path, message: str) -> Problem:
        """`message` at `path`, with the line of the nearest part of the path that stands in the file."""
        return Problem(".".join(map(str, path)), self._lines[self.known(path)], message)

    def known(self, path: Path) -> Path:
        """As much of the path as stands in the file."""
        while path not in self._lines:
            path = path[:-1]
        return path


def _walk(node: Any, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node, dict):
        children: Iterator[tuple[Any, Any]] = iter(node.items())
    elif isinstance(node, list):
        children = iter(enumerate(node))
    else:
        return
    marks = getattr(node, "lc", None)
    for key, child in children:
        if marks is not None and marks.data and key in marks.data:
            yield (*path, key), marks.data[key][0] + 1
        yield from _walk(child, (*path, key))


@dataclass(frozen=True, slots=True)
class Document:
    """What a text holds; `problem` when it is no YAML."""

    content: Any
    lines: Lines
    problem: Problem | None = None


def read(text: str) -> Document:
    """Read YAML text; nothing is raised for a bad one."""
    try:
        content = _yaml().load(text)
        return Document(content, Lines(content))
    except (MarkedYAMLError, ReaderError, RecursionError) as error:
        return Document(None, Lines(None), _not_yaml(text, error))


def problems(lines: Lines, prefix: Path, error: ValidationError) -> Iterator[Problem]:
    """What pydantic found, one problem per path; the branches of a union that do not fit are one problem."""
    messages: dict[Path, list[str]] = {}
    for fault in error.errors():
        path, context = (*prefix, *fault["loc"]), fault.get("ctx", {})
        if fault["type"] == "unknown_fields":
            for field in context["fields"]:
                messages[*lines.known(path), field] = [
                    f"unknown field {field!r}{nearest(str(field), context['known'])}"
                ]
        elif fault["type"] == "missing":
            messages[*lines.known(path[:-1]), path[-1]] = ["is missing"]
        else:
            not_mapping = "Input should be a mapping" if fault["type"] == "model_type" else None
            message = not_mapping or PATTERNS.get(context.get("pattern", ""), fault["msg"])
            messages.setdefault(lines.known(path), []).append(message)
    for path, alternatives in messages.items():
        yield lines.problem(path, "; or: ".join(alternatives))


class _Constructor(RoundTripConstructor):
    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """As the library does it, but what no value can be made of (30 February) is told with its line."""
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:
            text = f"{str(node.value)[:40]!r}: {error}"
            raise ConstructorError(None, None, text, node.start_mark) from None


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    return yaml


def _not_yaml(text: str, error: MarkedYAMLError | ReaderError | RecursionError) -> Problem:
    if isinstance(error, RecursionError):
        return Problem("", 1, "nested too deeply")
    if isinstance(error, ReaderError):
        return Problem(
            "", text.count("\n", 0, error.position) + 1, f"{error.reason} (#x{error.character:02x})"
        )
    mark = error.problem_mark or error.context_mark
    message = " ".join(str(error.problem or error.context).split())
    if isinstance(error, DuplicateKeyError):
        message = f"{message.partition(' with value ')[0]}: rename one of them, or leave it out"
    return Problem("", mark.line + 1 if mark else 1, message)
