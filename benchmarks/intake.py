"""The webhooks: single CloudEvents, each acknowledged by Kafka before it is answered.

At a steady rate it is measured how long an answer takes; then, each connection sending as soon as it has its
answer, how many requests a second one server takes. The load comes from a process of its own, which shares
the cores with the server and Kafka.
"""

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr

from benchmarks.requests import TOKEN
from benchmarks.site import Site, answers, cpu_s, machine_cpu_s, resident_bytes
from streams.embedded.processes import Child, free_port
from streams.settings import Settings

CONNECTIONS: Final = 64
LEAD_IN_S: Final = 3
"""Not counted, at the beginning: code and connections are warm then."""
UNLIMITED: Final = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Requests:
    """What was measured of one kind of load."""

    seconds: float
    statuses: Mapping[str, int]
    latencies_s: list[float]
    """Sorted."""
    server_cpu_s: float
    others_share: float
    """Cores that others than the server took: the load, Kafka, and what is not ours."""
    memory_bytes: int

    @property
    def number(self) -> int:
        return sum(self.statuses.values())

    @property
    def per_s(self) -> float:
        return self.number / self.seconds

    @property
    def cpu_us(self) -> float:
        """The server's CPU, microseconds a request."""
        return 1e6 * self.server_cpu_s / self.number

    def quantile_ms(self, q: float) -> float:
        """The exact one: of 100 latencies, the 99th is the 0.99 quantile."""
        return 1000 * self.latencies_s[max(0, math.ceil(q * len(self.latencies_s)) - 1)]


def measure(site: Site, seconds: int, per_s: int) -> dict[str, Requests]:
    """At so many requests a second, and with as many as one server takes."""
    settings = site.settings("intake").model_copy(
        update={
            "intake_port": free_port(),
            "intake_tokens": SecretStr(TOKEN),
            "intake_rate": UNLIMITED,
            "log_level": "INFO",
        }
    )
    site.make_topic(settings.topic)
    with _serving(site, settings) as server:
        _load(settings, per_s, LEAD_IN_S)
        return {
            f"{per_s:,}/s": _measured(settings, server, per_s, seconds),
            "as many as it takes": _measured(settings, server, 0, seconds),
        }


@contextmanager
def _serving(site: Site, settings: Settings) -> Iterator[Child]:
    with site.process("intake", settings, [sys.executable, "-m", "streams.cli", "intake"]) as server:
        server.wait_until(lambda: answers(f"http://127.0.0.1:{settings.intake_port}/readyz"), 30)
        yield server


def _measured(settings: Settings, server: Child, per_s: int, seconds: int) -> Requests:
    cpu, machine = cpu_s(server.pid), machine_cpu_s()
    told = _load(settings, per_s, seconds)
    cpu, machine = cpu_s(server.pid) - cpu, machine_cpu_s() - machine
    return Requests(
        seconds,
        told["statuses"],
        told["latencies_s"],
        cpu,
        (machine - cpu) / seconds,
        resident_bytes(server.pid),
    )


def _load(settings: Settings, per_s: int, seconds: int) -> dict[str, Any]:
    arguments = [settings.intake_port, per_s, seconds, CONNECTIONS]
    command = [sys.executable, "-m", "benchmarks.requests", *map(str, arguments)]
    ran = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found
