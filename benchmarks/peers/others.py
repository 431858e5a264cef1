"""Another system as a contestant: a program in an environment of its own; files mark its progress."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.peers import marks
from benchmarks.peers.environments import ROOT
from benchmarks.peers.job import NUMBERS
from benchmarks.peers.marks import Sums
from benchmarks.peers.measure import Figures, Site, measure


@dataclass(frozen=True, slots=True)
class Peer:
    """Its program is told BOOTSTRAP TOPIC EVENTS DIRECTORY and `arguments`."""

    slug: str
    name: str
    guarantee: str
    version: str
    make: Callable[[], list[str]]
    """Makes its environment, if it is not there, and gives the command; MissingPart when that cannot be."""
    arguments: Sequence[str] = ()
    numbers: Collection[int] = range(len(NUMBERS))

    def prepare(self) -> None:
        self.make()

    def run(self, site: Site) -> tuple[Figures, Sums]:
        """Process the whole topic; StartError when it dies or stalls."""
        directory = site.directory / self.slug
        directory.mkdir()
        told = (site.kafka.address, site.topic, str(site.events), str(directory))
        command = [*self.make(), *told, *self.arguments]
        environment = {"PYTHONPATH": str(ROOT)}
        return measure(self.slug, command, environment, site, _Marked(directory), [site.kafka.pid])


class _Marked:
    def __init__(self, directory: Path) -> None:
        self._directory: Final = directory

    def started(self) -> bool:
        return (self._directory / marks.FIRST).exists()

    def finished(self) -> bool:
        return (self._directory / marks.LAST).exists()

    def ready(self) -> bool:
        return (self._directory / marks.SUMS).exists()

    def sums(self) -> Sums:
        found: Sums = json.loads((self._directory / marks.SUMS).read_bytes())
        return found
