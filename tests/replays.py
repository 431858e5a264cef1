"""`kpi replay` of a file as a process of its own, and its readings asked for by words."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

Reading = dict[str, Any]
Slice = tuple[str, str]
"""(dimension, member)."""
WHOLE: Slice = ("all", "all")
NOTHING: Reading = {"value": None, "numerator": 0, "denominator": 0, "samples": 0}


def replayed(file: Path, directory: Path, *options: str) -> dict[str, Any]:
    """What `kpi replay --json` prints of a file, through the embedded broker, Redis and a worker process."""
    command = [sys.executable, "-m", "streams.cli", "replay", str(file), "--json", *options]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def replay(folder: Path, lines: Iterable[bytes], as_of: str, *options: str) -> "Readings":
    """The readings of these events at a time, such as `2024-05-01` or `2024-05-01 10:00`, in UTC.

    Every line must be a good one.
    """
    file = folder / "events.ndjson"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    time = as_of.replace(" ", "T") if " " in as_of else f"{as_of}T00:00"
    result = replayed(file, folder, "--as-of", f"{time}:00Z", *options)
    assert result["events"]["dead_letters"] == 0, f"kpi replay {file} says which"
    return Readings(result["readings"])


class Readings:
    """What a replay printed, asked for by gauge, window, slice and labels."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._by_place = {self._place(one): one for one in readings}

    def __iter__(self) -> Any:
        return iter(self._by_place.values())

    @staticmethod
    def _place(one: Reading) -> tuple[Any, ...]:
        labels = tuple(sorted(one["labels"].items()))
        return one["gauge"], one["window"], one["dimension"], one["member"], labels

    def reading(self, gauge: str, window: str, slice_: Slice = WHOLE, **labels: str) -> Reading:
        """A slice that holds nothing is not shown, and reads as nothing. `currency` may be left out."""
        for currency in ({}, {"currency": "USD"}):
            series = tuple(sorted({**labels, **currency}.items()))
            if (gauge, window, *WHOLE, series) in self._by_place:
                return self._by_place.get((gauge, window, *slice_, series), NOTHING)
        raise KeyError((gauge, window, labels))

    def value(self, gauge: str, window: str, slice_: Slice = WHOLE, **labels: str) -> Any:
        return self.reading(gauge, window, slice_, **labels)["value"]

    def fraction(
        self, gauge: str, window: str, slice_: Slice = WHOLE, **labels: str
    ) -> tuple[int | None, int | None]:
        """Numerator and denominator."""
        one = self.reading(gauge, window, slice_, **labels)
        return one["numerator"], one["denominator"]

    def amount(self, gauge: str, window: str, slice_: Slice = WHOLE, **labels: str) -> Any:
        """What was summed: a number, milliseconds or minor units."""
        return self.reading(gauge, window, slice_, **labels)["numerator"]

    def members(self, gauge: str, window: str, dimension: str, **labels: str) -> dict[str, Reading]:
        """Member -> reading, of one series."""
        return {
            one["member"]: one
            for one in self._by_place.values()
            if (one["gauge"], one["window"], one["dimension"]) == (gauge, window, dimension)
            and labels.items() <= one["labels"].items()
        }
