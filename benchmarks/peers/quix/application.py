"""The job in Quix Streams: a stateful update per message, RocksDB with changelog topics.

Started by benchmarks/peers/run.py: application.py BOOTSTRAP TOPIC EVENTS DIRECTORY GUARANTEE
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quixstreams import Application, State
from quixstreams.models import Deserializer
from quixstreams.state.rocksdb import RocksDBStorePartition
from quixstreams.utils.json import loads

from benchmarks.peers import job
from benchmarks.peers.marks import Marks, total

HOURS = "hour:"


class OneKey(Deserializer):  # type: ignore[misc]  # not installed where types are checked
    """One key for all records of a partition.

    State belongs to a record's key. The hours are sums over all customers, so each partition keeps its own,
    under this key; to group by hour would write each event to a second topic, and read it from there.
    """

    def __call__(self, *_: Any, **__: Any) -> bytes:
        return b"-"


def main(bootstrap: str, topic: str, events: str, directory: str, guarantee: str) -> None:
    """Process so many events, commit, and read the sums from RocksDB."""
    marks = Marks(Path(directory), int(events))
    state_dir, group = Path(directory) / "state", f"peer-{Path(directory).name}"
    app = Application(
        bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=state_dir,
        processing_guarantee=guarantee,
        loglevel="WARNING",
    )
    source = app.topic(topic, key_deserializer=OneKey(), value_deserializer="bytes")

    def count(value: bytes, state: State) -> None:
        marks.began()
        event = job.decode(value)
        subject = event.data.subject()
        times, additions = job.apply(state.get(subject), event)
        state.set(subject, times)
        for hour_ms, numbers in additions:
            key = f"{HOURS}{hour_ms}"
            state.set(key, job.add(state.get(key) or {}, event, numbers))
        marks.processed()

    app.dataframe(source).update(count, stateful=True)
    app.run(count=int(events))
    marks.write(total(stored(state_dir / group)))


def stored(state: Path) -> Iterator[tuple[str, job.HourSums]]:
    """The hours of all partitions."""
    for path in state.glob("*/*/*"):
        partition = RocksDBStorePartition(str(path))
        for key, value in partition.iter_items(lower_bound=b""):
            name = key.partition(b"|")[2].strip(b'"').decode()
            if name.startswith(HOURS):
                yield name.removeprefix(HOURS), loads(value)
        partition.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
