"""Services of docker-compose.yml as plain processes: their commands, settings and health checks."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.embedded import processes
from streams.embedded.processes import Child, free_port
from tests.compose.files import ROOT, services
from tests.servers import CLUSTER_ID, KafkaServer, RedisServer

TOKEN = "a-token-of-tests"
SERVICES = services(KPI_BOARD_TOKEN=TOKEN)


def replaced(node: Any, places: dict[str, str]) -> Any:
    """With the places of here instead of those in the containers."""
    if isinstance(node, dict):
        return {name: replaced(value, places) for name, value in node.items()}
    if isinstance(node, list):
        return [replaced(value, places) for value in node]
    text = str(node)
    for there, here in places.items():
        text = text.replace(there, here)
    return text


class ComposeKafka(KafkaServer):
    """Configured from the service's environment, by the program that does it in the image."""

    def __init__(self, directory: Path, libs: Path) -> None:
        super().__init__(directory, libs)
        self.outside, self._controller = free_port(), free_port()

    def _format(self) -> None:
        folders = {name: self.directory / name for name in ("default", "mounted")}
        for folder in folders.values():
            folder.mkdir(parents=True)
        options = [
            word for name, folder in folders.items() for word in (f"--{name}-configs-dir", str(folder))
        ]
        setup = [
            "kafka.docker.KafkaDockerWrapper",
            "setup",
            *options,
            "--final-configs-dir",
            str(self.directory),
        ]
        environment = replaced(SERVICES["kafka"]["environment"], self._places())
        environment |= {**os.environ, "CLUSTER_ID": CLUSTER_ID}
        subprocess.run(self._java(*setup), check=True, env=environment, capture_output=True)

    def _places(self) -> dict[str, str]:
        return {
            "OUTSIDE://localhost:9092": f"OUTSIDE://127.0.0.1:{self.outside}",
            "INSIDE://kafka:9092": f"INSIDE://{self.address}",
            "INSIDE://:9092": f"INSIDE://:{self.port}",
            "OUTSIDE://:9093": f"OUTSIDE://:{self.outside}",
            "localhost:9094": f"localhost:{self._controller}",
            "/var/lib/kafka/data": str(self.directory / "data"),
        }


class ComposeRedis(RedisServer):
    """With the service's command."""

    def _command(self) -> list[str]:
        _, *options = SERVICES["redis"]["command"]
        here = ["--dir", str(self.directory), "--bind", "127.0.0.1", "--port", str(self.port)]
        return [str(self.binary), *options, *here]


@dataclass(frozen=True, slots=True)
class ComposeStack:
    """What the services of our image find, and the processes that run them."""

    kafka: ComposeKafka
    redis: ComposeRedis
    directory: Path
    worker_port: int
    board_port: int

    def start(self, name: str) -> Child:
        service = SERVICES[name]
        environment = replaced(service["environment"], self._places())
        ports = {"KPI_WORKER_PORT": str(self.worker_port), "KPI_BOARD_PORT": str(self.board_port)}
        command = [sys.executable, "-m", "streams.cli", *service["command"]]
        return processes.start(name, command, self.directory, {**environment, **ports})

    def start_prometheus(self, binary: str, port: int) -> Child:
        """The service's command, with its configuration; only the board is where it looks."""
        places = {
            "/bin/prometheus": binary,
            "/etc/prometheus": str(self.directory / "configured"),
            "path=/prometheus": f"path={self.directory / 'measured'}",
            "/tmp/board-token": str(self.directory / "board-token"),
            "board:8600": f"127.0.0.1:{self.board_port}",
        }
        service = SERVICES["prometheus"]
        shutil.copytree(ROOT / "grafana/prometheus", self.directory / "configured")
        config = self.directory / "configured/prometheus.yml"
        config.write_text(replaced(config.read_text(), places))
        (command,) = replaced(service["command"], places)
        shell = ["/bin/sh", "-c", f"{command} --web.listen-address=127.0.0.1:{port}"]
        return processes.start("prometheus", shell, self.directory, service["environment"])

    def healthy(self, name: str) -> bool:
        """What the service's health check says."""
        _, _, *arguments = replaced(SERVICES[name]["healthcheck"]["test"], self._places())
        return subprocess.run([sys.executable, *arguments], capture_output=True).returncode == 0

    def _places(self) -> dict[str, str]:
        return {
            "kafka://kafka:9092": f"kafka://{self.kafka.address}",
            "redis://redis:6379/0": self.redis.url,
            "/etc/kpi/catalog.yaml": str(ROOT / "schemas/catalog.yaml"),
            "0.0.0.0": "127.0.0.1",
            "127.0.0.1:6066": f"127.0.0.1:{self.worker_port}",
            "127.0.0.1:8600": f"127.0.0.1:{self.board_port}",
        }
