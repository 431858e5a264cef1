"""The README's examples, run as they stand there. (About 20 s: a worker and a board on embedded servers.)"""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from streams.commands.stack import child, services
from streams.embedded.processes import free_port
from streams.embedded.traffic import Traffic, encode, simulate
from streams.engine.plan import read_plan
from streams.settings import Settings
from tests.builders import event
from tests.pages import DOCS, README, block, merged, printed

DAY_MS = 86_400_000
PROCESSES = ("worker", "board", "intake")
GAUGE = 'crm_leads{dimension="channel",member="web",window="1h"} 1.0'
TOKEN = SecretStr("choose-a-long-token")


def own_catalog(directory: Path, *names: str) -> Path:
    """The shipped catalog with blocks of the README put where they belong."""
    yaml = YAML()  # keeps the order in which things are declared
    catalog = yaml.load(Settings().catalog_text()[0])
    for name in names:
        merged(catalog, yaml.load(block(README, name)))
    file = directory / "my-catalog.yaml"
    with file.open("w") as target:
        yaml.dump(catalog, target)
    return file


# -- Publishing -------------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Settings]:
    """A worker, a board and the webhooks on an embedded broker and Redis."""
    with ExitStack() as stack:
        found = stack.enter_context(services(Settings(intake_tokens=TOKEN), tmp_path))
        ports = {f"{name}_port": free_port() for name in PROCESSES}
        settings = found.model_copy(update=ports)
        for name in PROCESSES:
            stack.enter_context(child(name, settings, tmp_path))
        yield settings


def test_the_first_event_shows_in_the_gauge_and_the_same_event_changes_nothing(
    running: Settings, tmp_path: Path
) -> None:
    assert GAUGE.split(" ")[0] in README.read_text()  # the line that the README looks for
    script = tmp_path / "publish.py"
    script.write_text(block(README, "publish").replace("localhost:9092", running.bootstrap_servers()))
    publish = [sys.executable, str(script)]
    metrics = f"http://127.0.0.1:{running.board_port}/metrics"
    subprocess.run(publish, cwd=tmp_path, check=True, capture_output=True)
    wait_until(lambda: GAUGE in get(metrics))
    subprocess.run(publish, cwd=tmp_path, check=True, capture_output=True)
    wait_until(lambda: committed(running) == 2)
    assert GAUGE in get(metrics)


def test_an_event_by_curl_shows_in_the_gauge(running: Settings) -> None:
    assert TOKEN.get_secret_value() in block(README, "curl")
    wait_until(lambda: bool(get(f"http://127.0.0.1:{running.intake_port}/readyz")))
    assert json.loads(asked(running, block(README, "curl"))) == {"events": 1}
    metrics = f"http://127.0.0.1:{running.board_port}/metrics"
    wait_until(lambda: GAUGE in get(metrics))
    assert asked(running, block(DOCS / "publishing.md", "arrived")).count("crm_events_total") == 1


def asked(settings: Settings, code: str) -> str:
    """What a block prints, where these processes are."""
    ports = {8600: settings.board_port, 8700: settings.intake_port, 6066: settings.worker_port}
    return printed(code, {f"localhost:{usual}": f"127.0.0.1:{here}" for usual, here in ports.items()})


def committed(settings: Settings) -> float:
    """How many events the worker has committed."""
    text = get(f"http://127.0.0.1:{settings.worker_port}/metrics")
    return sum(
        float(line.split(" ")[1]) for line in text.splitlines() if line.startswith("crm_events_total{")
    )


def get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return str(reply.read().decode())
    except OSError:
        return ""


def wait_until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


# -- A KPI of one's own -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kpi", "measure", "events"])
def test_what_the_readme_adds_is_not_in_the_catalog_yet(name: str) -> None:
    shipped, added = read_plan(*Settings().catalog_text()).catalog, YAML().load(block(README, name))
    assert not shipped.kpis.keys() & added["kpis"].keys()
    for kind, subject in added.get("subjects", {}).items():
        assert (
            kind not in shipped.subjects
            or not shipped.subjects[kind].measures.keys() & subject["measures"].keys()
        )


def test_a_kpi_of_ones_own_leaves_what_is_summed_alone(tmp_path: Path) -> None:
    shipped = read_plan(*Settings().catalog_text())
    own = read_plan(own_catalog(tmp_path, "kpi").read_text(), "my-catalog.yaml")
    assert own.fingerprint == shipped.fingerprint
    with_measure = read_plan(own_catalog(tmp_path, "kpi", "measure").read_text(), "my-catalog.yaml")
    assert with_measure.fingerprint != shipped.fingerprint


def test_the_readmes_kpis_are_read_from_a_file(tmp_path: Path) -> None:
    catalog = own_catalog(tmp_path, "kpi", "measure")
    events = tmp_path / "events.ndjson"
    start_ms = 1_760_000_000_000
    history = simulate(Traffic(seed=3, events_per_day=60), start_ms, start_ms + 40 * DAY_MS)
    events.write_bytes(b"".join(encode(event) + b"\n" for _, event in history))

    readings = replay(events, catalog)
    per_deal, answered = readings["revenue_per_deal"], readings["assigned_answered"]
    assert per_deal["value"] == per_deal["numerator"] / (per_deal["denominator"] * 100)
    assert per_deal["labels"] == {"currency": "USD"}
    assert per_deal["target"] == 5000
    assert 0 < answered["lower"] < answered["value"] < answered["upper"] < 1


def test_the_readmes_own_event_type_is_counted(tmp_path: Path) -> None:
    events = tmp_path / "demos.ndjson"
    data = [{"demo_id": f"demo-{number}", "kind": "remote", "guests": number} for number in range(3)]
    held = [event("crm.x.demo.held", "10:00", {**one, "team": "north"}) for one in data]
    events.write_text("".join(json.dumps(one) + "\n" for one in held))
    assert replay(events, own_catalog(tmp_path, "events"))["demos"]["value"] == 3


def replay(events: Path, catalog: Path) -> dict[str, Any]:
    """KPI -> its reading of the whole over 30 days."""
    command = [sys.executable, "-m", "streams.cli", "replay", str(events), "--catalog", str(catalog)]
    options = ["--json", "--window", "30d", "--dimension", "all"]
    done = subprocess.run([*command, *options], cwd=events.parent, check=True, capture_output=True)
    return {reading["kpi"]: reading for reading in json.loads(done.stdout)["readings"]}
