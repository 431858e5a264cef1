"""`kpi generate`: the files that follow from the catalog, writing them, and finding where they differ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from streams.engine.plan import Plan
from streams.generate import alertmanager, asyncapi, cases, dashboards, reference, rules, runbooks
from streams.generate.json_schemas import DIRECTORY

MARK: Final = "DO NOT EDIT"
"""Stands near the beginning of every generated file; another file is never deleted."""
_BEGINNING: Final = 300


class Generator(NamedTuple):
    """`texts` gives path -> text; no other files have a place under the patterns of `owns`."""

    texts: Callable[[Plan], Mapping[str, str]]
    owns: Sequence[str]


GENERATORS: Final[Mapping[str, Generator]] = {
    "asyncapi": Generator(asyncapi.texts, (asyncapi.PATH, f"{DIRECTORY}/*.json")),
    "dashboards": Generator(dashboards.texts, ("grafana/dashboards/*.json", "grafana/provisioning/*/*.yaml")),
    "reference": Generator(lambda plan: reference.texts(plan.catalog), (f"{reference.DIRECTORY}/*.md",)),
    "alertmanager": Generator(alertmanager.texts, ("grafana/alertmanager/*.yml",)),
    "rules": Generator(
        lambda plan: rules.texts(plan) | cases.texts(plan),
        (f"{rules.DIRECTORY}/*.yaml", f"{cases.DIRECTORY}/*.yaml"),
    ),
    "runbooks": Generator(runbooks.texts, (f"{runbooks.DIRECTORY}/*.md",)),
}


class Files:
    """The files that one generator makes of a plan, below a directory."""

    def __init__(self, name: str, plan: Plan, root: Path) -> None:
        generator = GENERATORS[name]
        self._texts = generator.texts(plan)
        self._owns = generator.owns
        self._root = root

    def write(self) -> int:
        """Write them all, and delete those of an earlier time; how many there are now."""
        for path, text in self._texts.items():
            file = self._root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for path in self._leftovers():
            (self._root / path).unlink()
        return len(self._texts)

    def differences(self) -> list[str]:
        """What is not as it should be, a line per file."""
        found = [
            f"{path}: {'differs' if (self._root / path).exists() else 'is missing'}"
            for path, text in self._texts.items()
            if not self._holds(path, text)
        ]
        return [*found, *(f"{path}: is no longer made" for path in self._leftovers())]

    def _holds(self, path: str, text: str) -> bool:
        file = self._root / path
        return file.is_file() and file.read_bytes() == text.encode()

    def _leftovers(self) -> Iterator[str]:
        for pattern in self._owns:
            for file in sorted(self._root.glob(pattern)):
                path = file.relative_to(self._root).as_posix()
                if path not in self._texts and MARK in file.read_text(errors="replace")[:_BEGINNING]:
                    yield path
