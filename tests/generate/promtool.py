"""Prometheus' own checker of PromQL, rules, and their cases."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from ruamel.yaml import YAML

from tests.servers import unavailable


def promtool(*arguments: str | Path) -> str:
    """What promtool says against what it is given; empty when all is well."""
    program = shutil.which("promtool") or unavailable("no promtool: apt install prometheus")
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def check_rules(exprs: Iterable[str], directory: Path) -> str:
    """What promtool says of a file that records these expressions; empty when all are PromQL."""
    recorded = [{"record": f"asked:{at}", "expr": expr} for at, expr in enumerate(sorted(set(exprs)))]
    file = directory / "rules.yaml"
    YAML().dump({"groups": [{"name": "all", "rules": recorded}]}, file)
    return promtool("check", "rules", file)


def check_values(series: Mapping[str, str], directory: Path) -> str:
    """What promtool says of expressions that give one series, with the value 1; empty when all do."""
    tests = [
        {"expr": expr, "eval_time": "0s", "exp_samples": [{"labels": labels, "value": 1}]}
        for expr, labels in series.items()
    ]
    file = directory / "tests.yaml"
    YAML().dump({"rule_files": [], "tests": [{"interval": "1m", "promql_expr_test": tests}]}, file)
    return promtool("test", "rules", file)


def run_cases(root: Path, *names: str) -> str:
    """What promtool says of cases below a directory, all or those of these names, run on its rules."""
    files = sorted(root.glob("grafana/prometheus/tests/*.yaml"))
    return promtool("test", "rules", *(file for file in files if not names or file.stem in names))
