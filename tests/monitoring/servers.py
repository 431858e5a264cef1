"""A real Prometheus and a real Alertmanager as child processes, and what they say."""

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from ruamel.yaml import YAML

from tests.servers import Server, unavailable

Labels = dict[str, str]
"""The labels of a series."""
ASKED_S: Final = 20.0


def installed(*names: str) -> str:
    """The first of these programs that is on the PATH; skips where there is none."""
    found = next((path for path in map(shutil.which, names) if path), None)
    return found or unavailable(f"no {names[0]} on the PATH")


class Monitor(Server):
    """A server with an HTTP API and a configuration that stands in `<directory>/<name>.yml`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._config = directory / f"{self.name}.yml"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def configure(self, config: Any) -> None:
        """Before it is started."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._config.open("w") as file:
            YAML(typ="safe").dump(config, file)

    def ask(self, path: str, **parameters: str | Sequence[str]) -> Any:
        """What the API answers; an AssertionError with its words when it refuses."""
        url = f"http://{self.address}{path}?{urlencode(parameters, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=ASKED_S) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{url}: {error.read().decode(errors='replace')}") from None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=1) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False


class PrometheusServer(Monitor):
    """A Prometheus with a configuration of its own and an empty database."""

    name = "prometheus"
    patience_s = 30.0

    def query(self, expr: str) -> list[tuple[Labels, float]]:
        """The series of an instant query, or its one number without labels."""
        data = self.ask("/api/v1/query", query=expr)["data"]
        if data["resultType"] in ("scalar", "string"):
            return [({}, float(data["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]

    def alerts(self, state: str = "firing") -> list[Labels]:
        """The labels of all alerts in a state."""
        alerts = self.ask("/api/v1/alerts")["data"]["alerts"]
        return [alert["labels"] for alert in alerts if alert["state"] == state]

    def groups(self) -> list[dict[str, Any]]:
        """The groups of rules, each with its rules and when it was evaluated last."""
        found: list[dict[str, Any]] = self.ask("/api/v1/rules")["data"]["groups"]
        return found

    def targets(self) -> Mapping[str, str]:
        """Job -> health, of those that are scraped; the worst where it has several."""
        found: dict[str, str] = {}
        for target in self.ask("/api/v1/targets")["data"]["activeTargets"]:
            if found.get(target["labels"]["job"]) in (None, "up"):
                found[target["labels"]["job"]] = target["health"]
        return found

    def _command(self) -> list[str]:
        return [
            installed("prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address={self.address}",
            "--log.level=warn",
        ]


class AlertmanagerServer(Monitor):
    """An Alertmanager of its own, of no cluster."""

    name = "alertmanager"
    patience_s = 30.0

    def alerts(self) -> list[tuple[Labels, dict[str, Any]]]:
        """Labels and status (`state`, `inhibitedBy`) of what fires."""
        return [(alert["labels"], alert["status"]) for alert in self.ask("/api/v2/alerts")]

    def _command(self) -> list[str]:
        return [
            installed("prometheus-alertmanager", "alertmanager"),
            f"--config.file={self._config}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address={self.address}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]
