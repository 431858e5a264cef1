"""Prometheus' configurations: that of the compose file, and that beside plain processes."""

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from streams.settings import Settings
from tests.compose.files import ROOT, mounts, services, yaml_of
from tests.servers import unavailable

FOLDER: Final = ROOT / "grafana/prometheus"
SHIPPED, LOCAL = FOLDER / "prometheus.yml", FOLDER / "prometheus.local.yml"
PORTS = {
    "board": Settings().board_port,
    "worker": Settings().worker_port,
    "intake": Settings().intake_port,
    "prometheus": 9090,
    "alertmanager": 9093,
}
TOKEN = "/tmp/board-token"


def jobs(file: Path) -> dict[str, Any]:
    return {job.pop("job_name"): job for job in yaml_of(file)["scrape_configs"]}


def places(config: Any) -> list[str]:
    """host:port of all static targets and of all names that are looked up."""
    found = [target for one in config.get("static_configs", ()) for target in one["targets"]]
    return found + [
        f"{name}:{one['port']}" for one in config.get("dns_sd_configs", ()) for name in one["names"]
    ]


def test_it_scrapes_services_that_there_are_on_the_ports_that_they_have() -> None:
    targets = {name: places(job) for name, job in jobs(SHIPPED).items()}
    assert targets == {
        "crm-board": [f"board:{PORTS['board']}"],
        "crm-worker": [f"worker:{PORTS['worker']}"],
        "crm-intake": [f"intake:{PORTS['intake']}"],
        "prometheus": [f"localhost:{PORTS['prometheus']}"],
        "alertmanager": [f"alertmanager:{PORTS['alertmanager']}"],
    }
    assert {"board", "worker", "intake", "alertmanager"} <= services().keys()


def test_all_workers_are_scraped_however_many_there_are() -> None:
    (lookup,) = jobs(SHIPPED)["crm-worker"]["dns_sd_configs"]
    assert lookup["type"] == "A"  # one address for each container of the service


def test_alerts_go_to_the_alertmanager() -> None:
    (to,) = yaml_of(SHIPPED)["alerting"]["alertmanagers"]
    assert places(to) == [f"alertmanager:{PORTS['alertmanager']}"]


def test_beside_plain_processes_only_the_places_differ() -> None:
    for file in (SHIPPED, LOCAL):
        assert {place.partition(":")[2] for job in jobs(file).values() for place in places(job)} == {
            str(port) for port in PORTS.values()
        }
    assert {place.partition(":")[0] for job in jobs(LOCAL).values() for place in places(job)} == {"localhost"}
    assert _without_places(yaml_of(SHIPPED)) == _without_places(yaml_of(LOCAL))


def _without_places(node: Any) -> Any:
    where = ("static_configs", "dns_sd_configs", "authorization")
    if isinstance(node, dict):
        return {name: _without_places(value) for name, value in node.items() if name not in where}
    return [_without_places(one) for one in node] if isinstance(node, list) else node


def test_the_token_is_read_where_the_container_writes_it() -> None:
    assert jobs(SHIPPED)["crm-board"]["authorization"]["credentials_file"] == TOKEN
    prometheus = services()["prometheus"]
    assert f'"${{BOARD_TOKEN:-none}}" >{TOKEN}' in prometheus["command"][0]
    assert any(one.startswith("/tmp:") for one in prometheus["tmpfs"])


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_the_configuration_and_the_data_lie_in_what_is_mounted(name: str) -> None:
    service = services()[name]
    options = dict(
        option.split("=", 1)
        for option in shlex.split(" ".join(service["command"]))
        if option.startswith("--")
    )
    by_target = {mount.target: mount for mount in mounts(service)}
    folder, _, file = options["--config.file"].rpartition("/")
    assert (ROOT / by_target[folder].source / file).is_file()
    (data,) = (
        value for option, value in options.items() if option.startswith("--storage.") and "path" in option
    )
    assert by_target[data].writable


@pytest.mark.parametrize("file", [SHIPPED, LOCAL])
def test_prometheus_takes_the_configuration_with_its_rules(file: Path, tmp_path: Path) -> None:
    promtool = shutil.which("promtool") or unavailable("no promtool on the PATH")
    folder = tmp_path / "prometheus"
    shutil.copytree(FOLDER, folder)
    token = tmp_path / "board-token"
    token.write_text("t0ken")
    config = folder / file.name
    config.write_text(config.read_text().replace(TOKEN, str(token)))
    done = subprocess.run([promtool, "check", "config", config], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(list((folder / 'rules').glob('*.yaml')))} rule files found" in done.stdout
