"""How files are imported."""

from dataclasses import dataclass
from pathlib import Path

from schemas.imports import ImportMapping
from streams.engine.plan import Plan
from streams.imports.mapping import CheckedMapping


@dataclass(frozen=True, slots=True)
class Job:
    """All that decides what events a file becomes."""

    checked: CheckedMapping
    directory: Path
    """What the mapping's files are relative to."""
    plan: Plan
    now_ms: int
    """When the records will have been published: no event may be later."""
    since_ms: int | None = None
    """Events from before are left out."""

    @property
    def mapping(self) -> ImportMapping:
        return self.checked.mapping

    def tables(self) -> list[Path]:
        """The files of the mapping, which are read beside the one that is imported."""
        return [self.directory / other for other in self.mapping.files.values()]
