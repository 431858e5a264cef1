"""The job as a plain Faust agent: one message at a time, two tables with changelogs.

Started by benchmarks/peers/run.py: agent.py BOOTSTRAP TOPIC EVENTS DIRECTORY
"""

import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import faust

from benchmarks.peers import job
from benchmarks.peers.marks import Marks, total

PARTITIONS = 4


def make_app(bootstrap: str, topic: str, marks: Marks, directory: Path) -> faust.App:
    """The application. Its tables lie in memory, the fastest of Faust's stores."""
    app = faust.App(
        f"peer-{directory.name}",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=str(directory),
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        broker_commit_interval=1.0,
        broker_max_poll_records=5_000,
        stream_buffer_maxsize=16_384,
        producer_max_batch_size=1_048_576,
        producer_linger=0.02,
        producer_compression_type="lz4",
        web_enabled=False,
    )
    events = app.topic(topic, key_serializer="raw", value_serializer="raw", value_type=bytes)
    subjects: Any = app.Table("subjects", partitions=PARTITIONS)
    hours: Any = app.Table("hours", partitions=PARTITIONS)

    @app.agent(events)
    async def count(stream: Any) -> AsyncIterator[None]:
        async for record in stream.events():
            marks.began()
            event = job.decode(record.value)
            subject = event.data.subject()
            subjects[subject], additions = job.apply(subjects.get(subject), event)
            for hour_ms, numbers in additions:
                # With the partition in the key one worker owns it, however many there are.
                key = f"{record.message.partition}|{hour_ms}"
                hours[key] = job.add(hours.get(key) or {}, event, numbers)
            if marks.processed():
                marks.write(total((key.partition("|")[2], sums) for key, sums in hours.items()))
            yield

    return app


def main(bootstrap: str, topic: str, events: str, directory: str) -> None:
    """Run until stopped."""
    logging.disable(logging.INFO)  # aiokafka makes several debug records per event, which nobody would read
    app = make_app(bootstrap, topic, Marks(Path(directory), int(events)), Path(directory))
    faust.Worker(app, loglevel="warning", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
