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
    assert result["events"]["dead_letters"] == 0
    return Readings(result["readings"])


class Readings:
    """What a replay printed. A slice is `(dimension, member)`; the whole by default."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._by_place = {self._place(one): one for one in readings}

    def __iter__(self) -> Any:
        return iter(self._by_place.values())

    @staticmethod
    def _place(one: Reading) -> tuple[Any, ...]:
        labels = tuple(sorted(one["labels"].items()))
        return one["gauge"], one["window"], one["dimension"], one["member"], labels

    def reading(
        self, gauge: str, window: str, slice_: tuple[str, str] = ("all", "all"), **labels: str
    ) -> Reading:
        """Labels that stand for the reporting currency may be left out."""
        for currency in ({}, {"currency": "USD"}):
            place = (gauge, window, *slice_, tuple(sorted({**labels, **currency}.items())))
            if place in self._by_place:
                return self._by_place[place]
        raise KeyError((gauge, window, slice_, labels))

    def value(self, gauge: str, window: str, slice_: tuple[str, str] = ("all", "all"), **labels: str) -> Any:
        return self.reading(gauge, window, slice_, **labels)["value"]

    def fraction(
        self, gauge: str, window: str, slice_: tuple[str, str] = ("all", "all"), **labels: str
    ) -> tuple[int | None, int | None]:
        """Numerator and denominator."""
        one = self.reading(gauge, window, slice_, **labels)
        return one["numerator"], one["denominator"]

    def members(self, gauge: str, window: str, dimension: str, **labels: str) -> dict[str, Reading]:
        """Member -> reading, of one series."""
        return {
            one["member"]: one
            for one in self._by_place.values()
            if (one["gauge"], one["window"], one["dimension"]) == (gauge, window, dimension)
            and labels.items() <= one["labels"].items()
        }
