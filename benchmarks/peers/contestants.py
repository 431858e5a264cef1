"""Who takes part."""

import re
from functools import partial
from typing import Final

from benchmarks.peers import environments
from benchmarks.peers.environments import PEERS
from benchmarks.peers.others import Peer
from benchmarks.peers.ours import OF_THE_JOB, OF_THE_SHIPPED, Ours

Contestant = Ours | Peer

ONCE: Final = "exactly once"
AT_LEAST: Final = "at least once"
JVM: Final = ("-Xms2g", "-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")


def contestants() -> list[Contestant]:
    """All of them, in the table's order. With the first one the others are compared."""
    return [
        Ours("ours", "crm-kpi-streams, the job", PEERS / "catalog.yaml", OF_THE_JOB),
        Ours("ours-all", "crm-kpi-streams, the shipped catalog", None, OF_THE_SHIPPED),
        _kafka_streams("RocksDB", ONCE),
        _kafka_streams("memory", ONCE),
        _kafka_streams("RocksDB", AT_LEAST),
        _kafka_streams("memory", AT_LEAST),
        _quix(ONCE),
        _quix(AT_LEAST),
        _faust(),
    ]


def _kafka_streams(store: str, guarantee: str) -> Peer:
    setting = {ONCE: "exactly_once_v2", AT_LEAST: "at_least_once"}[guarantee]
    return Peer(
        slug=f"kafka-streams-{setting}-{store.lower()}",
        name=f"Kafka Streams, 2 threads, {store}",
        guarantee=guarantee,
        version=_in_pom("kafka-streams"),
        make=partial(environments.java, "kafka_streams", JVM),
        arguments=(setting, store.lower()),
    )


def _quix(guarantee: str) -> Peer:
    setting = guarantee.replace(" ", "-")
    return Peer(
        slug=f"quix-{setting}",
        name="Quix Streams, RocksDB",
        guarantee=guarantee,
        version=_pinned("quix", "quixstreams"),
        make=partial(environments.python, "quix", "application.py"),
        arguments=(setting,),
    )


def _faust() -> Peer:
    return Peer(
        slug="faust",
        name="Faust agent, tables in memory",
        guarantee=AT_LEAST,
        version=_pinned("faust_agent", "faust-streaming"),
        make=partial(environments.python, "faust_agent", "agent.py"),
    )


def _pinned(peer: str, package: str) -> str:
    return _found(rf"^{package}==(\S+)", (PEERS / peer / "requirements.txt").read_text())


def _in_pom(artifact: str) -> str:
    pom = (PEERS / "kafka_streams" / "pom.xml").read_text()
    return _found(rf"<artifactId>{artifact}</artifactId>\s*<version>(\S+)</version>", pom)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found, f"{pattern} stands nowhere"
    return found[1]
