"""Importing small files: a mapping as data, a file as text, and what comes out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streams.engine.decode import Event
from streams.imports.job import Job
from streams.imports.journal import Journal
from streams.imports.mapping import read_mapping
from streams.imports.rejects import RejectsFile
from streams.imports.run import Import, Imported
from tests.builders import ms, shipped

NOW_MS = ms("2030-01-01")


@dataclass(slots=True)
class Kept:
    """A sink that keeps what it is given."""

    lines: list[bytes] = field(default_factory=list)
    fails_after: int | None = None
    """How many events it takes before it fails."""
    fails_to_settle: bool = False

    def write(self, events: Sequence[Event]) -> None:
        self.lines += [event.record.value for event in events]
        if self.fails_after is not None and len(self.lines) > self.fails_after:
            raise ConnectionError("no room")

    def settle(self) -> None:
        if self.fails_to_settle:
            raise ConnectionError("no acknowledgement")


class Nobody:
    """Watches nothing."""

    def begin(self, path: Path, rows: int | None, done: int = 0) -> None: ...

    def advance(self, rows: int, events: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Result:
    """Of one file."""

    imported: Imported
    sink: Kept

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.sink.lines]

    @property
    def data(self) -> list[dict[str, Any]]:
        return [event["data"] for event in self.events]

    @property
    def faults(self) -> dict[tuple[str, str | None], int]:
        """(reason, field) -> events that were skipped."""
        return {(fault.reason, fault.field): fault.count for fault in self.imported.counts.faults}

    @property
    def messages(self) -> list[str]:
        return [message for fault in self.imported.counts.faults for _, message in fault.examples]


def mapping(*events: dict[str, Any], **more: Any) -> str:
    """A mapping with these events; JSON is YAML."""
    return json.dumps({"version": 1, "source": "/test", "events": events, **more})


def event(type_: str = "crm.deal.created", **more: Any) -> dict[str, Any]:
    """An event of a row with `id`, `customer` and `day`; `data` on top of its own."""
    data = {"deal_id": "id", "customer_id": "customer", **more.pop("data", {})}
    return {"type": type_, "time": "day", "data": data, **more}


def job(text: str, directory: Path, **more: Any) -> Job:
    return Job(read_mapping(text, "my.yaml", shipped()), directory, shipped(), NOW_MS, **more)


def imported(
    directory: Path,
    content: str | bytes,
    text: str,
    *,
    name: str = "input.csv",
    journal: bool = False,
    sink: Kept | None = None,
    go_on: Callable[[], bool] = lambda: True,
    rejects: RejectsFile | None = None,
    **more: Any,
) -> Result:
    """A file of this content, imported by the mapping `text`."""
    path = directory / name
    raw = content if isinstance(content, bytes) else content.encode()
    if not path.exists() or path.read_bytes() != raw:
        path.write_bytes(raw)
    kept = sink or Kept()
    how = Import(job(text, directory, **more), kept, Nobody(), go_on, rejects)
    return Result(how.file(path, Journal(directory / "journal", path, [text]) if journal else None), kept)
