"""`python -m benchmarks.sampled FILE`: `kpi worker`, sampled; where its CPU time went goes into the file."""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Final

from benchmarks.sampler import COLLECTOR, Place, Sampler, Samples
from streams.engine.plan import read_plan
from streams.settings import Settings
from streams.worker.app import Worker

PLACES: Final[dict[Place, str]] = {
    COLLECTOR: "garbage collector",
    ("engine/engine", "decode"): "decode",
    ("engine/work", "missing"): "keys",
    ("state/store", "load_rows"): "load rows",
    ("engine/engine", "decode_row"): "decode rows",
    ("worker/table", "_rows"): "load rows",
    ("engine/work", "merge"): "merge",
    ("engine/work", "effect"): "effect",
    ("worker/pending", ""): "sum panes",
    ("engine/engine", "encode_row"): "encode rows",
    ("worker/table", "_encoded"): "encode rows",
    ("state/store", "load_panes"): "load panes",
    ("state/changes", ""): "pack",
    ("state/store", "commit"): "commit",
    ("worker/table", "_commit"): "commit",
    ("worker/table", "_apply"): "other work of the table",
    ("worker/sweeper", ""): "sweep",
    ("aiokafka/", ""): "fetch",
}
"""The innermost of these frames decides. What is in none of them is the event loop's, sockets included."""


def main(path: Path) -> None:
    """Run a worker until SIGTERM, then write the samples."""
    settings = Settings.read()
    worker = Worker(settings, read_plan(*settings.catalog_text()))
    sampler = Sampler(PLACES)
    try:
        with sampler:
            worker.run()
    finally:
        write_samples(sampler.samples, path)


def write_samples(samples: Samples, path: Path) -> None:
    """As JSON."""
    path.write_text(json.dumps({one.name: getattr(samples, one.name) for one in fields(samples)}))


def read_samples(path: Path) -> Samples:
    """What `write_samples` has written."""
    return Samples(**json.loads(path.read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
