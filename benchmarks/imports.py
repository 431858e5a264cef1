"""How fast `kpi import` is: rows of a CSV to NDJSON, and events into Kafka.

1. A CSV of deals is written: quoted cells, local times, amounts with decimals; a row is one event or two.
2. The real command imports it, into a file and into a topic with four partitions, each time all of it.
3. Seconds are the command's own for the file (from opening it to the last acknowledgement), CPU and memory
   those of its whole process. All events must have arrived.
"""

import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from benchmarks.company import PARTITIONS
from benchmarks.site import Site

MAPPING: Final = """\
version: 1
source: /bench/deals
time_zone: Europe/Berlin
currency: USD
events:
  - type: crm.deal.created
    id: "{id}/created"
    time: {column: created, format: "%m/%d/%Y %H:%M"}
    data:
      deal_id: "crm:{id}"
      customer_id: "account:{account}"
      owner_id: owner
      product_id: {column: product, values: {GTXPro: GTX Pro}}
      amount_minor: {column: value, digits: 2}
      channel: channel
  - type: crm.deal.won
    id: "{id}/won"
    when: stage == 'Won'
    time: {column: closed, format: "%m/%d/%Y %H:%M"}
    data: {deal_id: "crm:{id}", customer_id: "account:{account}", amount_minor: {column: value, digits: 2}}
  - type: crm.deal.lost
    id: "{id}/lost"
    when: stage == 'Lost'
    time: {column: closed, format: "%m/%d/%Y %H:%M"}
    data: {deal_id: "crm:{id}", customer_id: "account:{account}"}
"""
HEADER: Final = "id,account,owner,stage,product,created,closed,value,channel\n"
DAYS: Final = 500
_SECONDS: Final = re.compile(r", ([\d,]+) events, 0 skipped, ([\d.]+) s")
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One import, from the command's start to its end."""

    rows: int
    events: int
    seconds: float
    """Of the file, by the command itself."""
    seconds_from_start: float
    cpu_s: float
    peak_bytes: int

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds


def measure(site: Site, rows: int) -> dict[str, Run]:
    """Where the events go -> the import; ValueError when not all of them arrived."""
    directory = site.directory / "import"
    directory.mkdir()
    write(directory, rows)
    settings = site.settings("import")
    site.make_topic(settings.topic)
    runs = {
        "NDJSON": _run(directory, rows, {}, "--out", "events.ndjson"),
        "Kafka": _run(directory, rows, settings.environment()),
    }
    lines = (directory / "events.ndjson").read_bytes().count(b"\n")
    _check("NDJSON", runs["NDJSON"], lines)
    _check("Kafka", runs["Kafka"], _records(site, settings.topic))
    return runs


def write(directory: Path, rows: int) -> None:
    """deals.csv and mapping.yaml."""
    chance, newest = random.Random(1), datetime.now(UTC) - timedelta(days=100)
    (directory / "mapping.yaml").write_text(MAPPING)
    with (directory / "deals.csv").open("w") as file:
        file.write(HEADER)
        for number in range(rows):
            created = newest - timedelta(seconds=chance.randrange(DAYS * 86_400))
            closed = created + timedelta(days=chance.randrange(1, 90))
            stage = chance.choice(("Won", "Lost", "Open"))
            file.write(
                f'D{number:07d},"Acme, {chance.randrange(rows // 5)}",agent {number % 50},{stage},GTXPro,'
                f"{created:%m/%d/%Y %H:%M},{closed:%m/%d/%Y %H:%M},{chance.randrange(99_999)}."
                f"{number % 100:02d},web\n"
            )


def _run(directory: Path, rows: int, environment: dict[str, str], *options: str) -> Run:
    command = [
        sys.executable,
        "-m",
        "streams.cli",
        "import",
        "deals.csv",
        "--mapping",
        "mapping.yaml",
        *options,
    ]
    root = str(Path(__file__).parent.parent)
    started_s = time.monotonic()
    with (directory / "said").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=directory, env={**os.environ, **environment, "PYTHONPATH": root}, stderr=said
        )
        _, status, used = os.wait4(process.pid, 0)
    took_s = time.monotonic() - started_s
    process.returncode = os.waitstatus_to_exitcode(status)
    return _figures(directory, rows, took_s, used)


def _figures(directory: Path, rows: int, took_s: float, used: resource.struct_rusage) -> Run:
    said = (directory / "said").read_text()
    found = _SECONDS.search(said)
    if found is None:
        raise ValueError(f"the import did not end well: {said}")
    events, seconds = int(found[1].replace(",", "")), float(found[2])
    return Run(rows, events, seconds, took_s, used.ru_utime + used.ru_stime, used.ru_maxrss * _KIB)


def _records(site: Site, topic: str) -> int:
    """How many records a topic has."""
    consumer = Consumer({"bootstrap.servers": site.kafka.address, "group.id": "nobody"})
    try:
        ends: Sequence[tuple[int, int]] = [
            consumer.get_watermark_offsets(TopicPartition(topic, number)) for number in range(PARTITIONS)
        ]
        return sum(end - begin for begin, end in ends)
    finally:
        consumer.close()


def _check(where: str, run: Run, arrived: int) -> None:
    if arrived != run.events:
        raise ValueError(f"{where}: {run.events} events were imported, but {arrived} arrived")
