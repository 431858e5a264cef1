"""Alertmanager's configuration: whom it tells, and what it holds back, as it says itself."""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from ruamel.yaml import YAML

from streams.engine.plan import Plan
from streams.generate.alertmanager import PATH, receivers, texts
from tests.builders import CATALOG, plan_of, shipped
from tests.servers import ROOT, Server, unavailable

FILE = ROOT / PATH


def with_webhook() -> Plan:
    text = CATALOG.read_text()
    board = 'links: {board: "http://localhost:8600"}'
    assert board in text
    return plan_of(text.replace(board, 'links: {webhook: "http://127.0.0.1:9095/alerts?to=us"}'))


def amtool(*arguments: str | Path) -> str:
    """What amtool says; AssertionError when it refuses."""
    program = shutil.which("amtool") or unavailable("no amtool: apt install prometheus-alertmanager")
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def told(**labels: str) -> str:
    """The receiver of an alert."""
    asked = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={FILE}", *asked)


@pytest.mark.parametrize("plan", [shipped(), with_webhook()], ids=["shipped", "webhook"])
def test_alertmanager_accepts_it(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(texts(plan)[PATH])
    said = amtool("check-config", file)
    assert f"{len(receivers(plan))} receivers" in said and "2 inhibit rules" in said


def test_owners_are_warned_and_paged_apart() -> None:
    for owner in {kpi.owner for kpi in shipped().catalog.kpis.values()}:
        assert told(owner=owner, severity="warning", alertname="CrmChurn") == owner
        assert told(owner=owner, severity="critical", alertname="CrmChurn") == f"{owner} page"


def test_what_has_no_owner_that_is_known_reaches_those_of_the_pipeline() -> None:
    assert told(alertname="SomethingElse") == told(owner="nobody") == shipped().catalog.pipeline.owner


def test_a_webhook_is_told_of_everything_and_of_its_end() -> None:
    document = YAML(typ="safe").load(texts(with_webhook())[PATH])
    for receiver in document["receivers"]:
        [webhook] = receiver["webhook_configs"]
        assert webhook == {"url": "http://127.0.0.1:9095/alerts?to=us", "send_resolved": True}
    shipped_ones = YAML(typ="safe").load(FILE.read_text())["receivers"]
    assert all(set(receiver) == {"name"} for receiver in shipped_ones), "nobody is told without being asked"


# -- What is held back ------------------------------------------------------------------------------------


class Alertmanager(Server):
    """A real Alertmanager with the shipped configuration."""

    name = "Alertmanager"

    def _command(self) -> list[str]:
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        return [
            program or unavailable("no Alertmanager: apt install prometheus-alertmanager"),
            f"--config.file={FILE}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]

    def _answers(self) -> bool:
        try:
            return bool(urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=1).status == 200)
        except OSError:
            return False

    def held_back(self, *alerts: Mapping[str, str]) -> list[bool]:
        """Tell it of alerts that fire; of each whether it is held back.

        It takes them in their order and in its own time: what is known to be held back comes last.
        """
        last = kpi("Last", severity="warning")
        told = [*alerts, kpi("Last"), last]
        body = json.dumps([{"labels": dict(labels)} for labels in told]).encode()
        urlopen(Request(self.url, body, {"Content-Type": "application/json"}), timeout=5).close()
        deadline = time.monotonic() + 10
        while not (found := self._held_back())[frozenset(last.items())]:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return [found[frozenset(labels.items())] for labels in alerts]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v2/alerts"

    def _held_back(self) -> dict[frozenset[tuple[str, str]], bool]:
        with urlopen(self.url, timeout=5) as answer:
            known = json.load(answer)
        return {frozenset(one["labels"].items()): bool(one["status"]["inhibitedBy"]) for one in known}


def kpi(name: str = "CrmChurn", severity: str = "critical", **labels: str) -> dict[str, str]:
    place = {"window": "30d", "dimension": "all", "member": "all"}
    known = {"alertname": name, "severity": severity, "kpi": "churn", "group": "customers"}
    return {**known, **place, **labels}


def pipeline(name: str, severity: str = "critical", **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "group": "pipeline", **labels}


STALE = pipeline("CrmPartitionsStale", stale="true")
HELD = {
    "KPIs while numbers are stale": ([STALE], kpi(), True),
    "guardrails while numbers are stale": (
        [STALE],
        kpi("CrmGuardrailBreach", "warning", guardrail="csat"),
        True,
    ),
    "not KPIs while only work is slow": ([pipeline("CrmCommitsSlow")], kpi(), False),
    "not dead letters, which may be why": ([STALE], kpi("CrmDeadLetterShare", group="pipeline"), False),
    "nor the pipeline's other alerts": ([STALE], pipeline("CrmRedisMemory"), False),
    "a warning beside what is critical": ([kpi()], kpi(severity="warning"), True),
    "not that of another window": ([kpi()], kpi(severity="warning", window="90d"), False),
    "nor that of another member": (
        [kpi(dimension="team", member="a")],
        kpi(severity="warning", dimension="team", member="b"),
        False,
    ),
    "nor that of another partition": (
        [pipeline("CrmLag", partition="1")],
        pipeline("CrmLag", "warning", partition="2"),
        False,
    ),
    "the warning of one worker while no worker has Kafka": (
        [pipeline("CrmKafkaDown", stale="true")],
        pipeline("CrmKafkaDown", "warning", instance="one:6066"),
        True,
    ),
}


@pytest.mark.parametrize("what", HELD)
def test_alertmanager_holds_back(what: str, tmp_path: Path) -> None:
    source, target, held = HELD[what]
    with Alertmanager(tmp_path) as alertmanager:
        assert alertmanager.held_back(*source, target) == [*[False] * len(source), held]
