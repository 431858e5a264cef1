"""The shipped configuration of Prometheus and Alertmanager, for processes of this machine.

Only where things are is changed, how often is looked, and by what factor time runs faster.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from schemas.words import span_ms
from tests.servers import ROOT

PROMETHEUS: Final = ROOT / "grafana" / "prometheus"
ALERTMANAGER: Final = ROOT / "grafana" / "alertmanager" / "alertmanager.yml"
SOON: Final = "1s"
RANGES: Final = re.compile(r"(?<=\[)\d+[smhd](?=[\]:])|(?<=offset )\d+[smhd]|(?<=\d[smhd]:)\d+[smhd](?=\])")
LEAST_MS: Final = 4_000
"""A range needs two scrapes in it."""


def read(path: Path) -> Any:
    with path.open() as file:
        return YAML(typ="safe").load(file)


def prometheus_config(rules: Path, ports: Mapping[str, int], every: str) -> Any:
    """The shipped one with the rules of a directory; `ports` is of the hosts that it names."""
    config = read(PROMETHEUS / "prometheus.yml")
    config["global"] |= dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), every)
    config["rule_files"] = [str(rules / Path(pattern).name) for pattern in config["rule_files"]]
    for manager in config["alerting"]["alertmanagers"]:
        _move(manager, ports)
    for job in config["scrape_configs"]:
        job.pop("scrape_interval", None)
        job.pop("authorization", None)
        _move(job, ports)
    return config


def _move(found: dict[str, Any], ports: Mapping[str, int]) -> None:
    """Let static and DNS targets point to where these hosts are here."""
    names = [name for target in found.get("static_configs", []) for name in target["targets"]]
    names += [name for target in found.pop("dns_sd_configs", []) for name in target["names"]]
    targets = [f"127.0.0.1:{ports[name.partition(':')[0]]}" for name in names]
    found["static_configs"] = [{"targets": targets}]


def alertmanager_config(webhook: str) -> Any:
    """The shipped one, telling all receivers by this webhook, and soon."""
    config = read(ALERTMANAGER)
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": webhook}]
    _tell_soon(config["route"])
    return config


def _tell_soon(route: dict[str, Any]) -> None:
    waits = ("group_wait", "group_interval")
    route |= {name: SOON for name in waits if name in route}
    for one in route.get("routes", []):
        _tell_soon(one)


def write_rules(directory: Path, factors: Mapping[str, float], every: str, clock: str | None = None) -> Path:
    """Copies of the shipped rules, evaluated so often; `factors`: of a file, how much faster time runs in it.

    `clock`: an expression for what time it is, where that is not the wall clock's.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for file in sorted((PROMETHEUS / "rules").glob("*.yaml")):
        rules = read(file)
        for group in rules["groups"]:
            group["interval"] = every
            for rule in group["rules"]:
                _hasten(rule, factors.get(file.stem, 1))
                if clock is not None:
                    rule["expr"] = rule["expr"].replace("time()", clock)
        _write(directory / file.name, rules)
    return directory


def _hasten(rule: dict[str, Any], factor: float) -> None:
    for name in ("for", "keep_firing_for"):
        if name in rule:
            rule[name] = f"{round(span_ms(rule[name]) / factor)}ms"
    rule["expr"] = RANGES.sub(lambda found: _hastened(found[0], factor), rule["expr"])


def _hastened(span: str, factor: float) -> str:
    return span if factor == 1 else f"{max(LEAST_MS, round(span_ms(span) / factor))}ms"


def catalog_of_wholes(directory: Path) -> Path:
    """The shipped catalog without slices but those that alerts judge: a board that is quick."""
    catalog = read(ROOT / "schemas" / "catalog.yaml")
    for kpi in catalog["kpis"].values():
        judged = {name for alert in kpi.get("alerts", ()) for name in alert.get("dimensions", ())}
        kpi["dimensions"] = [name for name in kpi.get("dimensions", ()) if name in judged]
    return _write(directory / "catalog.yaml", catalog)


def _write(path: Path, content: Any) -> Path:
    with path.open("w") as file:
        YAML(typ="safe").dump(content, file)
    return path
