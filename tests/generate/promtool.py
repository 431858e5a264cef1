"""Prometheus' own checker of PromQL."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from ruamel.yaml import YAML

from tests.servers import unavailable


def check_rules(exprs: Iterable[str], directory: Path) -> str:
    """What promtool says of a file that records these expressions; empty when all are PromQL."""
    recorded = [{"record": f"asked:{at}", "expr": expr} for at, expr in enumerate(sorted(set(exprs)))]
    file = directory / "rules.yaml"
    YAML().dump({"groups": [{"name": "all", "rules": recorded}]}, file)
    return _said("check", "rules", str(file))


def check_values(series: Mapping[str, str], directory: Path) -> str:
    """What promtool says of expressions that give one series, with the value 1; empty when all do."""
    tests = [
        {"expr": expr, "eval_time": "0s", "exp_samples": [{"labels": labels, "value": 1}]}
        for expr, labels in series.items()
    ]
    file = directory / "tests.yaml"
    YAML().dump({"rule_files": [], "tests": [{"interval": "1m", "promql_expr_test": tests}]}, file)
    return _said("test", "rules", str(file))


def _said(*arguments: str) -> str:
    promtool = shutil.which("promtool") or unavailable("no promtool: apt install prometheus")
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr
