"""What a peer tells the run, by files in a directory of its own: first event, last event, and its sums."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.peers import job

FIRST = "first"
LAST = "last"
SUMS = "sums.json"

Sums = dict[str, list[int]]
"""`hour_ms|dimension|member` -> one number for each of `job.NUMBERS`."""


class Marks:
    """Counts the events that are processed, and marks the first and the last of `total`."""

    def __init__(self, directory: Path, total: int) -> None:
        self._directory = directory
        self._left = self._total = total

    def began(self) -> None:
        """Say that the first event is about to be processed. To be called before each; marks once."""
        if self._left == self._total:
            (self._directory / FIRST).touch()

    def processed(self) -> bool:
        """Count an event; whether it was the last, which is marked."""
        self._left -= 1
        if self._left == 0:
            (self._directory / LAST).touch()
        return self._left == 0

    def write(self, sums: Mapping[str, Sequence[int]]) -> None:
        """Hand over the sums; they are there whole or not at all."""
        fresh = self._directory / f"{SUMS}.fresh"
        fresh.write_text(json.dumps(sums))
        fresh.rename(self._directory / SUMS)


def total(partitions: Iterable[tuple[str, job.HourSums]]) -> Sums:
    """The sums over all partitions, from the (hour_ms, sums) of each."""
    sums: Sums = {}
    for hour_ms, slices in partitions:
        for slice_, numbers in slices.items():
            before = sums.get(key := f"{hour_ms}|{slice_}", [0] * len(numbers))
            sums[key] = [a + b for a, b in zip(before, numbers, strict=True)]
    return sums
